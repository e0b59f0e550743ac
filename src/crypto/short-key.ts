import { createHash } from 'node:crypto';

/** What an index holds. */
const MAX_LENGTH = 200;

/** A key that any storage takes. Clients may write thousands of characters into an identity: then it is the digest. */
export function shortKey(key: string): string {
  // PostgreSQL has no place for a NUL.
  const fits = key.length <= MAX_LENGTH && !key.includes('\0');
  return fits ? key : createHash('sha256').update(key).digest('base64');
}
