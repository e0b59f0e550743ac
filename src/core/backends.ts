import { checkPassword, defaultPasswordHashers, levelRefusal, makePassword } from '../crypto/hashers';
import type { PasswordHashers } from '../crypto/hashers';
import { BaseBackend } from './base-backend';
import { ImproperlyConfigured } from './errors';
import { isDjangoPermissionDenied } from './exceptions';
import { chain, type Awaitable } from './policy';
import type { Request } from './request';
import { isSuperuser, type PermissionUser } from './user-permissions';
import type { BaseUser, Credentials } from './users';

/**
 * One way to know a user by credentials, or to know what a user may do: Django's authentication backends. `BaseBackend`
 * has all methods; those that a backend lacks aren't asked.
 */
export interface AuthenticationBackend<U extends BaseUser = BaseUser> {
  /**
   * The name by which a session remembers who let its user in: the dotted path of Django's class, where Django is to
   * read the same sessions. A backend without one can't be that of a session.
   */
  readonly path?: string;
  /**
   * The user with these credentials; null when they are wrong, or of a kind that this backend knows nothing of, so that
   * the next backend is asked.
   * @throws DjangoPermissionDenied when no other backend may be asked
   */
  authenticate(credentials: Credentials, request?: Request<BaseUser, unknown>): Awaitable<U | null>;
  /** The user with this primary key, if they may come in. */
  getUser(pk: unknown): Awaitable<U | null>;
  /**
   * Whether the user has a permission, for `obj` alone where one is given.
   * @throws DjangoPermissionDenied when the user hasn't, whatever the next backends say
   */
  hasPerm?(user: PermissionUser, perm: string, obj?: unknown): Awaitable<boolean>;
  /**
   * Whether the user has any permission of an app.
   * @throws DjangoPermissionDenied when the user hasn't, whatever the next backends say
   */
  hasModulePerms?(user: PermissionUser, appLabel: string): Awaitable<boolean>;
  /** What was granted to the user in person. */
  getUserPermissions?(user: PermissionUser, obj?: unknown): Awaitable<ReadonlySet<string>>;
  /** What was granted to the groups of the user. */
  getGroupPermissions?(user: PermissionUser, obj?: unknown): Awaitable<ReadonlySet<string>>;
  /** Both of these. */
  getAllPermissions?(user: PermissionUser, obj?: unknown): Awaitable<ReadonlySet<string>>;
}

/** Hears of credentials that every backend refused; their secrets are covered. */
export type LoginFailedHook = (credentials: Credentials, request?: Request<BaseUser, unknown>) => Awaitable<void>;

/** Who asks for a user, and who hears of it when there is none. */
export interface AuthenticateOptions {
  /** The request that the credentials came with, for backends that look at it. */
  readonly request?: Request<BaseUser, unknown> | undefined;
  /** Django's signal `user_login_failed`. What it throws reaches the caller. */
  readonly onLoginFailed?: LoginFailedHook | undefined;
}

/**
 * Asks the backends in order; the first user wins.
 * @throws ImproperlyConfigured when there are no backends
 */
export async function authenticate<U extends BaseUser>(
  backends: readonly AuthenticationBackend<U>[],
  credentials: Credentials,
  { request, onLoginFailed }: AuthenticateOptions = {},
): Promise<U | null> {
  if (backends.length === 0) {
    throw new ImproperlyConfigured(
      'No authentication backends have been defined. Leave out the list to have a ModelBackend, or name one there.',
    );
  }
  const user = await firstUser(backends, credentials, request);
  if (user === null) await onLoginFailed?.(cleanCredentials(credentials), request);
  return user;
}

async function firstUser<U extends BaseUser>(
  backends: readonly AuthenticationBackend<U>[],
  credentials: Credentials,
  request: Request<BaseUser, unknown> | undefined,
): Promise<U | null> {
  try {
    for (const backend of backends) {
      const user = await backend.authenticate(credentials, request);
      if (user) {
        rememberBackend(user, backend);
        return user;
      }
    }
  } catch (error) {
    if (!isDjangoPermissionDenied(error)) throw error;
  }
  return null;
}

