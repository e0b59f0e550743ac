import { generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import {
  algorithmNames,
  findAlgorithm,
  JWTError,
  readKeySet,
  UnfitKey,
  verifyCompact,
  type AlgorithmName,
} from '../../../../src/auth/jwt/protocol';
import { keysOf, numbersFrom, signToken } from '../protocol/support';

const exportPublic = ({ publicKey }: { readonly publicKey: KeyObject }): JsonWebKey =>
  publicKey.export({ format: 'jwk' });

/** Keys of all kinds under one name, as somebody might publish them who wants confusion. */
const MIXED: readonly object[] = [
  exportPublic(generateKeyPairSync('rsa', { modulusLength: 2048 })),
  exportPublic(generateKeyPairSync('rsa', { modulusLength: 1024 })),
  exportPublic(generateKeyPairSync('ec', { namedCurve: 'P-256' })),
  exportPublic(generateKeyPairSync('ec', { namedCurve: 'P-384' })),
  exportPublic(generateKeyPairSync('ec', { namedCurve: 'P-521' })),
  exportPublic(generateKeyPairSync('ed25519')),
  exportPublic(generateKeyPairSync('x25519')),
  { kty: 'oct', k: Buffer.alloc(64, 1).toString('base64url') },
  { kty: 'none' },
  {},
].map((jwk) => ({ ...jwk, kid: 'one' }));

const ALPHABET = 'ABCabc019_-"{}[]:,\\ \0\u00e9';

function mutateText(text: string, random: () => number): string {
  const at = Math.floor(random() * text.length);
  const char = ALPHABET[Math.floor(random() * ALPHABET.length)]!;
  const cut = Math.floor(random() * 4);
  return text.slice(0, at) + char + text.slice(at + cut);
}

/** Whether one of the keys of a set verifies a token. */
function isVerified(bytes: Buffer, name: AlgorithmName, token: string): boolean {
  let verifiers;
  try {
    verifiers = readKeySet(bytes, findAlgorithm(name)!).keys.get('one') ?? [];
  } catch (error) {
    if (error instanceof JWTError || error instanceof UnfitKey) return false;
    throw error;
  }
  return verifiers.some((verifier) => {
    try {
      return verifyCompact(token, verifier).header['kid'] === 'one';
    } catch (error) {
      if (error instanceof JWTError) return false;
      throw error;
    }
  });
}

describe.each(algorithmNames)('a set of mixed keys, for tokens of %s', (name) => {
  it('verifies nothing that none of them has signed, also mutated 500 times', () => {
    const token = signToken(name, { user_id: '1' }, { kid: 'one' });
    const text = JSON.stringify({ keys: MIXED });
    const random = numbersFrom(`sets for ${name}`);
    expect(isVerified(Buffer.from(text), name, token)).toBe(false);
    for (let i = 0; i < 500; i++) {
      const mutated = mutateText(text, random);
      expect([isVerified(Buffer.from(mutated), name, token), mutated]).toEqual([false, mutated]);
    }
  });
});

it.each(algorithmNames.filter((name) => !name.startsWith('HS')))('a set of mixed keys holds the one for %s', (name) => {
  const own = { ...(keysOf.get(name)!.verifying as KeyObject).export({ format: 'jwk' }), kid: 'one' };
  const token = signToken(name, { user_id: '1' }, { kid: 'one' });
  expect(isVerified(Buffer.from(JSON.stringify({ keys: [...MIXED, own] })), name, token)).toBe(true);
});
