import type { Settings } from '../../core/settings';
import { checkPassword, makePassword } from '../../crypto/hashers';
import type { AbstractAPIKey } from './models';
import { generateKey, isStrong, splitKey } from './protocol';
import { apiKey } from './settings';
import type { APIKeyClass } from './store';

/** What a key is made with. */
export interface APIKeyOptions {
  /** For people; 50 characters at most. */
  readonly name: string;
  /** When it ends; null: never. @default after `keyLifetime` */
  readonly expiryDate?: Date | null;
  /** A class of your own. @default that of the store */
  readonly model?: APIKeyClass;
  /** Columns of that class. @default {} */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** A row, and the key that is shown once and kept nowhere. */
export type IssuedAPIKey<K extends AbstractAPIKey = AbstractAPIKey> = readonly [apiKey: K, key: string];

const MAX_NAME_LENGTH = 50;

/** There are 10^14 prefixes: a second attempt is rare, and a third means that something else is wrong. */
const ATTEMPTS = 3;

/**
 * Makes a key: the package's `APIKey.objects.create_key`.
 *
 * @throws RangeError for a name that is empty or too long, and for an end that is no date
 * @example const [{ prefix }, key] = await createAPIKey(settings, { name: 'the nightly job' });
 */
export async function createAPIKey(settings: Settings, options: APIKeyOptions): Promise<IssuedAPIKey> {
  const { store, hashers, keyLifetime } = apiKey.of(settings);
  const { name, model, fields = {} } = options;
  if (name === '' || Array.from(name).length > MAX_NAME_LENGTH) {
    throw new RangeError(`The name of an API key has 1 to ${String(MAX_NAME_LENGTH)} characters.`);
  }
  const created = new Date(settings.clock.now());
  const end = keyLifetime === null ? null : new Date(created.getTime() + keyLifetime * 1000);
  const { expiryDate = end } = options;
  if (Number.isNaN(expiryDate?.getTime())) throw new RangeError('The end of an API key is no date.');
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { key, prefix, hashedKey } = await generateKey(hashers, settings.random);
    const id = `${prefix}.${hashedKey}`;
    const row = await store.create({ id, prefix, hashedKey, name, created, expiryDate, fields }, model);
    if (row !== null) return [row, key];
  }
  throw new Error(`${String(ATTEMPTS)} fresh prefixes of API keys were all taken. Is the random source random?`);
}

/**
 * The row of a key that a client sent; null unless it is right, and neither called back nor ended. An unknown prefix costs
 * the time of a wrong key.
 *
 * @param model another class than the store's own
 */
export async function findAPIKey(settings: Settings, key: string, model?: APIKeyClass): Promise<AbstractAPIKey | null> {
  const { store, hashers } = apiKey.of(settings);
  const row = await store.find(splitKey(key)[0], model);
  const usable = row?.revoked === false ? row : null;
  const { ok, mustUpdate } = await checkPassword(key, usable?.hashedKey, hashers);
  if (usable === null || !ok || usable.hasExpired(new Date(settings.clock.now()))) return null;
  if (mustUpdate && isSlow(usable.hashedKey) && isStrong(key)) {
    await store.rehash(usable, await makePassword(key, hashers, settings.random));
  }
  return usable;
}

/** Version 3 of the package writes these: were they replaced, the two would replace each other's hashes for ever. */
function isSlow(hashedKey: string): boolean {
  return !hashedKey.startsWith('sha512$$');
}

/**
 * Calls a key back.
 *
 * @param prefix the part of the key before its dot
 * @returns false where there is no such key, or it was called back already
 */
export function revokeAPIKey(settings: Settings, prefix: string, model?: APIKeyClass): Promise<boolean> {
  return apiKey.of(settings).store.revoke(prefix, model);
}
