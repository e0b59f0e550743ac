import type { AuthenticationBackend } from './backends';
import { chain, type Awaitable } from './policy';
import type { Request } from './request';
import type { PermissionUser } from './user-permissions';
import type { BaseUser, Credentials } from './users';

/**
 * A backend that knows nobody and grants nothing: the base of backends of your own, such as one that knows who may do
 * what with a single object.
 *
 * @example
 * class OwnerBackend extends BaseBackend {
 *   override hasPerm(user: PermissionUser, perm: string, obj?: unknown) {
 *     return perm === 'notes.change_note' && obj instanceof Note && obj.owner.pk === user.pk;
 *   }
 * }
 * userStore(orm, { backends: (users) => [new ModelBackend(users), new OwnerBackend()] });
 */
export class BaseBackend<U extends BaseUser = BaseUser> implements AuthenticationBackend<U> {
  authenticate(_credentials: Credentials, _request?: Request<BaseUser, unknown>): Awaitable<U | null> {
    return null;
  }

  getUser(_pk: unknown): Awaitable<U | null> {
    return null;
  }

  getUserPermissions(_user: PermissionUser, _obj?: unknown): Awaitable<ReadonlySet<string>> {
    return new Set();
  }

  getGroupPermissions(_user: PermissionUser, _obj?: unknown): Awaitable<ReadonlySet<string>> {
    return new Set();
  }

  getAllPermissions(user: PermissionUser, obj?: unknown): Awaitable<ReadonlySet<string>> {
    return chain(this.getUserPermissions(user, obj), (own) =>
      chain(this.getGroupPermissions(user, obj), (group) => new Set([...own, ...group])),
    );
  }

  hasPerm(user: PermissionUser, perm: string, obj?: unknown): Awaitable<boolean> {
    return chain(this.getAllPermissions(user, obj), (all) => all.has(perm));
  }
}
