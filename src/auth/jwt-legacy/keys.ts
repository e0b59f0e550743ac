import type { KeyObject } from 'node:crypto';
import { ImproperlyConfigured } from '../../core/exceptions';
import { chain, type Awaitable } from '../../core/policy';
import type { Settings } from '../../core/settings';
import {
  findAlgorithm,
  prepareSigningKey,
  prepareVerifyingKey,
  UnfitKey,
  type JSONObject,
  type JWSAlgorithm,
  type KeyInput,
} from '../jwt/protocol';
import { requireUsers } from '../jwt/users';
import { DecodeError } from './exceptions';
import { jwtLegacy, type JWTLegacySettings } from './settings';

/** What signs and verifies. */
export interface Keys {
  readonly algorithm: JWSAlgorithm;
  /** Null: this service only verifies. */
  readonly signing: KeyObject | null;
  readonly verifying: KeyObject;
}

/** Settings never change, so neither do the keys that are made of them. */
const prepared = new WeakMap<Settings, Keys>();

/**
 * The keys of a token with this payload, which nobody has checked yet. They are there at once, unless each user has a secret.
 *
 * @throws DecodeError when it is the secret of a user who is not there
 * @throws ImproperlyConfigured for keys that are missing or unfit
 */
export function keysFor(payload: () => JSONObject, settings: Settings): Awaitable<Keys> {
  const options = jwtLegacy.of(settings);
  const algorithm = algorithmOf(options);
  if (algorithm.keyType === 'secret' && options.getUserSecretKey !== null) {
    return chain(secretOf(payload(), settings), (secret) => prepare(options, algorithm, secret));
  }
  let keys = prepared.get(settings);
  if (keys === undefined) {
    keys = prepare(options, algorithm, options.secretKey ?? settings.secretKey);
    prepared.set(settings, keys);
  }
  return keys;
}

/**
 * Looks at the options before the first token comes.
 * @throws ImproperlyConfigured for an algorithm that nobody knows, and for keys that are missing or unfit
 */
export function checkKeys(settings: Settings): void {
  const options = jwtLegacy.of(settings);
  const algorithm = algorithmOf(options);
  if (algorithm.keyType === 'secret' && options.getUserSecretKey !== null) return;
  prepare(options, algorithm, options.secretKey ?? settings.secretKey);
}

function algorithmOf({ algorithm: name }: JWTLegacySettings): JWSAlgorithm {
  const algorithm = findAlgorithm(name);
  if (algorithm !== undefined) return algorithm;
  throw new ImproperlyConfigured(`Unrecognized algorithm type '${String(name)}' in the settings of 'jwtLegacy'.`);
}

async function secretOf(payload: JSONObject, settings: Settings): Promise<KeyInput> {
  const { getUserSecretKey, payloadGetUserIdHandler } = jwtLegacy.of(settings);
  const id = payloadGetUserIdHandler === null ? payload['user_id'] : payloadGetUserIdHandler(payload);
  // The token may be anybody's work as yet: what is no key is not looked for.
  const isKey = typeof id === 'string' || typeof id === 'number' || typeof id === 'bigint';
  const user = isKey ? await requireUsers(settings, "The option 'getUserSecretKey'").get(id) : null;
  if (user === null) throw new DecodeError('The token names nobody who has a secret.');
  return getUserSecretKey!(user);
}

function prepare(options: JWTLegacySettings, algorithm: JWSAlgorithm, secret: KeyInput | null): Keys {
  const isSecret = algorithm.keyType === 'secret';
  const signing = isSecret ? secret : options.privateKey;
  const verifying = isSecret ? secret : (options.publicKey ?? options.privateKey);
  if (verifying === null) {
    throw new ImproperlyConfigured(
      isSecret
        ? "The settings of 'jwtLegacy' lack 'secretKey': defineSettings({ secretKey: process.env.SECRET_KEY }), or jwtLegacy({ secretKey: … })."
        : "The settings of 'jwtLegacy' lack 'publicKey': jwtLegacy({ publicKey: … }).",
    );
  }
  const keyOptions = { allowShortSecret: options.allowShortSecretKey };
  try {
    return {
      algorithm,
      signing: signing === null ? null : prepareSigningKey(algorithm, signing, keyOptions),
      verifying: prepareVerifyingKey(algorithm, verifying, keyOptions),
    };
  } catch (cause) {
    if (!(cause instanceof UnfitKey)) throw cause;
    const cure = cause.message.includes('RFC 7518')
      ? ' Take a longer one, or, while tokens of an older system must count, jwtLegacy({ allowShortSecretKey: true }).'
      : '';
    throw new ImproperlyConfigured(`A key of 'jwtLegacy' does not fit: ${cause.message}${cure}`, { cause });
  }
}
