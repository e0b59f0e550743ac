import { describe, expect, it } from '@jest/globals';
import {
  checkPassword,
  identifyHasher,
  MD5PasswordHasher,
  SHA1PasswordHasher,
  UnsaltedMD5PasswordHasher,
  UnsaltedSHA1PasswordHasher,
} from 'sallyport';
import type { PasswordHashers } from 'sallyport';
import { MeasuredHasher } from '../../support/measured-hasher';

const md5 = new MD5PasswordHasher();
const sha1 = new SHA1PasswordHasher();
const bareMd5 = new UnsaltedMD5PasswordHasher();
const bareSha1 = new UnsaltedSHA1PasswordHasher();
const old: PasswordHashers = [md5, sha1, bareMd5, bareSha1];

/** Stored by Django for `correct horse battery`. */
const stored: [algorithm: string, encoded: string][] = [
  ['md5', 'md5$saltedmd5$7a16e0a8d12dddce333bf301abce93f1'],
  ['sha1', 'sha1$saltedsha1$8ffecc45cac26595cfca1823669857861cdb75ca'],
  ['unsalted_md5', '88e4ddd2402d92d50e1879d6ecd9ffd4'],
  ['unsalted_md5', 'md5$$88e4ddd2402d92d50e1879d6ecd9ffd4'],
  ['unsalted_sha1', 'sha1$$98decc62ece399a22ed30d490ef333be7fde7385'],
];

describe('the hashers of long ago', () => {
  it.each(stored)('verify what Django wrote: %s, %s (A-048)', async (algorithm, encoded) => {
    expect(identifyHasher(encoded, old)?.algorithm).toBe(algorithm);
    expect((await checkPassword('correct horse battery', encoded, old)).ok).toBe(true);
    expect((await checkPassword('correct horse batteryx', encoded, old)).ok).toBe(false);
  });

  it('write what Django wrote (A-048)', async () => {
    expect(await sha1.encode('pässwörd☃', 'NaCl')).toBe('sha1$NaCl$35f93c2a2c236857fa9ecb23edbcb89e437fd462');
    expect(await bareMd5.encode('pässwörd☃', '')).toBe('2a98945972931e2c77ee8556e2078380');
    expect(await bareSha1.encode('pässwörd☃', '')).toBe('sha1$$ffca371c80d1e00254f6a67710e9a60e74eb3a51');
  });

  it('know nothing that an app did not put into its list', () => {
    for (const [, encoded] of stored) expect(identifyHasher(encoded)).toBeNull();
  });

  it.each([
    '88E4DDD2402D92D50E1879D6ECD9FFD4',
    '88e4ddd2402d92d50e1879d6ecd9ffd',
    'g8e4ddd2402d92d50e1879d6ecd9ffd4',
    'md5$88e4ddd2402d92d50e1879d6ecd9ffd4',
    'sha1$98decc62ece399a22ed30d490ef333be7fde7385',
    'sha1$$98decc62ece399a22ed30d490ef333be7fde738',
    'sha1$$$98decc62ece399a22ed30d490ef333be7fde7385',
  ])('do not take %s for one of theirs', (encoded) => {
    expect(identifyHasher(encoded, old)).toBeNull();
  });

  it('salt where they can (A-049)', async () => {
    await expect(sha1.encode('secret', '')).rejects.toThrow(RangeError);
    await expect(bareMd5.encode('secret', 'salt')).rejects.toThrow(RangeError);
    expect(sha1.mustUpdate('sha1$short$hash')).toBe(true);
    expect(bareMd5.mustUpdate()).toBe(false);
  });

  it('cost a run of the preferred hasher when they refuse, for an attacker must not find rows that old', async () => {
    const preferred = new MeasuredHasher({ iterations: 7 });
    for (const [, encoded] of stored) {
      const hashers: PasswordHashers = [preferred, ...old];
      expect(await preferred.during(() => checkPassword('wrong', encoded, hashers))).toBe(7);
      expect(await checkPassword('correct horse battery', encoded, hashers)).toEqual({ ok: true, mustUpdate: true });
    }
  });
});
