import { constantTimeEqual } from '../compare';
import { randomString } from '../random';
import type { RandomSource } from '../random';
import type { PasswordHasher, RawPassword } from './hasher';

const SALT_ENTROPY_BITS = 128;
const BITS_PER_CHARACTER = Math.log2(62);
/** The least number of letters and digits that reaches the entropy: 22. */
const SALT_LENGTH = Math.ceil(SALT_ENTROPY_BITS / BITS_PER_CHARACTER);

/** What a stored hash says beside the hash itself: the salt, and the cost in the words of the algorithm. */
export interface HashParameters {
  readonly salt: string;
}

/** What hashers have in common whose stored text is a list of parameters and a hash, joined by `$`. */
export abstract class SaltedPasswordHasher<P extends HashParameters> implements PasswordHasher {
  abstract readonly algorithm: string;
  readonly isCheap: boolean = false;

  /** The parameters of a new hash. */
  protected abstract parametersFor(salt: string): P;
  /** The parameters of a stored hash, or null when it is malformed or asks for too much. */
  protected abstract decode(encoded: string): P | null;
  /** The whole text to store. */
  protected abstract hash(password: RawPassword, parameters: P): Promise<string>;

  salt(random: RandomSource): string {
    return randomString(SALT_LENGTH, undefined, random);
  }

  async encode(password: RawPassword, salt: string): Promise<string> {
    if (salt === '' || salt.includes('$')) throw new RangeError('salt must be provided and cannot contain $.');
    return this.hash(password, this.parametersFor(salt));
  }

  recognizes(encoded: string): boolean {
    return this.decode(encoded) !== null;
  }

  async verify(password: RawPassword, encoded: string): Promise<boolean> {
    const stored = this.decode(encoded);
    return stored !== null && constantTimeEqual(await this.hash(password, stored), encoded);
  }

  mustUpdate(encoded: string): boolean {
    const stored = this.decode(encoded);
    if (stored === null || stored.salt.length * BITS_PER_CHARACTER < SALT_ENTROPY_BITS) return true;
    const wanted = this.parametersFor(stored.salt);
    return (Object.keys(wanted) as (keyof P)[]).some((name) => stored[name] !== wanted[name]);
  }

  /** Does nothing: only some algorithms can do the missing work in instalments. */
  hardenRuntime(_password: RawPassword, _encoded: string): Promise<void> {
    return Promise.resolve();
  }

  /** The parts between the `$`, if the text is of this algorithm and has as many as it should. */
  protected split(encoded: string, count: number): string[] | null {
    const [algorithm, ...parts] = encoded.split('$');
    return algorithm === this.algorithm && parts.length === count ? parts : null;
  }
}

const DECIMAL = /^[1-9]\d{0,9}$/;

/** A whole number above zero as Django writes it, or NaN, which is within no bounds. */
export function parseCost(text: string): number {
  return DECIMAL.test(text) ? Number(text) : Number.NaN;
}
