import type { AuthenticationBackend } from './backends';
import { ImproperlyConfigured } from './errors';
import { isDjangoPermissionDenied } from './exceptions';
import type { Awaitable } from './policy';
import type { AnonymousUser, BaseUser, UserStore } from './users';

/** Whom a backend is asked about. */
export type PermissionUser = BaseUser | AnonymousUser;

type Store = Pick<UserStore, 'backends'>;
const STORE: unique symbol = Symbol.for('sallyport.userStore') as never;
type Bound = object & { [STORE]?: Store };

/**
 * @internal Tells a user whose backends know what the user may do. A store tells it to the users that it gives out, and
 * a request to its user, whoever made that.
 */
export function rememberStore(user: unknown, store: Store): void {
  if (typeof user !== 'object' || user === null || !('hasPerm' in user)) return;
  if ((user as Bound)[STORE] === store) return;
  // Says false for a user that can't be extended; asking that one throws.
  Reflect.defineProperty(user, STORE, { value: store, configurable: true });
}

/**
 * Somebody who can be asked what they may do: the base of all users, known ones and the anonymous one (Django's
 * `PermissionsMixin`). The backends of the user store answer. That may take a look-up, so mind the `await`:
 * `if (await request.user.hasPerm('notes.add_note'))`.
 *
 * A permission is written `app_label.codename`. With an object, the question is about that object alone.
 *
 * All methods throw `ImproperlyConfigured` for a user that came neither from a request nor from a store.
 */
export abstract class PermissionHolder {
  abstract readonly isActive: boolean;

  /** Whether any backend says so. Active superusers may do everything; nobody is asked about them. */
  async hasPerm(perm: string, obj?: unknown): Promise<boolean> {
    return mayEverything(this) || anyBackend(this, (backend, user) => backend.hasPerm?.(user, perm, obj));
  }

  /**
   * Whether the user has all of them; true for an empty list.
   * @throws TypeError for a single text, whose letters would be asked for one by one
   */
  async hasPerms(perms: Iterable<string>, obj?: unknown): Promise<boolean> {
    if (typeof perms === 'string') throw new TypeError('perm_list must be an iterable of permissions.');
    for (const perm of perms) {
      if (!(await this.hasPerm(perm, obj))) return false;
    }
    return true;
  }

  /** Whether the user has any permission of an app. */
  async hasModulePerms(appLabel: string): Promise<boolean> {
    return mayEverything(this) || anyBackend(this, (backend, user) => backend.hasModulePerms?.(user, appLabel));
  }

  /** What was granted to the user in person; to a superuser, everything. */
  async getUserPermissions(obj?: unknown): Promise<Set<string>> {
    return uniteBackends(this, (backend, user) => backend.getUserPermissions?.(user, obj));
  }

  /** What was granted to the groups of the user; to a superuser, everything. */
  async getGroupPermissions(obj?: unknown): Promise<Set<string>> {
    return uniteBackends(this, (backend, user) => backend.getGroupPermissions?.(user, obj));
  }

  /** Both of these. */
  async getAllPermissions(obj?: unknown): Promise<Set<string>> {
    return uniteBackends(this, (backend, user) => backend.getAllPermissions?.(user, obj));
  }
}

// Functions, not private methods: an ORM makes users without their constructor, and private members with it.

function mayEverything(holder: PermissionHolder): boolean {
  return holder.isActive && isSuperuser(holder);
}

/** A class of users without that field knows no superusers. */
export function isSuperuser(user: object): boolean {
  return 'isSuperuser' in user && user.isSuperuser === true;
}

/**
 * The two names in the text of a permission.
 * @throws RangeError for a text that is none
 */
export function splitPermission(perm: string): readonly [appLabel: string, codename: string] {
  const [appLabel, codename, ...more] = perm.split('.');
  if (codename !== undefined && more.length === 0) return [appLabel!, codename];
  throw new RangeError('Permission name should be in the form app_label.permission_codename.');
}

type Question<T> = (backend: AuthenticationBackend, user: PermissionUser) => Awaitable<T> | undefined;

async function anyBackend(holder: PermissionHolder, ask: Question<boolean>): Promise<boolean> {
  try {
    for (const backend of backendsOf(holder)) {
      if ((await ask(backend, holder as PermissionUser & PermissionHolder)) === true) return true;
    }
  } catch (error) {
    if (!isDjangoPermissionDenied(error)) throw error;
  }
  return false;
}

async function uniteBackends(holder: PermissionHolder, ask: Question<ReadonlySet<string>>): Promise<Set<string>> {
  const all = new Set<string>();
  for (const backend of backendsOf(holder)) {
    for (const perm of (await ask(backend, holder as PermissionUser & PermissionHolder)) ?? []) all.add(perm);
  }
  return all;
}

function backendsOf(holder: PermissionHolder): readonly AuthenticationBackend[] {
  const store = (holder as Bound)[STORE];
  if (store !== undefined) return store.backends ?? [];
  throw new ImproperlyConfigured(
    `Nobody knows what this ${holder.constructor.name} may do. Take the user from \`request.user\`, with the user ` +
      'table in the settings (defineSettings({ users: userStore(orm) })), or from that store.',
  );
}
