import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Django's own file, see the licence beside it. */
const DJANGO_LIST = join(__dirname, 'common-passwords.txt.gz');
/** How a file of gzip begins (RFC 1952 section 2.3.1). */
const GZIP = Buffer.from([0x1f, 0x8b]);

/** The passwords of a list, one a line. */
export function readCommonPasswords(path = DJANGO_LIST): ReadonlySet<string> {
  const bytes = readFileSync(path);
  const text = bytes.subarray(0, GZIP.length).equals(GZIP) ? gunzipSync(bytes) : bytes;
  return new Set(text.toString('utf8').split('\n').map(withoutMargins));
}

/** The text without what Python's `strip` takes away; JavaScript's `trim` knows other characters. */
export function withoutMargins(text: string): string {
  // By hand: a pattern for the end would look at a long row of blanks again from each of them.
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text[start]!)) start++;
  while (end > start && isBlank(text[end - 1]!)) end--;
  return text.slice(start, end);
}

function isBlank(character: string): boolean {
  return /\p{White_Space}/u.test(character) || (character >= '\x1c' && character <= '\x1f');
}
