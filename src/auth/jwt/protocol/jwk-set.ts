import type { JsonWebKey, KeyObject } from 'node:crypto';
import type { JWSAlgorithm } from './algorithms';
import { parseObject } from './json';
import type { Verifier } from './jws';
import { prepareVerifyingKey, UnfitKey } from './keys';

/** More keys than anybody has at once; each one costs the time to read it. */
const MAX_KEYS = 100;

/** The members of a JWK that only its owner should know (RFC 7518, section 6). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;

/** The keys of a set that are good for one algorithm. */
export interface KeySet {
  /** By `kid`; keys of several types may share one (RFC 7517, section 4.5). */
  readonly keys: ReadonlyMap<string, readonly Verifier[]>;
  /** Why keys are left out that should not be in any set: for a log. None of a key stands there. */
  readonly refused: readonly string[];
}

/**
 * Reads a JWK set (RFC 7517, section 5) for tokens of one algorithm. Keys that are for something else are passed over,
 * and so are those without a `kid`.
 *
 * @throws JWTError for what is no JSON object or says a name twice
 * @throws UnfitKey for what is no set, or has too many keys
 */
export function readKeySet(bytes: Buffer, algorithm: JWSAlgorithm): KeySet {
  const { keys: members } = parseObject(bytes);
  if (!Array.isArray(members) || members.length > MAX_KEYS) {
    throw new UnfitKey(`A JWK set has a member 'keys', a list of ${String(MAX_KEYS)} keys at most.`);
  }
  const keys = new Map<string, Verifier[]>();
  const refused: string[] = [];
  for (const member of members as readonly unknown[]) {
    if (!isNamedKey(member) || !isForVerifying(member)) continue;
    try {
      const verifier = { algorithm, key: readPublicKey(algorithm, member) };
      keys.set(member.kid, [...(keys.get(member.kid) ?? []), verifier]);
    } catch (error) {
      if (!(error instanceof UnfitKey)) throw error;
      if (error instanceof ExposedKey) refused.push(error.message);
    }
  }
  return { keys, refused };
}

/** A key that should have been kept, in a place that everybody can read. */
class ExposedKey extends UnfitKey {
  override name = 'ExposedKey';
}

/**
 * The key of a JWK that came from somewhere else: a public one, and nothing of a private one beside it.
 * @throws UnfitKey
 */
export function readPublicKey(algorithm: JWSAlgorithm, jwk: JsonWebKey): KeyObject {
  if (jwk.kty === 'oct' || PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name))) {
    throw new ExposedKey('A key that only its owner should know was sent in the open.');
  }
  if (algorithm.keyType === 'secret') throw new UnfitKey(`${algorithm.name} has no public keys.`);
  return prepareVerifyingKey(algorithm, jwk);
}

function isNamedKey(value: unknown): value is JsonWebKey & { readonly kid: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.hasOwn(value, 'kid') &&
    typeof (value as { kid?: unknown }).kid === 'string'
  );
}

/** RFC 7517, section 4.3. */
function isForVerifying({ key_ops: operations }: JsonWebKey): boolean {
  return operations === undefined || (Array.isArray(operations) && operations.includes('verify'));
}

/** The public half of a key, to be published (RFC 7517). */
export function toPublicJWK(key: KeyObject, { algorithm, kid }: { algorithm: JWSAlgorithm; kid: string }): JsonWebKey {
  return { ...key.export({ format: 'jwk' }), use: 'sig', alg: algorithm.name, kid };
}
