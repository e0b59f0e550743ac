import { AuthToken, AuthTokenDetails, type AbstractAuthToken } from '../auth/knox/models';
import type { KnoxStore, NewAuthToken, TokenCreation, TokenLimit, TokenUse } from '../auth/knox/store';
import { IN_MEMORY } from '../core/in-memory';

/** Which tokens a `MemoryKnoxStore` keeps. */
export interface MemoryKnoxStoreOptions<T extends AbstractAuthToken> {
  /** The class of the tokens. @default AuthToken */
  readonly model?: new () => T;
}

/** A table of knox's tokens in memory, with their details. They are gone with the process. */
export class MemoryKnoxStore<T extends AbstractAuthToken = AuthToken> implements KnoxStore<T> {
  readonly [IN_MEMORY] = true;
  readonly keepsDetails = true;
  /** By digest. */
  readonly #rows = new Map<string, T>();
  readonly #model: new () => T;

  constructor(options: MemoryKnoxStoreOptions<T> = {}) {
    this.#model = options.model ?? (AuthToken as unknown as new () => T);
  }

  // Nothing is awaited between a look and a change, so no two callers can come between each other.

  find(tokenKeys: readonly string[]): Promise<readonly T[]> {
    return Promise.resolve([...this.#rows.values()].filter((row) => tokenKeys.includes(row.tokenKey)));
  }

  create(token: NewAuthToken<T['user']>, limit: TokenLimit | null): Promise<TokenCreation<T>> {
    const mine = this.#of(token.user);
    const ended = mine.filter((row) => row.hasExpired(token.created));
    this.#remove(ended);
    if (limit !== null && !this.#makeRoom(this.#of(token.user), limit)) {
      return Promise.resolve({ token: null, expired: ended.length });
    }
    return Promise.resolve({ token: this.add(token), expired: ended.length });
  }

  /** Puts in a token that was made elsewhere, such as one whose text a test knows. */
  add({ details, fields, ...columns }: NewAuthToken<T['user']>): T {
    const row = Object.assign(new this.#model(), fields, columns);
    row.details = details === null ? null : this.#details(row, details);
    this.#rows.set(row.digest, row);
    return row;
  }

  renew(token: T, expiry: Date): Promise<void> {
    if (token.expiry !== null && token.expiry < expiry) token.expiry = expiry;
    return Promise.resolve();
  }

  noteUse(token: T, { at, passwordDigest }: TokenUse): Promise<void> {
    const details = (token.details ??= this.#details(token, {}));
    if (at !== null && (details.lastUsedAt === null || details.lastUsedAt < at)) details.lastUsedAt = at;
    details.passwordDigest ??= passwordDigest;
    return Promise.resolve();
  }

  delete(token: T): Promise<boolean> {
    return Promise.resolve(this.#rows.delete(token.digest));
  }

  deleteAll(user: T['user']): Promise<number> {
    return Promise.resolve(this.#remove(this.#of(user)));
  }

  list(user: T['user']): Promise<readonly T[]> {
    return Promise.resolve(this.#of(user));
  }

  flushExpired(now: Date): Promise<number> {
    return Promise.resolve(this.#remove([...this.#rows.values()].filter((row) => row.hasExpired(now))));
  }

  clear(): void {
    this.#rows.clear();
  }

  /** The tokens of a user, oldest first. */
  #of({ pk }: T['user']): T[] {
    const mine = [...this.#rows.values()].filter(({ user }) => user.pk === pk);
    return mine.sort((one, other) => one.created.getTime() - other.created.getTime());
  }

  /** Whether one more token may be kept. */
  #makeRoom(rows: readonly T[], { count, counts, whenFull }: TokenLimit): boolean {
    const counted = rows.filter(({ expiry }) => counts === 'all' || expiry !== null);
    if (counted.length < count) return true;
    if (whenFull === 'deny' || count <= 0) return false;
    this.#remove(counted.slice(0, counted.length - count + 1));
    return true;
  }

  #remove(rows: readonly T[]): number {
    for (const { digest } of rows) this.#rows.delete(digest);
    return rows.length;
  }

  #details({ digest }: T, fields: object): AuthTokenDetails {
    return Object.assign(new AuthTokenDetails(), { digest, tokenTable: 'memory' }, fields);
  }
}
