import { AuthToken, type AbstractAuthToken } from '../../auth/knox/models';
import type { KnoxStore, NewAuthToken, TokenCreation, TokenLimit, TokenUse } from '../../auth/knox/store';
import { currentManager } from '../orm';
import type { Orm } from '../orm';
import type { AnyClass } from './entity-class';
import { KnoxTable } from './knox-table';

/** Which tokens a `knoxStore` keeps. */
export interface KnoxStoreOptions<T extends AbstractAuthToken> {
  /** The class of the tokens. @default AuthToken */
  readonly entity?: AnyClass<T>;
}

/**
 * The table of knox's tokens, on PostgreSQL, and that of their details where `AuthTokenDetailsSchema` is among the
 * entities. A look-up is one statement; the token and the user that it gives are entities like any other.
 */
export class MikroOrmKnoxStore<T extends AbstractAuthToken = AuthToken> implements KnoxStore<T> {
  readonly keepsDetails: boolean;
  readonly #orm: Orm;
  readonly #table: KnoxTable<T>;

  /** @throws ImproperlyConfigured when the class isn't mapped, or can't be one of tokens */
  constructor(orm: Orm, options: KnoxStoreOptions<T> = {}) {
    this.#orm = orm;
    this.#table = new KnoxTable<T>(orm, options.entity ?? (AuthToken as unknown as AnyClass<T>));
    this.keepsDetails = this.#table.keepsDetails;
  }

  find(tokenKeys: readonly string[]): Promise<readonly T[]> {
    return this.#table.findByKeys(currentManager(this.#orm), tokenKeys);
  }

  create(token: NewAuthToken<T['user']>, limit: TokenLimit | null): Promise<TokenCreation<T>> {
    const em = this.#orm.em.fork({ keepTransactionContext: true });
    return em.transactional(async (inner) => {
      // Each statement after the lock sees what those have written who held it before.
      if (limit !== null) await this.#table.lockUser(inner, token.user);
      const expired = await this.#table.deleteExpired(inner, token.created, token.user);
      if (limit !== null && !(await this.#makeRoom(inner, token.user, limit))) return { token: null, expired };
      return { token: await this.#table.insert(inner, token), expired };
    });
  }

  /** Whether one more token may be kept. */
  async #makeRoom(em: Orm['em'], user: T['user'], { count, counts, whenFull }: TokenLimit): Promise<boolean> {
    const all = await this.#table.findByUser(em, user);
    const counted = all.filter(({ expiry }) => counts === 'all' || expiry !== null);
    if (counted.length < count) return true;
    if (whenFull === 'deny' || count <= 0) return false;
    for (const { digest } of counted.slice(0, counted.length - count + 1)) await this.#table.deleteOne(em, digest);
    return true;
  }

  renew(token: T, expiry: Date): Promise<void> {
    return this.#table.renew(currentManager(this.#orm), token, expiry);
  }

  noteUse(token: T, use: TokenUse): Promise<void> {
    return this.#table.noteUse(currentManager(this.#orm), token, use);
  }

  async delete({ digest }: T): Promise<boolean> {
    return (await this.#table.deleteOne(currentManager(this.#orm), digest)) === 1;
  }

  deleteAll(user: T['user']): Promise<number> {
    return this.#table.deleteOfUser(currentManager(this.#orm), user);
  }

  list(user: T['user']): Promise<readonly T[]> {
    return this.#table.findByUser(currentManager(this.#orm), user);
  }

  async flushExpired(now: Date): Promise<number> {
    const em = currentManager(this.#orm);
    const ended = await this.#table.deleteExpired(em, now);
    await this.#table.deleteStrayDetails(em);
    return ended;
  }
}

/**
 * Knox's tokens of an app, for the options of that scheme.
 *
 * @throws ImproperlyConfigured when the class isn't mapped, or can't be one of tokens
 * @example defineSettings({ users: userStore(orm) }, knox({ store: knoxStore(orm) }))
 */
export function knoxStore<T extends AbstractAuthToken = AuthToken>(
  orm: Orm,
  options: KnoxStoreOptions<T> = {},
): MikroOrmKnoxStore<T> {
  return new MikroOrmKnoxStore<T>(orm, options);
}
