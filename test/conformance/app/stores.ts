import {
  authenticate,
  BaseBackend,
  BaseToken,
  ModelBackend,
  prepareUser,
  RemoteUserBackend,
  Token,
  User,
} from 'sallyport';
import type {
  AuthenticationBackend,
  Credentials,
  NewUser,
  PermissionUser,
  RemoteUserTable,
  Request,
  TokenClass,
  TokenRecord,
  TokenStore,
  UserStore,
} from 'sallyport';
import { fastPasswordHashers, MemoryPermissions } from 'sallyport/testing';
import type { Note, ObjectPermissionFixture } from './documents';

/** A second kind of token, in a table of its own. */
export class CustomToken extends BaseToken {}

/** Knows what users may do with single notes. */
class NotePermissions extends BaseBackend<User> {
  readonly #granted: readonly ObjectPermissionFixture[];

  constructor(granted: readonly ObjectPermissionFixture[]) {
    super();
    this.#granted = granted;
  }

  override hasPerm(user: PermissionUser, perm: string, obj?: unknown): boolean {
    const note = obj as Note | undefined;
    return (
      user.isActive &&
      this.#granted.some(
        (row) => row.user === (user as User).username && row.permission === perm && row.note === note?.id,
      )
    );
  }
}

/** A table of users whose rows can be deleted; Django's ids, 1, 2, … in the order of creation. */
export class Users implements UserStore<User>, RemoteUserTable<User> {
  readonly permissions = new MemoryPermissions();
  readonly backends: readonly AuthenticationBackend<User>[];
  readonly #rows = new Map<number, User>();
  #lastId = 0;

  constructor(objectPermissions: readonly ObjectPermissionFixture[] = []) {
    this.backends = [
      new ModelBackend<User>(this, { hashers: fastPasswordHashers }),
      new RemoteUserBackend<User>(this, { hashers: fastPasswordHashers }),
      new NotePermissions(objectPermissions),
    ];
  }

  get(pk: unknown): Promise<User | null> {
    return Promise.resolve(this.#rows.get(Number(pk)) ?? null);
  }

  getByNaturalKey(username: string): Promise<User | null> {
    const found = [...this.#rows.values()].find((user) => user.username === username);
    return Promise.resolve(found ?? null);
  }

  async getOrCreateByNaturalKey(username: string): Promise<readonly [user: User, created: boolean]> {
    const known = await this.getByNaturalKey(username);
    return known === null ? [this.#insert({ username }), true] : [known, false];
  }

  savePassword(user: User, encoded: string): Promise<void> {
    user.password = encoded;
    return Promise.resolve();
  }

  authenticate(credentials: Credentials, request?: Request): Promise<User | null> {
    return authenticate(this.backends, credentials, { request });
  }

  async createUser(fields: NewUser): Promise<User> {
    return this.#insert(await prepareUser(User, fields, fastPasswordHashers));
  }

  all(): User[] {
    return [...this.#rows.values()];
  }

  delete(user: User): void {
    this.#rows.delete(user.id);
  }

  clear(): void {
    this.#rows.clear();
    this.#lastId = 0;
    this.permissions.clear();
  }

  #insert(fields: Partial<User>): User {
    const user = Object.assign(new User(), { id: ++this.#lastId, dateJoined: new Date() }, fields);
    this.#rows.set(user.id, user);
    return user;
  }
}

type AnyToken = TokenRecord<User>;

/** A table for each class of tokens. */
export class Tokens implements TokenStore<AnyToken> {
  readonly #rows: { readonly model: TokenClass; readonly token: AnyToken }[] = [];

  add(key: string, user: User, model: TokenClass = Token): AnyToken {
    const token = Object.assign(new (model as new () => AnyToken)(), { key, user });
    this.#rows.push({ model, token });
    return token;
  }

  find(key: string, model: TokenClass = Token): Promise<AnyToken | null> {
    const row = this.#rows.find((candidate) => candidate.model === model && candidate.token.key === key);
    return Promise.resolve(row?.token ?? null);
  }

  getOrCreate(user: User, model: TokenClass = Token): Promise<readonly [AnyToken, boolean]> {
    const row = this.#rows.find((candidate) => candidate.model === model && candidate.token.user.pk === user.pk);
    if (row !== undefined) return Promise.resolve([row.token, false]);
    return Promise.resolve([this.add(Token.generateKey(), user, model), true]);
  }

  replace(user: User, model: TokenClass = Token): Promise<AnyToken> {
    this.#remove((row) => row.model === model && row.token.user.pk === user.pk);
    return Promise.resolve(this.add(Token.generateKey(), user, model));
  }

  deleteOf(user: User): void {
    this.#remove((row) => row.token.user.pk === user.pk);
  }

  clear(): void {
    this.#remove(() => true);
  }

  #remove(isGone: (row: { readonly model: TokenClass; readonly token: AnyToken }) => boolean): void {
    const kept = this.#rows.filter((row) => !isGone(row));
    this.#rows.splice(0, this.#rows.length, ...kept);
  }
}
