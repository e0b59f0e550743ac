import { createHash } from 'node:crypto';
import { constantTimeEqual } from '../compare';
import type { PasswordHasher, RawPassword } from './hasher';
import { SaltedPasswordHasher } from './salted';
import type { HashParameters } from './salted';

/**
 * Hashes of one round. They cost nothing and so protect nothing: they are for reading very old rows, which become better
 * ones at the next log in, and MD5 also for test suites that log in a lot.
 */

type DigestName = 'md5' | 'sha1';

/** `<algorithm>$<salt>$<hex>`: the digest of salt and password. */
abstract class DigestPasswordHasher extends SaltedPasswordHasher<HashParameters> {
  override readonly isCheap = true;
  protected abstract readonly digest: DigestName;

  protected parametersFor(salt: string): HashParameters {
    return { salt };
  }

  protected decode(encoded: string): HashParameters | null {
    const [salt = ''] = this.split(encoded, 2) ?? [];
    return salt === '' ? null : { salt };
  }

  protected hash(password: RawPassword, { salt }: HashParameters): Promise<string> {
    const digest = createHash(this.digest).update(salt).update(password).digest('hex');
    return Promise.resolve([this.algorithm, salt, digest].join('$'));
  }
}

/** `md5$<salt>$<hex>`. */
export class MD5PasswordHasher extends DigestPasswordHasher {
  readonly algorithm: string = 'md5';
  protected readonly digest = 'md5';
}

/** `sha1$<salt>$<hex>`: what Django wrote before 1.4. */
export class SHA1PasswordHasher extends DigestPasswordHasher {
  readonly algorithm: string = 'sha1';
  protected readonly digest = 'sha1';
}

/** The digest of the password alone. */
abstract class UnsaltedPasswordHasher implements PasswordHasher {
  abstract readonly algorithm: string;
  readonly isCheap = true;
  protected abstract readonly digest: DigestName;
  /** What stands before the digest in new hashes. */
  protected abstract readonly prefix: string;
  protected abstract readonly pattern: RegExp;

  salt(): string {
    return '';
  }

  encode(password: RawPassword, salt: string): Promise<string> {
    if (salt !== '') return Promise.reject(new RangeError('salt must be empty.'));
    return Promise.resolve(this.prefix + createHash(this.digest).update(password).digest('hex'));
  }

  recognizes(encoded: string): boolean {
    return this.pattern.test(encoded);
  }

  async verify(password: RawPassword, encoded: string): Promise<boolean> {
    const [digest = ''] = encoded.split('$').slice(-1);
    return constantTimeEqual(await this.encode(password, ''), this.prefix + digest);
  }

  mustUpdate(): boolean {
    return false;
  }

  hardenRuntime(): Promise<void> {
    return Promise.resolve();
  }
}

/** 32 hexadecimal digits, or these behind `md5$$`: what the first Django wrote. */
export class UnsaltedMD5PasswordHasher extends UnsaltedPasswordHasher {
  readonly algorithm: string = 'unsalted_md5';
  protected readonly digest = 'md5';
  protected readonly prefix = '';
  protected readonly pattern = /^(?:md5\$\$)?[0-9a-f]{32}$/;
}

/** `sha1$$<hex>`. */
export class UnsaltedSHA1PasswordHasher extends UnsaltedPasswordHasher {
  readonly algorithm: string = 'unsalted_sha1';
  protected readonly digest = 'sha1';
  protected readonly prefix = 'sha1$$';
  protected readonly pattern = /^sha1\$\$[0-9a-f]{40}$/;
}
