import { generateKey, Token } from '../auth/token/models';
import type { TokenClass, TokenRecord, TokenStore } from '../auth/token/store';
import { authenticate, ModelBackend } from '../core/backends';
import type { AuthenticationBackend, LoginFailedHook, RemoteUserTable } from '../core/backends';
import { systemClock } from '../core/clock';
import type { Clock } from '../core/clock';
import { IN_MEMORY } from '../core/in-memory';
import type { Request } from '../core/request';
import { isSuperuser, rememberStore, splitPermission } from '../core/user-permissions';
import { prepareSuperuser, prepareUser, User, userMessages } from '../core/users';
import type { AbstractBaseUser, BaseUser, Credentials, NewUser, UserClass, UserStore } from '../core/users';
import { PBKDF2PasswordHasher } from '../crypto/hashers';
import type { PasswordHashers, RawPassword } from '../crypto/hashers';
import { systemRandom } from '../crypto/random';
import type { RandomSource } from '../crypto/random';
import { MemoryPermissions } from './memory-permissions';
import { RowsByClass } from './rows-by-class';

/** Django's format with a single round, for test suites that log in a lot. It protects nothing. */
export const fastPasswordHashers: PasswordHashers = Object.freeze([new PBKDF2PasswordHasher({ iterations: 1 })]);

/** Which users a `MemoryUserStore` keeps, and how it checks their passwords. */
export interface MemoryUserStoreOptions<U extends AbstractBaseUser> {
  /** The class of the users. @default User */
  readonly model?: UserClass<U>;
  /** `fastPasswordHashers` spares a test suite the work. @default Django's list */
  readonly hashers?: PasswordHashers;
  /** How credentials are checked. @default a `ModelBackend` over this store */
  readonly backends?: (store: MemoryUserStore<U>) => readonly AuthenticationBackend<U>[];
  /** Django's signal `user_login_failed`. */
  readonly onLoginFailed?: LoginFailedHook;
  /** Dates the rows. @default the system's */
  readonly clock?: Clock;
}

/** What `createUser` of a memory store takes: any field of the class, the primary key too. */
export type NewMemoryUser<U extends AbstractBaseUser> = NewUser & Partial<Omit<U, keyof NewUser>>;

/**
 * A table of users in memory. It gives out the rows themselves and not copies: what a test sets on a user is seen by
 * whoever looks that user up.
 */
export class MemoryUserStore<U extends AbstractBaseUser = User> implements UserStore<U>, RemoteUserTable<U> {
  readonly [IN_MEMORY] = true;
  /** What the users and their groups may do. */
  readonly permissions = new MemoryPermissions();
  readonly #rows = new Map<string, U>();
  #lastId = 0;
  readonly #model: UserClass<U>;
  readonly #hashers: PasswordHashers | undefined;
  readonly #backends: readonly AuthenticationBackend<U>[];
  readonly #onLoginFailed: LoginFailedHook | undefined;
  readonly #clock: Clock;

