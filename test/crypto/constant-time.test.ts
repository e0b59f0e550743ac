import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import crypto from 'node:crypto';
import {
  Argon2PasswordHasher,
  BCryptPasswordHasher,
  BCryptSHA256PasswordHasher,
  checkPassword,
  MD5PasswordHasher,
  PBKDF2PasswordHasher,
  ScryptPasswordHasher,
  SHA1PasswordHasher,
  Signer,
  UnsaltedMD5PasswordHasher,
  UnsaltedSHA1PasswordHasher,
} from 'sallyport';
import { isTokenOf } from '../../src/auth/session/protocol/csrf';
import { systemRandom } from '../../src/crypto/random';

/** The bytes that were compared in constant time, as pairs of texts. */
let compared: [string, string][];

beforeEach(() => {
  compared = [];
  const { timingSafeEqual } = crypto;
  jest.spyOn(crypto, 'timingSafeEqual').mockImplementation((left, right) => {
    compared.push([left, right].map((bytes) => Buffer.from(bytes as Uint8Array).toString()) as [string, string]);
    return timingSafeEqual(left, right);
  });
});
afterEach(() => {
  jest.restoreAllMocks();
});

describe('what is compared in constant time', () => {
  it.each([
    new PBKDF2PasswordHasher({ iterations: 1 }),
    new MD5PasswordHasher(),
    new SHA1PasswordHasher(),
    new ScryptPasswordHasher(),
    new Argon2PasswordHasher({ memoryCost: 8, timeCost: 1, parallelism: 1 }),
    new BCryptSHA256PasswordHasher({ rounds: 4 }),
    new BCryptPasswordHasher({ rounds: 4 }),
    new UnsaltedMD5PasswordHasher(),
    new UnsaltedSHA1PasswordHasher(),
  ])('is the whole of a stored password: $algorithm (A-051)', async (hasher) => {
    const salt = hasher.salt(systemRandom);
    const encoded = await hasher.encode('secret', salt);
    expect((await checkPassword('wrong', encoded, [hasher])).ok).toBe(false);
    expect(compared).toEqual([[await hasher.encode('wrong', salt), encoded]]);
  });

  it('are the secrets behind CSRF tokens (A-093)', () => {
    const secret = 'abcdefghijklmnopqrstuvwxyzABCDEF';
    const other = 'b'.repeat(32);
    expect(isTokenOf(secret, other)).toBe(false);
    expect(isTokenOf(secret, 'ZYXWVUTSRQPONMLKJIHGFEDCBA987654ZZZZZZZZZZZZZZZZZZZZZZZZZZzzzzzz')).toBe(true);
    expect(compared).toEqual([
      [other, secret],
      [secret, secret],
    ]);
  });

  it('are signatures, of sessions too', () => {
    const signer = new Signer({ key: 'key' });
    const [, signature] = signer.sign('value').split(':');
    expect(() => signer.unsign(`value:${'x'.repeat(signature!.length)}`)).toThrow();
    expect(compared).toEqual([['x'.repeat(signature!.length), signature]]);
  });
});
