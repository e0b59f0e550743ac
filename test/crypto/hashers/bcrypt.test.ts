import { describe, expect, it } from '@jest/globals';
import {
  BCryptPasswordHasher,
  BCryptSHA256PasswordHasher,
  checkPassword,
  identifyHasher,
  makePassword,
  PBKDF2PasswordHasher,
} from 'sallyport';
import type { PasswordHasher, PasswordHashers, RawPassword } from 'sallyport';

const sha256 = new BCryptSHA256PasswordHasher({ rounds: 4 });
const plain = new BCryptPasswordHasher({ rounds: 4 });
const SALT = 'P1qdqrkMWrIRGY7JZCbpfu';
const long = '0123456789'.repeat(8);

describe('the hashers of bcrypt', () => {
  // Made by Django with the package bcrypt of Python.
  it.each<[string, PasswordHasher, string, string]>([
    [
      'bcrypt_sha256',
      sha256,
      'correct horse battery',
      'bcrypt_sha256$$2b$12$oXLklm9iInyPYbDmsSPjR.QIsR9CvPOdhmzduoLgVd9350yjl5SAe',
    ],
    ['bcrypt', plain, 'pässwörd☃', 'bcrypt$$2b$12$CY4MCmQk54QyzdLlJGLHJO0MPVt4.zGhVjPG11Sm1CPqB9NnBkvuu'],
    [
      'bcrypt of old',
      plain,
      'correct horse battery',
      'bcrypt$$2a$05$AAp0UU1Vne5Fim4pBEDsDOUff22knxbcerO8/nyAXakDgPNmX51ui',
    ],
    [
      'bcrypt of PHP',
      plain,
      'correct horse battery',
      'bcrypt$$2y$05$AAp0UU1Vne5Fim4pBEDsDOUff22knxbcerO8/nyAXakDgPNmX51ui',
    ],
  ])('read what Django wrote: %s (A-046)', async (_name, hasher, password, encoded) => {
    expect(await checkPassword(password, encoded, [hasher])).toEqual({ ok: true, mustUpdate: true });
    expect(await checkPassword(`x${password}`, encoded, [hasher])).toEqual({ ok: false, mustUpdate: false });
  });

  it("write Django's form, with twelve rounds (A-042, A-046)", async () => {
    const encoded = await makePassword('secret', [new BCryptSHA256PasswordHasher()]);
    expect(encoded).toMatch(/^bcrypt_sha256\$\$2b\$12\$[./A-Za-z0-9]{53}$/);
    expect(await makePassword('secret', [plain])).toMatch(/^bcrypt\$\$2b\$04\$[./A-Za-z0-9]{53}$/);
  });

  it('take their salt from the random source', () => {
    expect(plain.salt({ bytes: (size) => Buffer.alloc(size, 0xff) })).toBe('$2b$04$999999999999999999999u');
    expect(plain.salt({ bytes: (size) => Buffer.alloc(size) })).toBe(`$2b$04$${'.'.repeat(22)}`);
  });

  it('refuse the salt of another algorithm, and rounds that bcrypt does not know', async () => {
    for (const salt of [
      '',
      'abcdefghijklmnopqrstuv',
      '$2x$04$P1qdqrkMWrIRGY7JZCbpfu',
      '$2b$04$P1qdqrkMWrIRGY7JZCbpfv',
    ]) {
      await expect(plain.encode('secret', salt)).rejects.toThrow(RangeError);
    }
    for (const rounds of [3, 32, 4.5, NaN]) expect(() => new BCryptPasswordHasher({ rounds })).toThrow(RangeError);
  });

  it('differ in what they read of a long password (A-046)', async () => {
    const salt = `$2b$04$${SALT}`;
    const reads = async (hasher: PasswordHasher, other: string): Promise<boolean> =>
      hasher.verify(other, await hasher.encode(long, salt));
    expect(await reads(plain, `${long.slice(0, 72)}whatever`)).toBe(true);
    expect(await reads(plain, long.slice(0, 71))).toBe(false);
    expect(await reads(sha256, long.slice(0, 72))).toBe(false);
    // A character of three bytes that is cut after the first of them.
    expect(await plain.encode(`${'x'.repeat(71)}☃`, salt)).toBe(
      await plain.encode(Buffer.concat([Buffer.alloc(71, 'x'), Buffer.from([0xe2])]), salt),
    );
  });

  it('do not end a password at a NUL, as bcrypt in C does', async () => {
    for (const hasher of [plain, sha256]) {
      const encoded = await hasher.encode('secret\0one', `$2b$04$${SALT}`);
      expect(await hasher.verify('secret\0one', encoded)).toBe(true);
      for (const other of ['secret', 'secret\0', 'secret\0two'])
        expect(await hasher.verify(other, encoded)).toBe(false);
    }
  });

  it('want a new hash where the rounds differ, in either direction (A-052)', () => {
    const form = (rounds: string): string => `bcrypt_sha256$$2b$${rounds}$${SALT}${'a'.repeat(31)}`;
    expect(['11', '12', '13'].map((rounds) => new BCryptSHA256PasswordHasher().mustUpdate(form(rounds)))).toEqual([
      true,
      false,
      true,
    ]);
  });

  it.each([
    ['more rounds than anybody waits for', `bcrypt$$2b$17$${SALT}${'a'.repeat(31)}`],
    ['as many rounds as there are', `bcrypt$$2b$31$${SALT}${'a'.repeat(31)}`],
    ['too few rounds', `bcrypt$$2b$03$${SALT}${'a'.repeat(31)}`],
    ['a version that was flawed', `bcrypt$$2x$04$${SALT}${'a'.repeat(31)}`],
    ['a salt that is spelled in another way', `bcrypt$$2b$04$P1qdqrkMWrIRGY7JZCbpfv${'a'.repeat(31)}`],
    ['a character too few', `bcrypt$$2b$04$${SALT}${'a'.repeat(30)}`],
    ['a character too many', `bcrypt$$2b$04$${SALT}${'a'.repeat(32)}`],
    ['the form of the other', `bcrypt_sha256$$2b$04$${SALT}${'a'.repeat(31)}`],
    ['nothing but the algorithm', 'bcrypt'],
  ])('compute nothing for a stored value with %s', async (_name, encoded) => {
    const hashers: PasswordHashers = [new PBKDF2PasswordHasher({ iterations: 1 }), plain];
    expect(identifyHasher(encoded, hashers)).toBeNull();
    expect(await checkPassword('secret', encoded, hashers)).toEqual({ ok: false, mustUpdate: false });
  });

  it('verify rounds that the app itself has chosen', () => {
    const encoded = `bcrypt$$2b$18$${SALT}${'a'.repeat(31)}`;
    expect(new BCryptPasswordHasher({ rounds: 18 }).recognizes(encoded)).toBe(true);
  });

  it('spend the missing rounds on a wrong password (A-053)', async () => {
    class Counting extends BCryptSHA256PasswordHasher {
      spent = 0;
      override encode(password: RawPassword, salt: string): Promise<string> {
        this.spent += 2 ** Number(salt.slice(4, 6));
        return super.encode(password, salt);
      }
    }
    for (const rounds of [4, 5, 7]) {
      const hasher = new Counting({ rounds: 7 });
      const stored = await new BCryptSHA256PasswordHasher({ rounds }).encode(
        'secret',
        `$2b$0${String(rounds)}$${SALT}`,
      );
      expect((await checkPassword('wrong', stored, [hasher])).ok).toBe(false);
      expect(hasher.spent).toBe(2 ** 7);
    }
  });
});
