import { generateKey, Token } from '../../auth/token/models';
import type { TokenClass, TokenRecord, TokenStore } from '../../auth/token/store';
import { systemRandom } from '../../crypto/random';
import type { RandomSource } from '../../crypto/random';
import { currentManager } from '../orm';
import type { Orm } from '../orm';
import { TokenTable } from './token-table';

/** Another attempt is only needed where somebody removes a token between two statements. */
const ATTEMPTS = 10;
/** Users who are looked at together, so that a large table fits into memory. */
const PAGE = 500;

/** Which tokens a `tokenStore` keeps, and how it makes them. */
export interface TokenStoreOptions<T extends TokenRecord> {
  /** The class of the tokens. @default Token */
  readonly entity?: TokenClass<T>;
  /** Makes the keys. @default the system's */
  readonly random?: RandomSource;
}

/**
 * The tables of tokens, on PostgreSQL: that of its own class, and of each class that an authentication class
 * names as its `model`.
 *
 * A look-up is one statement. The token and the user that it gives are entities like any other: managed by the entity
 * manager of the request, so that `em.flush()` saves what a view changes on them, and the user is fit to be the owner
 * of a new row. Tokens that it makes are written at once, past the unit of work and the life-cycle hooks of MikroORM,
 * and belong to no manager. MikroORM's filters are not applied; whom the app refuses is said by `isActive`.
 */
export class MikroOrmTokenStore<T extends TokenRecord = Token> implements TokenStore<T> {
  readonly #orm: Orm;
  readonly #entity: TokenClass<T>;
  readonly #random: RandomSource;
  readonly #tables = new Map<TokenClass, TokenTable<T>>();

  /** @throws ImproperlyConfigured when the class isn't mapped, or can't be one of tokens */
  constructor(orm: Orm, options: TokenStoreOptions<T> = {}) {
    this.#orm = orm;
    this.#entity = options.entity ?? (Token as unknown as TokenClass<T>);
    this.#random = options.random ?? systemRandom;
    this.#table(this.#entity);
  }

  find(key: string, model: TokenClass = this.#entity, hashed?: string): Promise<T | null> {
    return this.#table(model).findByKey(currentManager(this.#orm), key, hashed);
  }

  async getOrCreate(
    user: T['user'],
    model: TokenClass = this.#entity,
    key?: string,
  ): Promise<readonly [token: T, created: boolean]> {
    const em = this.#orm.em.fork({ keepTransactionContext: true });
    const table = this.#table(model);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const known = await table.findByUser(em, user);
      if (known !== null) return [known, false];
      const token = await table.insert(em, this.#make(user, model, key), 'keep');
      if (token !== null) return [token, true];
    }
    throw new Error(`The token of a user was removed ${String(ATTEMPTS)} times while it was asked for.`);
  }

  async replace(user: T['user'], model: TokenClass = this.#entity, key?: string): Promise<T> {
    const em = this.#orm.em.fork({ keepTransactionContext: true });
    const token = await this.#table(model).insert(em, this.#make(user, model, key), 'replace');
    return token!; // a statement that updates what it finds always has a row
  }

  /**
   * Makes a token for each user who has none, as for those who were there before tokens were.
   * @returns how many were made
   */
  async createMissing(model: TokenClass = this.#entity): Promise<number> {
    const table = this.#table(model);
    let made = 0;
    for (;;) {
      const em = this.#orm.em.fork({ keepTransactionContext: true });
      const users = await table.findUsersWithout(em, PAGE);
      if (users.length === 0) return made;
      for (const user of users) {
        const token = await table.insert(em, this.#make(user, model), 'keep');
        if (token !== null) made++;
      }
    }
  }

  /**
   * Changes all keys that rest in clear into their hashes, without waiting for their use, for
   * `authtoken({ keysAtRest: 'hashed' })`.
   * @returns how many these were
   */
  async hashKeys(model: TokenClass = this.#entity): Promise<number> {
    return this.#table(model).hashKeys(currentManager(this.#orm));
  }

  /** How many keys rest in clear. */
  async countClearKeys(model: TokenClass = this.#entity): Promise<number> {
    return this.#table(model).countClearKeys(currentManager(this.#orm));
  }

  #make(user: T['user'], model: TokenClass, key?: string): T {
    const token = new (model as new () => T)();
    token.user = user;
    if (key !== undefined) token.key = key;
    token.key ||= generateKey(this.#random);
    return token;
  }

  #table(model: TokenClass): TokenTable<T> {
    let table = this.#tables.get(model);
    if (table === undefined) {
      table = new TokenTable<T>(this.#orm, model as TokenClass<T>);
      this.#tables.set(model, table);
    }
    return table;
  }
}

/**
 * The tokens of an app, for the options of DRF's token scheme.
 *
 * @throws ImproperlyConfigured when the class isn't mapped, or can't be one of tokens
 * @example defineSettings({ users: userStore(orm) }, authtoken({ store: tokenStore(orm) }))
 */
export function tokenStore<T extends TokenRecord = Token>(
  orm: Orm,
  options: TokenStoreOptions<T> = {},
): MikroOrmTokenStore<T> {
  return new MikroOrmTokenStore<T>(orm, options);
}
