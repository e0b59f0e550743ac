import type { AbstractAPIKey } from './models';

/** The class of a key; by it a store finds the table. */
export type APIKeyClass<K extends AbstractAPIKey = AbstractAPIKey> = abstract new () => K;

/** A key that is to be kept. */
export interface NewAPIKey {
  readonly id: string;
  readonly prefix: string;
  readonly hashedKey: string;
  readonly name: string;
  readonly created: Date;
  readonly expiryDate: Date | null;
  /** Columns of a key class of the app. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The port to the tables of API keys. A prefix is that of one key at most. */
export interface APIKeyStore<K extends AbstractAPIKey = AbstractAPIKey> {
  /**
   * The key with this prefix and, where the class has one, its user, by one indexed query; called back or not.
   * @param model another class than the store's own
   */
  find(prefix: string, model?: APIKeyClass): Promise<K | null>;
  /** Keeps a key; null where its prefix is taken. */
  create(key: NewAPIKey, model?: APIKeyClass): Promise<K | null>;
  /** Keeps another hash of the same key, unless somebody else was faster. */
  rehash(key: K, hashedKey: string): Promise<void>;
  /** Calls a key back; false where there is none, or it was called back already. */
  revoke(prefix: string, model?: APIKeyClass): Promise<boolean>;
}
