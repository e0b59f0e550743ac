import { describe, expect, it } from '@jest/globals';
import { Argon2PasswordHasher, checkPassword, identifyHasher, makePassword, PBKDF2PasswordHasher } from 'sallyport';
import type { PasswordHashers } from 'sallyport';

const cheap = new Argon2PasswordHasher({ memoryCost: 64, timeCost: 1, parallelism: 2 });
const preferred = new Argon2PasswordHasher();
const SALT = 'YWJjZGVmZ2hpamtsbW5vcHFyc3R1dg'; // abcdefghijklmnopqrstuv
const HASH = 'a'.repeat(43);

describe('Argon2PasswordHasher', () => {
  // Made by Django with argon2-cffi.
  it.each([
    ['Argon2id', 'secret', 'argon2$argon2id$v=19$m=80,t=2,p=3$4FpGGrU/BOkW/RQN0jzT4g$TSyfu3VpSpbhVO3n0UgzTw'],
    [
      'Argon2i',
      'correct horse battery',
      'argon2$argon2i$v=19$m=512,t=2,p=2$c2Vhc2FsdDJTRUFTQUxUMmFiY2RlZg$CqeqfFwONSFCBmNelFntfA',
    ],
    [
      'Argon2d',
      'correct horse battery',
      'argon2$argon2d$v=19$m=64,t=1,p=1$c2Vhc2FsdDJTRUFTQUxUMmFiY2RlZg$MzlQdQPr00k71gKzZVu6NgidJSnjYX+KMeE3om8o8no',
    ],
    [
      'version 16',
      'correct horse battery',
      'argon2$argon2i$v=16$m=8,t=1,p=1$c29tZXNhbHQ$RIUM4xR2KuRbMoqcZI9Z3WYGRylvwpZbUuM194kROow',
    ],
    [
      'no version, which is 16',
      'correct horse battery',
      'argon2$argon2i$m=8,t=1,p=1$c29tZXNhbHQ$RIUM4xR2KuRbMoqcZI9Z3WYGRylvwpZbUuM194kROow',
    ],
  ])('reads what Django wrote: %s (A-045)', async (_name, password, encoded) => {
    expect(await checkPassword(password, encoded, [preferred])).toEqual({ ok: true, mustUpdate: true });
    expect(await checkPassword(`${password}x`, encoded, [preferred])).toEqual({ ok: false, mustUpdate: false });
  });

  it("writes Django's form, with Django's cost, into Django's column (A-042, A-045)", async () => {
    const encoded = await makePassword('secret', [preferred]);
    expect(encoded).toMatch(/^argon2\$argon2id\$v=19\$m=102400,t=2,p=8\$[A-Za-z0-9+/]{30}\$[A-Za-z0-9+/]{43}$/);
    expect(encoded.length).toBeLessThanOrEqual(128);
    expect(await checkPassword('secret', encoded, [preferred])).toEqual({ ok: true, mustUpdate: false });
  });

  it('writes hashes of the length that an older argon2-cffi wants, and renews others', async () => {
    const shorter = new Argon2PasswordHasher({ hashLength: 16 });
    // Made by Django with argon2-cffi 21.1.
    const theirs = 'argon2$argon2id$v=19$m=102400,t=2,p=8$c2Vhc2FsdDJTRUFTQUxUMmFiY2RlZg$+2SfeMvvyde+K3U2FQLDJw';
    expect(await shorter.encode('correct horse battery', 'seasalt2SEASALT2abcdef')).toBe(theirs);
    expect([shorter.mustUpdate(theirs), preferred.mustUpdate(theirs)]).toEqual([false, true]);
    expect(shorter.mustUpdate(await preferred.encode('x', 'seasalt2SEASALT2abcdef'))).toBe(true);
    for (const hashLength of [15, 33, 16.5, NaN]) {
      expect(() => new Argon2PasswordHasher({ hashLength })).toThrow(RangeError);
    }
  });

  it('wants a new hash where anything differs, in either direction (A-052)', () => {
    const form = (start: string, salt = SALT, hash = HASH): string => `argon2$${start}$${salt}$${hash}`;
    expect(preferred.mustUpdate(form('argon2id$v=19$m=102400,t=2,p=8'))).toBe(false);
    for (const outdated of [
      form('argon2i$v=19$m=102400,t=2,p=8'),
      form('argon2id$v=16$m=102400,t=2,p=8'),
      form('argon2id$m=102400,t=2,p=8'),
      form('argon2id$v=19$m=102399,t=2,p=8'),
      form('argon2id$v=19$m=204800,t=2,p=8'),
      form('argon2id$v=19$m=102400,t=3,p=8'),
      form('argon2id$v=19$m=102400,t=2,p=1'),
      form('argon2id$v=19$m=102400,t=2,p=8', SALT, HASH.slice(0, 22)),
      form('argon2id$v=19$m=102400,t=2,p=8', SALT.slice(0, 28)),
    ]) {
      expect([outdated, preferred.recognizes(outdated), preferred.mustUpdate(outdated)]).toEqual([
        outdated,
        true,
        true,
      ]);
    }
  });

  it.each([
    ['more memory than there is', 'argon2id$v=19$m=4194304,t=1,p=1'],
    ['a memory that no number holds', `argon2id$v=19$m=${'9'.repeat(30)},t=1,p=1`],
    ['endless passes', 'argon2id$v=19$m=102400,t=4294967295,p=8'],
    ['more passes than the memory allows', 'argon2id$v=19$m=102400,t=41,p=8'],
    ['more lanes than there are', 'argon2id$v=19$m=102400,t=2,p=256'],
    ['too little memory for its lanes', 'argon2id$v=19$m=15,t=1,p=2'],
    ['no passes', 'argon2id$v=19$m=64,t=0,p=1'],
    ['another version', 'argon2id$v=18$m=64,t=1,p=1'],
    ['another variety', 'argon2x$v=19$m=64,t=1,p=1'],
    ['another order', 'argon2id$v=19$t=1,m=64,p=1'],
  ])('computes nothing for a stored value with %s', async (_name, start) => {
    const hashers: PasswordHashers = [new PBKDF2PasswordHasher({ iterations: 1 }), preferred];
    const encoded = `argon2$${start}$${SALT}$${HASH}`;
    expect(identifyHasher(encoded, hashers)).toBeNull();
    expect(await checkPassword('secret', encoded, hashers)).toEqual({ ok: false, mustUpdate: false });
  });

  it.each([
    ['a salt of seven bytes', 'YWJjZGVmZw', HASH],
    ['an endless salt', 'a'.repeat(87), HASH],
    ['a hash of three bytes', SALT, 'aaaa'],
    ['an endless hash', SALT, 'a'.repeat(172)],
    ['a salt in another alphabet', SALT.replace('Z', '-'), HASH],
  ])('computes nothing for a stored value with %s', (_name, salt, hash) => {
    expect(preferred.recognizes(`argon2$argon2id$v=19$m=64,t=1,p=1$${salt}$${hash}`)).toBe(false);
  });

  it('verifies a cost that the app itself has chosen', () => {
    const large = new Argon2PasswordHasher({ memoryCost: 2 ** 20, timeCost: 5, parallelism: 4 });
    const encoded = `argon2$argon2id$v=19$m=1048576,t=5,p=4$${SALT}$${HASH}`;
    expect(large.recognizes(encoded)).toBe(true);
    expect(preferred.recognizes(encoded)).toBe(false);
  });

  it('refuses costs that the algorithm does not allow', () => {
    for (const options of [
      { memoryCost: 63 },
      { memoryCost: 1.5 },
      { timeCost: 0 },
      { parallelism: 256 },
      { parallelism: NaN },
    ]) {
      expect(() => new Argon2PasswordHasher(options)).toThrow(RangeError);
    }
  });

  it('reads base64 in its one lawful spelling', async () => {
    const encoded = await cheap.encode('secret', 'abcdefgh');
    expect(encoded).toContain('$YWJjZGVmZ2g$');
    expect((await checkPassword('secret', encoded.replace('Z2g$', 'Z2h$'), [cheap])).ok).toBe(false);
  });

  it('leaves the event loop free meanwhile', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await preferred.encode('secret', 'abcdefghijklmnopqrstuv');
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });
});
