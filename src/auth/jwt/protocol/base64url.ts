import { JWTError } from './errors';

const ALPHABET = /^[A-Za-z0-9_-]*$/;

/**
 * The bytes of a text in base64url without padding (RFC 7515, section 2). There is one way to write them: blanks,
 * padding, the other alphabet and bits after the last byte would give the same token many forms, and a list of tokens
 * that were called back could be passed with another one.
 *
 * @throws JWTError
 */
export function decodeBase64url(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  if (!ALPHABET.test(text) || bytes.toString('base64url') !== text) {
    throw new JWTError('malformed', 'A part of the token is no base64url.');
  }
  return bytes;
}

export function encodeBase64url(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url');
}
