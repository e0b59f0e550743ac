import { APIKey, type AbstractAPIKey } from '../auth/api-key/models';
import type { APIKeyClass, APIKeyStore, NewAPIKey } from '../auth/api-key/store';
import { IN_MEMORY } from '../core/in-memory';
import { RowsByClass } from './rows-by-class';

/** Which keys a `MemoryAPIKeyStore` keeps. */
export interface MemoryAPIKeyStoreOptions<K extends AbstractAPIKey> {
  /** The class of the keys. @default APIKey */
  readonly model?: APIKeyClass<K>;
}

/** Tables of API keys in memory, one for each class. They are gone with the process. */
export class MemoryAPIKeyStore<K extends AbstractAPIKey = APIKey> implements APIKeyStore<K> {
  readonly [IN_MEMORY] = true;
  readonly #tables = new RowsByClass<APIKeyClass, K>();
  readonly #model: APIKeyClass;

  constructor(options: MemoryAPIKeyStoreOptions<K> = {}) {
    this.#model = options.model ?? APIKey;
  }

  find(prefix: string, model?: APIKeyClass): Promise<K | null> {
    return Promise.resolve(this.#table(model).get(prefix) ?? null);
  }

  // Nothing is awaited between a look and a change, so no two callers can come between each other.

  create({ fields, ...columns }: NewAPIKey, model: APIKeyClass = this.#model): Promise<K | null> {
    const table = this.#table(model);
    if (table.has(columns.prefix)) return Promise.resolve(null);
    const key = Object.assign(new (model as new () => K)(), { revoked: false }, fields, columns);
    table.set(columns.prefix, key);
    return Promise.resolve(key);
  }

  rehash(key: K, hashedKey: string): Promise<void> {
    key.hashedKey = hashedKey;
    return Promise.resolve();
  }

  revoke(prefix: string, model?: APIKeyClass): Promise<boolean> {
    const key = this.#table(model).get(prefix);
    if (key === undefined || key.revoked) return Promise.resolve(false);
    key.revoked = true;
    return Promise.resolve(true);
  }

  clear(): void {
    this.#tables.clear();
  }

  #table(model: APIKeyClass = this.#model): Map<string, K> {
    return this.#tables.of(model);
  }
}
