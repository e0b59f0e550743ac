import { createHash } from 'node:crypto';
import type { RawPassword } from './hasher';
import { SaltedPasswordHasher } from './salted';
import type { HashParameters } from './salted';

/**
 * `md5$<salt>$<hex>`: costs nothing and so protects nothing. It is for test suites that log in a lot, and for reading
 * very old rows.
 */
export class MD5PasswordHasher extends SaltedPasswordHasher<HashParameters> {
  readonly algorithm: string = 'md5';

  protected parametersFor(salt: string): HashParameters {
    return { salt };
  }

  protected decode(encoded: string): HashParameters | null {
    const [salt = ''] = this.split(encoded, 2) ?? [];
    return salt === '' ? null : { salt };
  }

  protected hash(password: RawPassword, { salt }: HashParameters): Promise<string> {
    const digest = createHash('md5').update(salt).update(password).digest('hex');
    return Promise.resolve([this.algorithm, salt, digest].join('$'));
  }
}
