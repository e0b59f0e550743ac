import type { RandomSource } from '../random';

/** A password as a client gave it. Text is hashed as UTF-8. */
export type RawPassword = string | Uint8Array;

/**
 * One way to store passwords, as Django's hashers do it: the stored text is `algorithm$...`, with all that verifying
 * needs.
 *
 * `verify`, `mustUpdate` and `hardenRuntime` are called only with what `recognizes` accepted.
 */
export interface PasswordHasher {
  /** The part of the stored text before the first `$`. */
  readonly algorithm: string;
  /**
   * Whether its work is next to none. A refusal by such a hash then costs a run of the preferred hasher, so that time
   * doesn't tell whose row is that old. @default false
   */
  readonly isCheap?: boolean;
  /** A fresh salt. */
  salt(random: RandomSource): string;
  /** @throws RangeError when the salt is empty or holds a `$` */
  encode(password: RawPassword, salt: string): Promise<string>;
  /**
   * Whether `encoded` is a well-formed hash of this algorithm, and one that asks for a bearable amount of work: the
   * stored text chooses the cost, and a damaged or planted row must not be able to stall the process.
   */
  recognizes(encoded: string): boolean;
  verify(password: RawPassword, encoded: string): Promise<boolean>;
  /** Whether the cost differs from this hasher's own, in either direction, or the salt is too short. */
  mustUpdate(encoded: string): boolean;
  /** Does the work that a wrong password was spared where `encoded` is cheaper than this hasher's own hashes. */
  hardenRuntime(password: RawPassword, encoded: string): Promise<void>;
}
