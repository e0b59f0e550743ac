import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import type { RawPassword } from './hasher';
import { parseCost, SaltedPasswordHasher } from './salted';
import type { HashParameters } from './salted';

const derive = promisify(pbkdf2);

/** The default of Django 5.2. */
const DEFAULT_ITERATIONS = 1_000_000;
/** Some seconds of one core, and eight times what Django 6.0 asks for. */
const MAX_ITERATIONS = 10_000_000;

/** What new hashes of PBKDF2 cost. */
export interface PBKDF2Options {
  /**
   * The number of rounds for new hashes; a test suite may well take 1.
   * @default 1_000_000
   */
  readonly iterations?: number;
}

interface PBKDF2Parameters extends HashParameters {
  readonly iterations: number;
}

/** `pbkdf2_sha256$<iterations>$<salt>$<base64 of 32 bytes>`: Django's default format. */
export class PBKDF2PasswordHasher extends SaltedPasswordHasher<PBKDF2Parameters> {
  readonly algorithm: string = 'pbkdf2_sha256';
  readonly iterations: number;
  protected readonly digest: string = 'sha256';
  /** The length of the hash in bytes. */
  protected readonly size: number = 32;

  /** @throws RangeError unless `iterations` is a positive whole number */
  constructor({ iterations = DEFAULT_ITERATIONS }: PBKDF2Options = {}) {
    super();
    if (!Number.isSafeInteger(iterations) || iterations < 1) {
      throw new RangeError(`iterations must be a positive whole number, got ${String(iterations)}.`);
    }
    this.iterations = iterations;
  }

  override async hardenRuntime(password: RawPassword, encoded: string): Promise<void> {
    const stored = this.decode(encoded);
    if (stored === null || stored.iterations >= this.iterations) return;
    await this.hash(password, { salt: stored.salt, iterations: this.iterations - stored.iterations });
  }

  protected parametersFor(salt: string): PBKDF2Parameters {
    return { salt, iterations: this.iterations };
  }

  protected decode(encoded: string): PBKDF2Parameters | null {
    const [iterationsText = '', salt = ''] = this.split(encoded, 3) ?? [];
    const iterations = parseCost(iterationsText);
    const bearable = iterations <= Math.max(MAX_ITERATIONS, this.iterations);
    return bearable && salt !== '' ? { salt, iterations } : null;
  }

  protected async hash(password: RawPassword, { salt, iterations }: PBKDF2Parameters): Promise<string> {
    const hash = await derive(password, salt, iterations, this.size, this.digest);
    return [this.algorithm, iterations, salt, hash.toString('base64')].join('$');
  }
}

/** `pbkdf2_sha1$<iterations>$<salt>$<base64 of 20 bytes>`: for hashes of sites that had chosen it. */
export class PBKDF2SHA1PasswordHasher extends PBKDF2PasswordHasher {
  override readonly algorithm: string = 'pbkdf2_sha1';
  protected override readonly digest: string = 'sha1';
  protected override readonly size: number = 20;
}