  constructor(options: MemoryUserStoreOptions<U> = {}) {
    this.#model = options.model ?? (User as unknown as UserClass<U>);
    this.#hashers = options.hashers;
    this.#backends = options.backends?.(this) ?? [
      new ModelBackend<U>(this, { hashers: options.hashers, usernameField: this.#model.USERNAME_FIELD }),
    ];
    this.#onLoginFailed = options.onLoginFailed;
    this.#clock = options.clock ?? systemClock;
  }

  /** @throws RangeError when the name is empty, or name or primary key are taken */
  async createUser(fields: NewMemoryUser<U>): Promise<U> {
    return this.#insert(await prepareUser(this.#model, fields, this.#hashers));
  }

  /** @throws RangeError as `createUser`, and when a field says that this is no superuser */
  async createSuperuser(fields: NewMemoryUser<U>): Promise<U> {
    return this.#insert(await prepareSuperuser(this.#model, fields, this.#hashers));
  }

  get(pk: unknown): Promise<U | null> {
    return Promise.resolve(this.#rows.get(String(pk)) ?? null);
  }

  getByNaturalKey(username: string): Promise<U | null> {
    return Promise.resolve(this.#find(username));
  }

  findBy(field: string, value: string): Promise<U | null> {
    const holds = (stored: unknown): boolean => (stored ?? null) !== null && String(stored) === value;
    const found = [...this.#rows.values()].filter((user) => holds(Reflect.get(user, field)));
    return Promise.resolve(found.length === 1 ? found[0]! : null);
  }

  getOrCreateByNaturalKey(username: string): Promise<readonly [user: U, created: boolean]> {
    const known = this.#find(username);
    if (known !== null) return Promise.resolve([known, false]);
    return Promise.resolve([this.#insert({ [this.#model.USERNAME_FIELD]: username, password: '' }), true]);
  }

  savePassword(user: U, encoded: string, previous: string): Promise<void> {
    if (user.password === previous) user.password = encoded;
    return Promise.resolve();
  }

  /** Stores another password; null makes it unusable. */
  async setPassword(user: U, raw: RawPassword | null): Promise<void> {
    await user.setPassword(raw, this.#hashers);
  }

  updateLastLogin(user: U, at: Date): void {
    user.lastLogin = at;
  }

  /**
   * Removes a user, and what the user may do. Its primary key is given to no other.
   * @returns whether there was such a user
   */
  delete(user: U): boolean {
    this.permissions.setOfUser(user, []);
    this.permissions.setGroups(user, []);
    return this.#rows.delete(String(user.pk));
  }

  /** Removes all users, groups and permissions: the store is as new. */
  clear(): void {
    this.#rows.clear();
    this.permissions.clear();
    this.#lastId = 0;
  }

  get backends(): readonly AuthenticationBackend<U>[] {
    return this.#backends;
  }

  authenticate(credentials: Credentials, request?: Request<BaseUser, unknown>): Promise<U | null> {
    return authenticate(this.#backends, credentials, { request, onLoginFailed: this.#onLoginFailed });
  }

  /**
   * The users who have a permission: Django's `with_perm`.
   *
   * @param perm as `app_label.codename`
   * @throws RangeError for another text
   */
  async withPerm(
    perm: string,
    { isActive = true, includeSuperusers = true }: { isActive?: boolean | null; includeSuperusers?: boolean } = {},
  ): Promise<U[]> {
    splitPermission(perm);
    const isGranted = (user: U): boolean => {
      const { user: own, group } = this.permissions.of(user);
      return own.has(perm) || group.has(perm) || (includeSuperusers && isSuperuser(user));
    };
    const users = [...this.#rows.values()].filter((user) => isActive === null || user.isActive === isActive);
    return users.filter(isGranted);
  }

  #find(username: string): U | null {
    for (const user of this.#rows.values()) if (user.getUsername() === username) return user;
    return null;
  }

  #insert(fields: object): U {
    let id = this.#lastId + 1;
    while (this.#rows.has(String(id))) id++;
    const user = Object.assign(new this.#model(), { id, dateJoined: new Date(this.#clock.now()) }, fields);
    const pk = String(user.pk);
    if (this.#find(user.getUsername()) !== null) throw new RangeError(userMessages.usernameTaken);
    if (this.#rows.has(pk)) throw new RangeError('A user with that primary key already exists.');
    this.#rows.set(pk, user);
    this.#lastId = id;
    rememberStore(user, this);
    return user;
  }
}

/** Which tokens a `MemoryTokenStore` keeps, and how it makes them. */
export interface MemoryTokenStoreOptions<T extends TokenRecord> {
  /** The class of the tokens. @default Token */
  readonly model?: TokenClass<T>;
  /** Dates the rows. @default the system's */
  readonly clock?: Clock;
  /** Makes the keys. @default the system's */
  readonly random?: RandomSource;
}

/** Tables of tokens in memory, one for each class; a user has one token in each. */
export class MemoryTokenStore<T extends TokenRecord = Token> implements TokenStore<T> {
  readonly [IN_MEMORY] = true;
  readonly #tables = new RowsByClass<TokenClass, T>();
  readonly #model: TokenClass;
  readonly #clock: Clock;
  readonly #random: RandomSource;

  constructor(options: MemoryTokenStoreOptions<T> = {}) {
    this.#model = options.model ?? Token;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
  }

  // Nothing is awaited between the look and the change, so no two callers can come between each other.

  find(key: string, model?: TokenClass, hashed?: string): Promise<T | null> {
    const table = this.#table(model);
    const token = table.get(key);
    if (hashed === undefined) return Promise.resolve(token ?? null);
    if (token === undefined) return Promise.resolve(table.get(hashed) ?? null);
    table.delete(key);
    token.key = hashed;
    table.set(hashed, token);
    return Promise.resolve(token);
  }

  getOrCreate(user: T['user'], model?: TokenClass, key?: string): Promise<readonly [token: T, created: boolean]> {
    const known = this.#of(user, model);
    return Promise.resolve(known === null ? [this.#insert(user, { model, key }), true] : [known, false]);
  }

  replace(user: T['user'], model?: TokenClass, key?: string): Promise<T> {
    const old = this.#of(user, model);
    if (old !== null) this.#table(model).delete(old.key);
    return Promise.resolve(this.#insert(user, { model, key }));
  }

  /**
   * Puts in a token that was made elsewhere, such as one with a key that a test knows.
   * @throws RangeError when the key is taken, or the user has a token
   */
  add(token: T, model?: TokenClass): T {
    const table = this.#table(model);
    if (table.has(token.key)) throw new RangeError('A token with that key already exists.');
    if (this.#of(token.user, model) !== null) throw new RangeError('That user already has a token.');
    table.set(token.key, token);
    return token;
  }

  /** @returns whether there was such a token */
  delete(token: T, model?: TokenClass): boolean {
    return this.#table(model).delete(token.key);
  }

  /** Removes the tokens of all classes. */
  clear(): void {
    this.#tables.clear();
  }

  #table(model: TokenClass = this.#model): Map<string, T> {
    return this.#tables.of(model);
  }

  #of(user: BaseUser, model?: TokenClass): T | null {
    for (const token of this.#table(model).values()) if (token.user.pk === user.pk) return token;
    return null;
  }

  #insert(
    user: T['user'],
    { model = this.#model, key }: { model: TokenClass | undefined; key: string | undefined },
  ): T {
    const token = new (model as new () => T)();
    token.user = user;
    if (key !== undefined) token.key = key;
    token.key ||= generateKey(this.#random);
    if (token instanceof Token) token.created = new Date(this.#clock.now());
    return this.add(token, model);
  }
}
