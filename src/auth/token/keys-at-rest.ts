import { ImproperlyConfigured } from '../../core/errors';
import type { Awaitable } from '../../core/policy';
import type { Settings } from '../../core/settings';
import type { BaseUser } from '../../core/users';
import { hashKey, isHashedKey } from '../../crypto/key-at-rest';
import { generateKey } from './models';
import { authtoken } from './settings';
import type { TokenClass, TokenRecord } from './store';

/** A token, and the key by which its user comes in: the token itself may hold the hash of it. */
export interface IssuedKey<Token extends TokenRecord = TokenRecord> {
  readonly token: Token;
  readonly key: string;
  readonly created: boolean;
}

/**
 * The token with this key, as the settings let keys rest; one that rests in clear, and shouldn't, is changed by the way.
 *
 * @param model another token class than the store's own
 */
export function findToken(settings: Settings, key: string, model?: TokenClass): Awaitable<TokenRecord | null> {
  // Whatever the settings say: rows may be hashed from before, and their texts are not to be believed.
  if (isHashedKey(key)) return null;
  const { store, keysAtRest } = authtoken.of(settings);
  return keysAtRest === 'hashed' ? store.find(key, model, hashKey(key)) : store.find(key, model);
}

/**
 * A key for a user to be shown. Where keys rest in clear it is that of their token, the same one each time. Where they
 * rest hashed, nobody can tell what it was, so a new one takes its place, and clients with the old one must log in again;
 * but for a key that still rests in clear, which is shown this last time.
 *
 * @throws ImproperlyConfigured for a store that can't keep hashed keys
 */
export async function issueKey(settings: Settings, user: BaseUser, model?: TokenClass): Promise<IssuedKey> {
  const { store, keysAtRest } = authtoken.of(settings);
  if (keysAtRest === 'hashed') return issueHashed(settings, user, model);
  const [token, created] = await store.getOrCreate(user, model);
  if (!isHashedKey(token.key)) return { token, key: token.key, created };
  const replacement = await store.replace(user, model);
  return { token: replacement, key: replacement.key, created: true };
}

async function issueHashed(settings: Settings, user: BaseUser, model?: TokenClass): Promise<IssuedKey> {
  const { store } = authtoken.of(settings);
  const key = generateKey(settings.random);
  const stored = hashKey(key);
  const [known, created] = await store.getOrCreate(user, model, stored);
  if (created) return checkStored({ token: known, key, created }, stored);
  if (!isHashedKey(known.key)) {
    const clear = known.key;
    const hashed = hashKey(clear);
    const token = await store.find(clear, model, hashed);
    // Null where somebody has replaced the token meanwhile.
    if (token !== null) return checkStored({ token, key: clear, created: false }, hashed);
  }
  return checkStored({ token: await store.replace(user, model, stored), key, created: true }, stored);
}

function checkStored(issued: IssuedKey, stored: string): IssuedKey {
  if (issued.token.key === stored) return issued;
  throw new ImproperlyConfigured(
    "The store of tokens doesn't keep the keys that it is given, so authtoken({ keysAtRest: 'hashed' }) can't be.",
  );
}
