import { createHash } from 'node:crypto';

/** The mark of a hashed key. No key that was ever made has it: DRF's are hexadecimal. */
const MARK = '$';

/** With the mark, what DRF's column holds: 40 characters. */
const DIGEST_LENGTH = 39;

const HASHED = /^\$[A-Za-z0-9_-]{39}$/;

/**
 * The form of a key that a thief of the database can't log in with: `$` and 39 characters of the SHA-256 of the key, in
 * base64url. That is 234 bits, and as long as the key that stood there before. A key is random, so it needs no salt.
 */
export function hashKey(key: string): string {
  return MARK + createHash('sha256').update(key).digest('base64url').slice(0, DIGEST_LENGTH);
}

/**
 * Whether a text has the form of a hashed key. Such a text is never taken for a key: it would be one that somebody has
 * read in a database.
 */
export function isHashedKey(text: string): boolean {
  return HASHED.test(text);
}
