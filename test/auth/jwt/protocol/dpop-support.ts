import { createHash, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, SignJWT } from 'jose';
import type { AlgorithmName, JSONObject } from '../../../../src/auth/jwt/protocol';

/** A client's key, and proofs by it that jose has made. */
export interface ProofKey {
  readonly jwk: JsonWebKey;
  readonly privateKey: KeyObject;
  /** As jose finds it. */
  thumbprint(): Promise<string>;
  prove(claims: JSONObject, header?: JSONObject): Promise<string>;
}

const PAIRS: Partial<Record<AlgorithmName, () => { privateKey: KeyObject }>> = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
};

export function proofKey(alg: AlgorithmName = 'ES256'): ProofKey {
  const { privateKey } = PAIRS[alg]!();
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' });
  return {
    jwk,
    privateKey,
    thumbprint: () => calculateJwkThumbprint(jwk as never),
    prove: (claims, header = {}) =>
      new SignJWT(claims).setProtectedHeader({ typ: 'dpop+jwt', alg, jwk: jwk as never, ...header }).sign(privateKey),
  };
}

export function hashOf(accessToken: string): string {
  return createHash('sha256').update(accessToken).digest('base64url');
}
