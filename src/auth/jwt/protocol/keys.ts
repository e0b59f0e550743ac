import { createPrivateKey, createPublicKey, createSecretKey, KeyObject, type JsonWebKey } from 'node:crypto';
import type { JWSAlgorithm } from './algorithms';

/** A key as an app has it: a secret or PEM as text, the bytes of a secret, a JWK, or a `KeyObject`. */
export type KeyInput = string | Uint8Array | KeyObject | JsonWebKey;

/** A key that the algorithm can't use. The message is for the developer and never quotes the key. */
export class UnfitKey extends Error {
  override name = 'UnfitKey';
}

export interface KeyOptions {
  /**
   * Takes HMAC secrets that are shorter than RFC 7518 (section 3.2) allows: some can be guessed from a single token.
   * @default false
   */
  readonly allowShortSecret?: boolean;
}

/**
 * The key that signs.
 * @throws UnfitKey
 */
export function prepareSigningKey(algorithm: JWSAlgorithm, input: KeyInput, options: KeyOptions = {}): KeyObject {
  if (algorithm.keyType === 'secret') return prepareSecret(algorithm, input, options);
  return fit(algorithm, readKey(algorithm, input, createPrivateKey), 'private');
}

/**
 * The key that verifies: of a key pair the public one, also where the private one is given.
 * @throws UnfitKey
 */
export function prepareVerifyingKey(algorithm: JWSAlgorithm, input: KeyInput, options: KeyOptions = {}): KeyObject {
  if (algorithm.keyType === 'secret') return prepareSecret(algorithm, input, options);
  return fit(algorithm, readKey(algorithm, input, createPublicKey), 'public');
}

/**
 * Key confusion: where a public key is taken for an HMAC secret, everybody can sign. Texts in these forms are no secrets.
 */
const KEY_PAIR_TEXT = /-----BEGIN [A-Z0-9 ]+-----|^\s*(?:ssh-|ecdsa-sha2-)|^\s*\{\s*"/;

function prepareSecret(algorithm: JWSAlgorithm, input: KeyInput, { allowShortSecret = false }: KeyOptions): KeyObject {
  const key = toSecret(algorithm, input);
  const bits = key.symmetricKeySize! * 8;
  if (bits < algorithm.minimumBits && !allowShortSecret) {
    throw new UnfitKey(
      `${algorithm.name} needs a secret of at least ${String(algorithm.minimumBits / 8)} bytes (RFC 7518, section 3.2), ` +
        `and this one has ${String(bits / 8)}.`,
    );
  }
  return key;
}

function toSecret(algorithm: JWSAlgorithm, input: KeyInput): KeyObject {
  if (input instanceof KeyObject) {
    if (input.type === 'secret') return input;
    throw new UnfitKey(`${algorithm.name} needs a secret, not a ${input.type} key.`);
  }
  const bytes = secretBytes(algorithm, input);
  if (bytes.length === 0) throw new UnfitKey(`${algorithm.name} needs a secret, and this one is empty.`);
  if (KEY_PAIR_TEXT.test(bytes.toString('latin1')) || isPublicDER(bytes)) {
    throw new UnfitKey(`${algorithm.name} needs a secret, not a key of a pair or a certificate.`);
  }
  return createSecretKey(bytes);
}

function secretBytes(algorithm: JWSAlgorithm, input: string | Uint8Array | JsonWebKey): Buffer {
  if (typeof input === 'string') return Buffer.from(input, 'utf8');
  if (input instanceof Uint8Array) return Buffer.from(input);
  assertPurpose(algorithm, input);
  if (input.kty !== 'oct' || typeof input.k !== 'string') {
    throw new UnfitKey(`${algorithm.name} needs a JWK of the type 'oct'.`);
  }
  return Buffer.from(input.k, 'base64url');
}

function isPublicDER(bytes: Buffer): boolean {
  try {
    createPublicKey({ key: bytes, format: 'der', type: 'spki' });
    return true;
  } catch {
    return false;
  }
}

function readKey(
  algorithm: JWSAlgorithm,
  input: KeyInput,
  create: typeof createPrivateKey | typeof createPublicKey,
): KeyObject {
  if (input instanceof KeyObject) {
    if (input.type === 'private' && create === createPublicKey) return createPublicKey(input);
    return input;
  }
  const isJWK = typeof input !== 'string' && !(input instanceof Uint8Array);
  if (isJWK) assertPurpose(algorithm, input);
  try {
    return isJWK
      ? create({ key: input, format: 'jwk' })
      : create(typeof input === 'string' ? input : Buffer.from(input));
  } catch (cause) {
    throw new UnfitKey(`${algorithm.name} needs a key in PEM or as a JWK, and this one can't be read.`, { cause });
  }
}

/** A JWK may say what it is for (RFC 7517, sections 4.2 and 4.4). */
function assertPurpose({ name }: JWSAlgorithm, { alg, use }: JsonWebKey): void {
  if (alg !== undefined && alg !== name) throw new UnfitKey(`This JWK is not for ${name} by its 'alg'.`);
  if (use !== undefined && use !== 'sig') throw new UnfitKey(`This JWK is not for signatures by its 'use'.`);
}

function fit(algorithm: JWSAlgorithm, key: KeyObject, type: 'private' | 'public'): KeyObject {
  const { name, keyType, curve, minimumBits } = algorithm;
  if (key.type !== type || key.asymmetricKeyType !== keyType) {
    throw new UnfitKey(`${name} needs a ${type} key of the type '${keyType}'.`);
  }
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails!;
  if (namedCurve !== curve) throw new UnfitKey(`${name} needs a key on the curve ${curve!}.`);
  if (modulusLength < minimumBits) throw new UnfitKey(`${name} needs a key of at least ${String(minimumBits)} bits.`);
  return key;
}