const BACKEND: unique symbol = Symbol.for('sallyport.backend') as never;

/** Django's `user.backend`, where no column of that name can meet it. */
function rememberBackend(user: BaseUser, { path }: AuthenticationBackend): void {
  // Says false for a user that can't be extended; a log in then asks for the backend.
  Reflect.defineProperty(user, BACKEND, { value: path, configurable: true });
}

/** The path of the backend that let the user in; undefined when none has, or it has no path. */
export function backendOf(user: BaseUser): string | undefined {
  return (user as { [BACKEND]?: string })[BACKEND];
}

const SENSITIVE = /api|token|key|secret|password|signature/i;

/** The credentials with 20 asterisks in the place of each whose name sounds like a secret. */
export function cleanCredentials(credentials: Credentials): Credentials {
  return Object.fromEntries(
    Object.entries(credentials).map(([name, value]) => [name, SENSITIVE.test(name) ? '*'.repeat(20) : value]),
  );
}

/** A user that can be known by a password. */
export interface UserWithPassword extends BaseUser {
  /** The stored hash. */
  readonly password: string;
}

/** Permissions of a user, as `app_label.codename`. */
export interface GrantedPermissions {
  /** Those of the user in person. */
  readonly user: ReadonlySet<string>;
  /** Those of the user's groups. */
  readonly group: ReadonlySet<string>;
}

/** The port of `ModelBackend` to the tables of permissions and groups. Each question may be asked often. */
export interface PermissionTable {
  of(user: BaseUser): Awaitable<GrantedPermissions>;
  /** All that there are, which is what a superuser has. */
  all(): Awaitable<ReadonlySet<string>>;
}

/** The port of `ModelBackend` to the table of users. */
export interface UserTable<U extends UserWithPassword> {
  get(pk: unknown): Promise<U | null>;
  getByNaturalKey(username: string): Promise<U | null>;
  /**
   * Stores a new hash of the same password, in the row and in `user`, in one step and only where the row still holds
   * `previous`: someone may have set another password meanwhile, and the old one must not come back.
   */
  savePassword(user: U, encoded: string, previous: string): Promise<void>;
  /** Without it, nobody but a superuser may do anything. */
  readonly permissions?: PermissionTable | undefined;
}

/** How a `ModelBackend` finds users and compares passwords. */
export interface ModelBackendOptions {
  /** @default Django's list, `defaultPasswordHashers` */
  readonly hashers?: PasswordHashers | undefined;
  /**
   * Another name for `username` among the credentials: the `USERNAME_FIELD` of the user class.
   * @default 'username'
   */
  readonly usernameField?: string | undefined;
}

/**
 * Knows users of a table by name and password, and what was granted to them and their groups. It knows nothing of single
 * objects: where one is given, nobody may do anything with it.
 *
 * Every refusal costs one run of the preferred hasher, whether the name is unknown, the password wrong or unusable, or
 * the user inactive: time must not tell a stranger which names exist.
 */
export class ModelBackend<U extends UserWithPassword> extends BaseBackend<U> {
  readonly path: string = 'django.contrib.auth.backends.ModelBackend';
  protected readonly users: UserTable<U>;
  protected readonly hashers: PasswordHashers;
  protected readonly usernameField: string;

  constructor(users: UserTable<U>, options: ModelBackendOptions = {}) {
    super();
    this.users = users;
    this.hashers = options.hashers ?? defaultPasswordHashers;
    this.usernameField = options.usernameField ?? 'username';
  }

  override async authenticate(credentials: Credentials, _request?: Request<BaseUser, unknown>): Promise<U | null> {
    const username = credentials['username'] ?? credentials[this.usernameField] ?? null;
    const password = credentials['password'] ?? null;
    if (username === null || password === null) return null;

    const user = await this.users.getByNaturalKey(username);
    if (user === null) {
      await makePassword(password, this.hashers);
      return null;
    }
    const stored = user.password;
    const { ok, mustUpdate } = await checkPassword(password, stored, this.hashers);
    if (!ok) return null;
    if (!this.userCanAuthenticate(user)) {
      await levelRefusal(password, stored, this.hashers);
      return null;
    }
    if (mustUpdate) await this.users.savePassword(user, await makePassword(password, this.hashers), stored);
    return user;
  }

