import { randomString, systemRandom } from '../random';
import type { RandomSource } from '../random';
import { Argon2PasswordHasher } from './argon2';
import { BCryptSHA256PasswordHasher } from './bcrypt';
import type { PasswordHasher, RawPassword } from './hasher';
import { PBKDF2PasswordHasher, PBKDF2SHA1PasswordHasher } from './pbkdf2';
import { ScryptPasswordHasher } from './scrypt';

/** The hashers of an app: the first makes new hashes, all of them may verify stored ones. */
export type PasswordHashers = readonly [preferred: PasswordHasher, ...others: PasswordHasher[]];

/**
 * What an app has that chooses none: Django's own list. New hashes are PBKDF2-SHA256. The packages of Argon2 and bcrypt
 * are needed when a row holds such a hash, and not before.
 */
export const defaultPasswordHashers: PasswordHashers = Object.freeze([
  new PBKDF2PasswordHasher(),
  new PBKDF2SHA1PasswordHasher(),
  new Argon2PasswordHasher(),
  new BCryptSHA256PasswordHasher(),
  new ScryptPasswordHasher(),
]);

const UNUSABLE_PREFIX = '!';

/** A stored value that no password matches. It is random, so that values derived from it differ from user to user. */
export function makeUnusablePassword(random: RandomSource = systemRandom): string {
  return UNUSABLE_PREFIX + randomString(40, undefined, random);
}

/** Whether a stored value is other than `makeUnusablePassword` makes. An empty one counts as usable, but matches nothing. */
export function isPasswordUsable(encoded: string): boolean {
  return !encoded.startsWith(UNUSABLE_PREFIX);
}

/**
 * The value to store for a password; for null, one that no password matches.
 * @throws TypeError when `raw` is neither text nor bytes
 */
export async function makePassword(
  raw: RawPassword | null,
  hashers: PasswordHashers = defaultPasswordHashers,
  random: RandomSource = systemRandom,
): Promise<string> {
  if (raw === null) return makeUnusablePassword(random);
  if (typeof raw !== 'string' && !((raw as unknown) instanceof Uint8Array)) {
    throw new TypeError(`Password must be a string or bytes, got ${typeof raw}.`);
  }
  const [preferred] = hashers;
  return preferred.encode(raw, preferred.salt(random));
}

/** The hasher that can verify a stored value, or null: an algorithm that the app does not have, or a damaged value. */
export function identifyHasher(
  encoded: string,
  hashers: PasswordHashers = defaultPasswordHashers,
): PasswordHasher | null {
  return hashers.find((hasher) => hasher.recognizes(encoded)) ?? null;
}

/** What `checkPassword` has found. */
export interface PasswordVerdict {
  readonly ok: boolean;
  /** The password is right and should be stored anew with the preferred hasher. */
  readonly mustUpdate: boolean;
}

const REFUSED: PasswordVerdict = Object.freeze({ ok: false, mustUpdate: false });

/**
 * Compares a password with what is stored. It never throws over a stored value: one that is unusable, damaged or absent
 * matches nothing, and costs as much as a wrong password, so that time does not tell such accounts from others.
 * @throws ImproperlyConfigured when it is a hash for which a package is missing
 */
export async function checkPassword(
  raw: RawPassword | null,
  encoded: string | null | undefined,
  hashers: PasswordHashers = defaultPasswordHashers,
): Promise<PasswordVerdict> {
  const stored = encoded ?? '';
  const hasher = identifyHasher(stored, hashers);
  if (raw === null || hasher === null) {
    await makePassword(raw ?? '', hashers);
    return REFUSED;
  }
  if (!(await hasher.verify(raw, stored))) {
    await levelRefusal(raw, stored, hashers);
    return REFUSED;
  }
  const [preferred] = hashers;
  return { ok: true, mustUpdate: hasher.algorithm !== preferred.algorithm || preferred.mustUpdate(stored) };
}

/**
 * Does the rest of the work where a stored hash was cheaper to check than a new one, so that a refusal takes as long as
 * that of an unknown user. It can do nothing about a hash of another algorithm that takes its time too.
 */
export async function levelRefusal(raw: RawPassword, encoded: string, hashers: PasswordHashers): Promise<void> {
  const [preferred] = hashers;
  if (preferred.recognizes(encoded)) await preferred.hardenRuntime(raw, encoded);
  else if (identifyHasher(encoded, hashers)?.isCheap === true) await makePassword(raw, hashers);
}
