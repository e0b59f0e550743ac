import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { CONSTANTS, createTokenString, hashToken, makeHexCompatible } from 'sallyport/knox';
import { FixedRandom } from 'sallyport/testing';
import { passwordDigest, presentToken, isRowOf, tokenKey, toTokenHash } from '../../../src/auth/knox/protocol';
import { samplesOf } from '../../interop/samples';

const sha512 = toTokenHash('sha512');

describe('a token', () => {
  it('is hexadecimal digits of random bytes (K-045)', () => {
    const random = new FixedRandom('tokens');
    expect(createTokenString(64, random)).toMatch(/^[0-9a-f]{64}$/);
    expect([createTokenString(32, random), createTokenString(33, random)].map(({ length }) => length)).toEqual([
      32, 32,
    ]);
  });

  it('has a digest over its text, without a salt (K-047, K-048, K-050)', () => {
    expect(hashToken('a'.repeat(64))).toBe(
      '01d35c10c6c38c2dcf48f7eebb3235fb5ad74a65ec4cd016e2354c637a8fb49b695ef3c1d6f7ae4cd74d78cc9c9bcac9d4f23a73019998a7f73038a5c9b2dbde',
    );
    expect(hashToken('kx_é')).toBe(createHash('sha512').update('kx_é', 'utf8').digest('hex'));
    expect(makeHexCompatible('kx_é')).toEqual(Buffer.from('kx_é', 'utf8'));
  });

  it.each(samplesOf<{ token: string }, { digest: string; token_key: string }>('knox.digest'))(
    'is kept as Django keeps it: $id (K-046, K-047)',
    ({ input: { token }, expect: expected }) => {
      expect({ digest: hashToken(token), token_key: tokenKey(token) }).toEqual(expected);
    },
  );

  it('is found by its first 15 characters, counted as Python counts (K-046, K-061)', () => {
    expect(tokenKey('🔑'.repeat(10) + 'abcdefgh')).toBe('🔑'.repeat(10) + 'abcde');
    expect(tokenKey('ab')).toBe('ab');
  });

  it.each(['sha512', 'sha3-512', 'blake2b512'] as const)('can be hashed by %s (K-052)', (algorithm) => {
    const digest = hashToken('abc', toTokenHash(algorithm));
    expect(digest).toBe(createHash(algorithm).update('abc').digest('hex'));
    expect(digest).toHaveLength(CONSTANTS.DIGEST_LENGTH);
  });
});

describe('a token that was sent', () => {
  const token = 'ab'.repeat(32);
  const version4 = createHash('sha512').update(Buffer.from(token, 'hex')).digest('hex');

  it('is compared with rows of knox 4 too, if told to (K-049)', () => {
    const both = presentToken(token, { hash: sha512, acceptKnox4Tokens: true });
    expect(both.keys).toEqual(['ababababababababab'.slice(0, 15), 'abababab']);
    expect([isRowOf(both, version4), isRowOf(both, hashToken(token))]).toEqual([true, true]);
    const one = presentToken(token, { hash: sha512, acceptKnox4Tokens: false });
    expect([one.keys.length, isRowOf(one, version4), isRowOf(one, hashToken(token))]).toEqual([1, false, true]);
  });

  it.each(['abc', 'no hex', '', 'kx_ab'])('has no form of knox 4 unless it is hexadecimal: %j', (text) => {
    expect(presentToken(text, { hash: sha512, acceptKnox4Tokens: true }).keys).toHaveLength(1);
  });

  it('has a mark of the password that another token or password does not have (K-111)', () => {
    const mark = passwordDigest('token', 'stored hash');
    expect(mark).toMatch(/^[0-9a-f]{64}$/);
    expect([passwordDigest('other', 'stored hash'), passwordDigest('token', 'another')]).not.toContain(mark);
  });
});

describe('the constants', () => {
  it('are those of knox, and can not be changed (K-087)', () => {
    expect(CONSTANTS).toEqual({ TOKEN_KEY_LENGTH: 15, DIGEST_LENGTH: 128, MAXIMUM_TOKEN_PREFIX_LENGTH: 10 });
    expect(() => Object.assign(CONSTANTS, { DIGEST_LENGTH: 1 })).toThrow(TypeError);
  });
});
