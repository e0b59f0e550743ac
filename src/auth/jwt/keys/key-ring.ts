import { createHmac, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { ImproperlyConfigured } from '../../../core/exceptions';
import {
  findAlgorithm,
  jwkThumbprint,
  prepareSigningKey,
  prepareVerifyingKey,
  toPublicJWK,
  UnfitKey,
  type AlgorithmName,
  type JSONObject,
  type JWSAlgorithm,
  type KeyInput,
  type Verifier,
} from '../protocol';
import type { KeySource, Occasion } from './source';

/** One of several keys that follow each other. */
export interface RingKey {
  /** A private key, or a secret of HMAC; with `verifyOnly` a public key. */
  readonly key: KeyInput;
  /** @default the option `algorithm` */
  readonly algorithm?: AlgorithmName;
  /** The name of the key in the header of tokens. @default the `kid` of a JWK, else the thumbprint of RFC 7638 */
  readonly kid?: string;
  /**
   * From then on it signs. Publish a key a while before, so that others know it by the time they meet it.
   * @default always
   */
  readonly signsFrom?: Date;
  /** From then on it is gone: its tokens are refused. @default never */
  readonly retires?: Date;
  /** It signs nothing. @default false */
  readonly verifyOnly?: boolean;
}

/** What signs a token. */
export interface Signer {
  readonly algorithm: JWSAlgorithm;
  readonly key: KeyObject;
  /** The name of the key in the header; null where there is only one key. */
  readonly kid: string | null;
}

interface PreparedKey extends Verifier {
  readonly kid: string;
  readonly signingKey: KeyObject | null;
  /** Seconds since 1970. */
  readonly signsFrom: number;
  readonly retires: number;
}

/** Keys that follow each other: the newest one signs, and all of them verify until they retire. */
export class KeyRing implements KeySource {
  readonly #keys: readonly PreparedKey[];

  /** @throws ImproperlyConfigured for a key that doesn't fit, and for two with the same name */
  constructor(entries: readonly RingKey[], defaults: RingDefaults) {
    this.#keys = entries.map((entry, i) => prepare(entry, defaults, `keyRing[${String(i)}]`));
    const names = this.#keys.map(({ kid }) => kid);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) {
      throw new ImproperlyConfigured(`Two keys of 'keyRing' have the name '${twice}'. Give each a 'kid' of its own.`);
    }
  }

  /** By its name; a token without one is of before there was a ring, and any of the keys may have signed it. */
  find(header: JSONObject, { now }: Pick<Occasion, 'now'>): readonly Verifier[] {
    const { kid } = header;
    return this.#keys.filter((key) => now < key.retires && (kid === undefined || kid === key.kid));
  }

  /** The key that signs now: of those that may, the one that began last, or stands first. Null where none may. */
  signer(now: number): Signer | null {
    return this.signers(now)[0] ?? null;
  }

  /** The keys that sign or have signed, the present one first. */
  signers(now: number): readonly Signer[] {
    return this.#keys
      .filter(({ signingKey, signsFrom, retires }) => signingKey !== null && signsFrom <= now && now < retires)
      .sort((one, other) => (one.signsFrom === other.signsFrom ? 0 : other.signsFrom - one.signsFrom))
      .map(({ algorithm, kid, signingKey }) => ({ algorithm, kid, key: signingKey! }));
  }

  /** The public halves of all keys that are in use or will be. */
  publicKeys(now: number): readonly JsonWebKey[] {
    return this.#keys
      .filter(({ algorithm, retires }) => algorithm.keyType !== 'secret' && now < retires)
      .map(({ key, algorithm, kid }) => toPublicJWK(key, { algorithm, kid }));
  }
}

export interface RingDefaults {
  readonly algorithm: AlgorithmName;
  readonly allowShortSecret: boolean;
}

function prepare(entry: RingKey, { algorithm: fallback, allowShortSecret }: RingDefaults, where: string): PreparedKey {
  const algorithm = findAlgorithm(entry.algorithm ?? fallback);
  if (algorithm === undefined) {
    throw new ImproperlyConfigured(`Unrecognized algorithm type '${String(entry.algorithm)}' in '${where}' of 'jwt'.`);
  }
  try {
    const key = prepareVerifyingKey(algorithm, entry.key, { allowShortSecret });
    return {
      algorithm,
      key,
      kid: entry.kid ?? ownNameOf(entry.key) ?? nameOf(key),
      signingKey: entry.verifyOnly === true ? null : prepareSigningKey(algorithm, entry.key, { allowShortSecret }),
      signsFrom: secondsOf(entry.signsFrom, -Infinity),
      retires: secondsOf(entry.retires, Infinity),
    };
  } catch (cause) {
    if (!(cause instanceof UnfitKey)) throw cause;
    throw new ImproperlyConfigured(`'${where}' of 'jwt' does not fit: ${cause.message}`, { cause });
  }
}

function secondsOf(date: Date | undefined, otherwise: number): number {
  return date === undefined ? otherwise : date.getTime() / 1000;
}

function ownNameOf(input: KeyInput): string | null {
  if (typeof input === 'string' || input instanceof Uint8Array || !('kid' in input)) return null;
  const { kid } = input;
  return typeof kid === 'string' ? kid : null;
}

/** The thumbprint of RFC 7638. That of a secret would be a digest of it, so there it is a text that only its owner can make. */
function nameOf(key: KeyObject): string {
  if (key.type === 'secret')
    return createHmac('sha256', key).update('sallyport.jwt.kid').digest('base64url').slice(0, 22);
  return jwkThumbprint((key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' }));
}
