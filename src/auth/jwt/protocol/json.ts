import { isUtf8 } from 'node:buffer';
import { InvalidJSON, readJSON } from '../../../http/json-reader';
import { isPlainJSON } from '../../../http/json';
import { JWTError } from './errors';

/** The members of a header, or the claims of a token. */
export type JSONObject = Record<string, unknown>;

/**
 * The JSON object in the bytes. Integers beyond 2^53 come as `bigint`: rounded, they would name another user.
 *
 * A name that stands twice is refused (RFC 7515, section 4; RFC 7519, section 4), at any depth: of two parsers, one
 * takes the first value and the other the last.
 *
 * @throws JWTError
 */
export function parseObject(bytes: Buffer): JSONObject {
  try {
    return readObject(bytes);
  } catch (cause) {
    // Thousands of brackets exhaust the stack.
    if (!(cause instanceof InvalidJSON) && !(cause instanceof RangeError)) throw cause;
    throw new JWTError('malformed', 'A part of the token is no JSON.', { cause });
  }
}

function readObject(bytes: Buffer): JSONObject {
  if (!isUtf8(bytes)) throw new JWTError('malformed', 'A part of the token is no UTF-8.');
  const text = bytes.toString('utf8');
  const value = readJSON(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new JWTError('malformed', 'A part of the token is no JSON object.');
  }
  if (hasRepeatedName(text, value)) throw new JWTError('malformed', 'A name stands twice in the token.');
  return value as JSONObject;
}

/** What JSON consists of, as far as names are concerned. The text is known to be JSON. */
const PIECES = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/g;

function hasRepeatedName(text: string, value: object): boolean {
  // A text that is written again just so has lost nothing, and most tokens are written without blanks.
  if (isPlainJSON(value) && JSON.stringify(value) === text) return false;
  const open: Set<string>[] = [];
  for (const [piece, colon] of text.matchAll(PIECES)) {
    if (piece === '{') open.push(new Set());
    else if (piece === '}') open.pop();
    else if (colon !== undefined) {
      const name = JSON.parse(piece.slice(0, -colon.length)) as string;
      const names = open.at(-1)!;
      if (names.has(name)) return true;
      names.add(name);
    }
  }
  return false;
}
