import { AllowAny, apiView, permissionClasses, Response, reverse, type Request } from 'sallyport';
import { NotebookView } from '../api';

/** A function view as decorators write it: a static method, since TypeScript decorates no plain functions. */
export class Pages {
  /** Tells anybody where everything is. */
  @apiView(['GET'], { extends: NotebookView })
  @permissionClasses([AllowAny])
  static home(request: Request): Response {
    const url = (name: string): string => reverse(name, { request });
    return new Response({ login: url('login'), me: url('me'), notes: url('notes'), users: url('users') });
  }
}
