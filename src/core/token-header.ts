import { decodeBytes, UTF_8 } from '../http/charset';
import { splitOnAsciiWhitespace } from '../http/headers';
import { getAuthorizationHeader } from './authentication';
import { AuthenticationFailed } from './exceptions';
import type { Request } from './request';

/**
 * The token of `Authorization: <keyword> <token>`, for schemes that send one word. The keyword is compared without case.
 *
 * @returns null when the header is absent, or for another scheme
 * @throws AuthenticationFailed with DRF's texts when something else than one word follows the keyword
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
export function readTokenHeader(request: Request<any, any>, keyword: string): string | null {
  const header = getAuthorizationHeader(request);
  if (header === undefined) return null;
  const usual = usualWord(header, keyword);
  if (usual !== null) return usual;
  const parts = splitOnAsciiWhitespace(header);
  if (parts[0]?.toLowerCase() !== keyword.toLowerCase()) return null;
  if (parts.length === 1) throw new AuthenticationFailed('Invalid token header. No credentials provided.');
  if (parts.length > 2) throw new AuthenticationFailed('Invalid token header. Token string should not contain spaces.');
  return decodeWord(parts[1]!);
}

const VISIBLE_ASCII = /^[!-~]+$/;

/** The token as nearly every client sends it: the keyword as it is written here, one blank and a word in ASCII. */
function usualWord(header: string, keyword: string): string | null {
  if (header.indexOf(' ') !== keyword.length || !header.startsWith(keyword)) return null;
  const word = header.slice(keyword.length + 1);
  return VISIBLE_ASCII.test(word) ? word : null;
}

/** The bytes of the header as UTF-8 text; Node hands them out as latin-1 characters. */
function decodeWord(word: string): string {
  if (!/[\u0080-\u00ff]/.test(word)) return word;
  try {
    return decodeBytes(Buffer.from(word, 'latin1'), UTF_8);
  } catch {
    throw new AuthenticationFailed('Invalid token header. Token string should not contain invalid characters.');
  }
}
