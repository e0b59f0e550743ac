import { createHash } from 'node:crypto';

/** What any storage takes as a key: no more than an index holds, and no NUL, which PostgreSQL has no place for. */
const FITS = /^[^\0]{0,200}$/;

/** A key that any storage takes. Clients may write thousands of characters into an identity: then it is the digest. */
export function shortKey(key: string): string {
  return FITS.test(key) ? key : createHash('sha256').update(key).digest('base64');
}
