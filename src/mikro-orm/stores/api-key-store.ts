import { APIKey, type AbstractAPIKey } from '../../auth/api-key/models';
import type { APIKeyClass, APIKeyStore, NewAPIKey } from '../../auth/api-key/store';
import { currentManager } from '../orm';
import type { Orm } from '../orm';
import { APIKeyTable } from './api-key-table';

/** Which keys an `apiKeyStore` keeps. */
export interface APIKeyStoreOptions<K extends AbstractAPIKey> {
  /** The class of the keys. @default APIKey */
  readonly entity?: APIKeyClass<K>;
}

/**
 * The tables of API keys, on PostgreSQL: that of its own class, and of each class that a permission or authentication
 * class names as its `model`. A look-up is one statement.
 */
export class MikroOrmAPIKeyStore<K extends AbstractAPIKey = APIKey> implements APIKeyStore<K> {
  readonly #orm: Orm;
  readonly #entity: APIKeyClass<K>;
  readonly #tables = new Map<APIKeyClass, APIKeyTable<K>>();

  /** @throws ImproperlyConfigured when the class isn't mapped */
  constructor(orm: Orm, options: APIKeyStoreOptions<K> = {}) {
    this.#orm = orm;
    this.#entity = options.entity ?? (APIKey as unknown as APIKeyClass<K>);
    this.#table(this.#entity);
  }

  async find(prefix: string, model?: APIKeyClass): Promise<K | null> {
    return this.#table(model).find(currentManager(this.#orm), prefix);
  }

  async create(key: NewAPIKey, model?: APIKeyClass): Promise<K | null> {
    return this.#table(model).insert(this.#orm.em.fork({ keepTransactionContext: true }), key);
  }

  async rehash(key: K, hashedKey: string): Promise<void> {
    return this.#table(key.constructor as APIKeyClass).rehash(currentManager(this.#orm), key, hashedKey);
  }

  async revoke(prefix: string, model?: APIKeyClass): Promise<boolean> {
    return this.#table(model).revoke(currentManager(this.#orm), prefix);
  }

  /** @throws ImproperlyConfigured when the class isn't mapped */
  #table(model: APIKeyClass = this.#entity): APIKeyTable<K> {
    let table = this.#tables.get(model);
    if (table === undefined) {
      table = new APIKeyTable<K>(this.#orm, model as APIKeyClass<K>);
      this.#tables.set(model, table);
    }
    return table;
  }
}

/**
 * The API keys of an app, for the options of that scheme.
 *
 * @throws ImproperlyConfigured when the class isn't mapped
 * @example defineSettings({ users: userStore(orm) }, apiKey({ store: apiKeyStore(orm) }))
 */
export function apiKeyStore<K extends AbstractAPIKey = APIKey>(
  orm: Orm,
  options: APIKeyStoreOptions<K> = {},
): MikroOrmAPIKeyStore<K> {
  return new MikroOrmAPIKeyStore<K>(orm, options);
}
