import { BasePermission, SAFE_METHODS, type APIView, type Request, type User } from 'sallyport';
import type { Note } from './note';

/** Whoever only looks. */
export class IsReadOnly extends BasePermission {
  override hasPermission(request: Request): boolean {
    return SAFE_METHODS.has(request.method);
  }
}

/** The owner of the note in question. */
export class IsOwner extends BasePermission {
  override hasObjectPermission(request: Request, _view: APIView, note: Note): boolean {
    return note.owner.pk === request.user?.pk;
  }
}

/** The account that visitors share. */
export class IsGuest extends BasePermission {
  override hasPermission(request: Request<User>): boolean {
    return request.user?.isAuthenticated === true && request.user.username === 'guest';
  }
}
