import { describe, expect, it } from '@jest/globals';
import {
  JWTError,
  verifyProof,
  type AlgorithmName,
  type JSONObject,
  type ProofRules,
} from '../../../../src/auth/jwt/protocol';
import { hashOf, proofKey, type ProofKey } from './dpop-support';
import { mutate, numbersFrom } from './support';

const NOW = 1_800_000_000;
const TOKEN = 'header.payload.signature';
const rules: ProofRules = {
  method: 'POST',
  uri: 'https://api.example.com/notes?page=2',
  now: NOW,
  maxAge: 60,
  skew: 5,
  algorithms: ['ES256', 'EdDSA', 'PS256', 'RS256'],
  accessToken: TOKEN,
};
const claims: JSONObject = {
  jti: 'p1',
  htm: 'POST',
  htu: 'https://api.example.com/notes',
  iat: NOW,
  ath: hashOf(TOKEN),
};

/** What is wrong with the verdict on a forged proof; null where it was refused as it should be. */
function faultOf(forged: string): string | null {
  try {
    verifyProof(forged, rules);
    return `accepted: ${forged}`;
  } catch (error) {
    return error instanceof JWTError ? null : `${String(error)}: ${forged}`;
  }
}

/** Members of a JWK in which something is missing, added, exchanged or of another type. */
function forgedKeys({ jwk, privateKey }: ProofKey, other: ProofKey): object[] {
  const values = [undefined, null, 7, '', 'AA', [], {}, 'x'.repeat(2000), '=', '\0'];
  const names = [...Object.keys(jwk), 'use', 'key_ops', 'alg', 'k', 'd', '__proto__', 'constructor'];
  return [
    ...names.flatMap((name) => values.map((value) => ({ ...jwk, [name]: value }))),
    other.jwk,
    privateKey.export({ format: 'jwk' }),
    { kty: 'oct', k: 'AAAA' },
  ];
}

const isHarmless = (jwk: object, good: object): boolean => {
  const { use, key_ops: _operations, alg, ...members } = jwk as Record<string, unknown>;
  return use === undefined && alg === undefined && JSON.stringify(members) === JSON.stringify(good);
};

describe.each<AlgorithmName>(['ES256', 'EdDSA', 'PS256', 'RS256'])('proofs of %s', (alg) => {
  const key = proofKey(alg);

  it('are refused where a bit, a part, the header or the algorithm is another: 10,000 times', async () => {
    const proof = await key.prove(claims);
    expect(faultOf(proof)).toBe(`accepted: ${proof}`);
    const random = numbersFrom(`proofs of ${alg}`);
    const faults = Array.from({ length: 10_000 }, () => faultOf(mutate(proof, random)));
    expect(faults.filter((fault) => fault !== null)).toEqual([]);
  });

  it('are refused with keys that were tampered with', async () => {
    const [, payload, signature] = (await key.prove(claims)).split('.') as [string, string, string];
    const faults = forgedKeys(key, proofKey(alg))
      .filter((jwk) => !isHarmless(jwk, key.jwk))
      .map((jwk) => {
        const header = Buffer.from(JSON.stringify({ typ: 'dpop+jwt', alg, jwk })).toString('base64url');
        return faultOf(`${header}.${payload}.${signature}`);
      });
    expect(faults.length).toBeGreaterThan(50);
    expect(faults.filter((fault) => fault !== null)).toEqual([]);
  });
});