  override async getUser(pk: unknown): Promise<U | null> {
    const user = await this.users.get(pk);
    return user !== null && this.userCanAuthenticate(user) ? user : null;
  }

  override getUserPermissions(user: PermissionUser, obj?: unknown): Awaitable<ReadonlySet<string>> {
    return chain(this.#granted(user, obj), (granted) => granted.user);
  }

  override getGroupPermissions(user: PermissionUser, obj?: unknown): Awaitable<ReadonlySet<string>> {
    return chain(this.#granted(user, obj), (granted) => granted.group);
  }

  hasModulePerms(user: PermissionUser, appLabel: string): Awaitable<boolean> {
    return chain(this.getAllPermissions(user), (all) => [...all].some((perm) => perm.startsWith(`${appLabel}.`)));
  }

  #granted(user: PermissionUser, obj: unknown): Awaitable<GrantedPermissions> {
    const { permissions } = this.users;
    const isAboutObject = obj !== undefined && obj !== null;
    if (!user.isAuthenticated || !user.isActive || isAboutObject || permissions === undefined) {
      return { user: new Set(), group: new Set() };
    }
    if (!isSuperuser(user)) return permissions.of(user);
    return chain(permissions.all(), (all) => ({ user: all, group: all }));
  }

  /** Whether someone who knows the password may come in. */
  protected userCanAuthenticate(user: U): boolean {
    return user.isActive;
  }
}

/** The same for inactive users too. Refusing them is then the business of the views. */
export class AllowAllUsersModelBackend<U extends UserWithPassword> extends ModelBackend<U> {
  override readonly path: string = 'django.contrib.auth.backends.AllowAllUsersModelBackend';

  protected override userCanAuthenticate(_user: U): boolean {
    return true;
  }
}

/** The port of `RemoteUserBackend` to the table of users. */
export interface RemoteUserTable<U extends UserWithPassword> extends UserTable<U> {
  /** The user with this name, made if there is none: active, with an empty password, which nothing matches. */
  getOrCreateByNaturalKey(username: string): Promise<readonly [user: U, created: boolean]>;
}

/**
 * Believes the name that the server in front has found out: the credential `remoteUser`. Names that the table doesn't
 * know get a row, unless `createUnknownUser` is overridden with false.
 */
export class RemoteUserBackend<U extends UserWithPassword> extends ModelBackend<U> {
  override readonly path: string = 'django.contrib.auth.backends.RemoteUserBackend';
  /** Whether a name that is not in the table gets a row there. */
  readonly createUnknownUser: boolean = true;
  declare protected readonly users: RemoteUserTable<U>;

  constructor(users: RemoteUserTable<U>, options: ModelBackendOptions = {}) {
    super(users, options);
  }

  override async authenticate(credentials: Credentials, request?: Request<BaseUser, unknown>): Promise<U | null> {
    const remoteUser = credentials['remoteUser'] ?? '';
    if (remoteUser === '') return null;
    const username = this.cleanUsername(remoteUser);
    const [found, created] = this.createUnknownUser
      ? await this.users.getOrCreateByNaturalKey(username)
      : ([await this.users.getByNaturalKey(username), false] as const);
    if (found === null) return null;
    const user = await this.configureUser(found, created, request);
    return this.userCanAuthenticate(user) ? user : null;
  }

  /** The name in the table of a name that came from the server in front: the place to take off a domain. */
  cleanUsername(username: string): string {
    return username;
  }

  /** Runs at each authentication: the place to take over groups or an address from the server in front. */
  configureUser(user: U, _created: boolean, _request?: Request<BaseUser, unknown>): Awaitable<U> {
    return user;
  }
}

/** The same for inactive users too. Refusing them is then the business of the views. */
export class AllowAllUsersRemoteUserBackend<U extends UserWithPassword> extends RemoteUserBackend<U> {
  override readonly path: string = 'django.contrib.auth.backends.AllowAllUsersRemoteUserBackend';

  protected override userCanAuthenticate(_user: U): boolean {
    return true;
  }
}
