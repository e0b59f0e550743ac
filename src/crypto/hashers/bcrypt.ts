import type * as BCrypt from '@node-rs/bcrypt';
import { createHash } from 'node:crypto';
import { constantTimeEqual } from '../compare';
import type { RandomSource } from '../random';
import type { PasswordHasher, RawPassword } from './hasher';
import { missingPackage } from './optional-package';

/** Each more doubles the work: some seconds of one core, and sixteen times what Django asks for. */
const MAX_ROUNDS = 16;
/** What the algorithm knows: 2^4 to 2^31 rounds. */
const LAWFUL = { least: 4, most: 31 };
const SALT_BYTES = 16;

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const BCRYPT_BASE64 = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Version, rounds and salt; the last character of 16 bytes holds two bits, so that only four are possible. */
const SALT = /^\$(2[aby])\$(\d\d)\$([./A-Za-z0-9]{21}[.Oeu])/;
const SALT_LENGTH = 29;
const HASH = new RegExp(`${SALT.source}[./A-Za-z0-9]{31}$`);

/** What new hashes of bcrypt cost. */
export interface BCryptOptions {
  /** The logarithm of the number of rounds for new hashes. @default 12 */
  readonly rounds?: number;
}

/**
 * `bcrypt_sha256$$2b$12$<salt><hash>`: bcrypt over the SHA-256 of the password in hexadecimal digits, so that every
 * character of a long password counts. It needs the package `@node-rs/bcrypt`, which the first hash loads.
 *
 * @throws ImproperlyConfigured by its methods, when that package is missing
 */
export class BCryptSHA256PasswordHasher implements PasswordHasher {
  readonly algorithm: string = 'bcrypt_sha256';
  readonly rounds: number;

  /** @throws RangeError unless `rounds` is a whole number from 4 to 31 */
  constructor({ rounds = 12 }: BCryptOptions = {}) {
    if (!Number.isInteger(rounds) || rounds < LAWFUL.least || rounds > LAWFUL.most) {
      throw new RangeError(`rounds must be a whole number from 4 to 31, got ${String(rounds)}.`);
    }
    this.rounds = rounds;
  }

  /** Version, rounds and random bytes, as `bcrypt.gensalt` of Python gives them. */
  salt(random: RandomSource): string {
    return `${prefix(this.rounds)}${toBase64(random.bytes(SALT_BYTES))}`;
  }

  async encode(password: RawPassword, salt: string): Promise<string> {
    if (!SALT.test(salt)) throw new RangeError('salt must be one of bcrypt, with its version and rounds.');
    const hash = await load().hash(this.prepare(password), { salt: salt.slice(0, SALT_LENGTH) });
    return `${this.algorithm}$${hash}`;
  }

  recognizes(encoded: string): boolean {
    const rounds = this.#roundsOf(encoded);
    return rounds >= LAWFUL.least && rounds <= Math.max(MAX_ROUNDS, this.rounds);
  }

  async verify(password: RawPassword, encoded: string): Promise<boolean> {
    return constantTimeEqual(await this.encode(password, this.#hashIn(encoded)), encoded);
  }

  mustUpdate(encoded: string): boolean {
    return this.#roundsOf(encoded) !== this.rounds;
  }

  /** Each step doubles the work, so the missing rounds are those of all steps from the stored one on. */
  async hardenRuntime(password: RawPassword, encoded: string): Promise<void> {
    const salt = this.#hashIn(encoded).slice(prefix(0).length);
    for (let rounds = this.#roundsOf(encoded); rounds < this.rounds; rounds++) {
      await this.encode(password, `${prefix(rounds)}${salt}`);
    }
  }

  /** The bytes that bcrypt is given. */
  protected prepare(password: RawPassword): RawPassword {
    return createHash('sha256').update(password).digest('hex');
  }

  #hashIn(encoded: string): string {
    const start = `${this.algorithm}$`;
    return encoded.startsWith(start) ? encoded.slice(start.length) : '';
  }

  #roundsOf(encoded: string): number {
    const [, , rounds] = HASH.exec(this.#hashIn(encoded)) ?? [];
    return Number(rounds ?? Number.NaN);
  }
}

/**
 * `bcrypt$$2b$12$<salt><hash>`: bcrypt over the password itself, of which it reads 72 bytes and no more: two long
 * passwords that begin alike are the same to it. For hashes of sites that had chosen it; new ones are better off with
 * `BCryptSHA256PasswordHasher`.
 */
export class BCryptPasswordHasher extends BCryptSHA256PasswordHasher {
  override readonly algorithm: string = 'bcrypt';

  protected override prepare(password: RawPassword): RawPassword {
    return password;
  }
}

function prefix(rounds: number): string {
  return `$2b$${String(rounds).padStart(2, '0')}$`;
}

function toBase64(bytes: Buffer): string {
  const characters = bytes.toString('base64').replaceAll('=', '');
  return Array.from(characters, (character) => BCRYPT_BASE64[BASE64.indexOf(character)]).join('');
}

function load(): typeof BCrypt {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it for everybody
    return require('@node-rs/bcrypt') as typeof BCrypt;
  } catch (cause) {
    throw missingPackage('bcrypt', '@node-rs/bcrypt', cause);
  }
}
