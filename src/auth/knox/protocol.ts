import { createHash, createHmac } from 'node:crypto';
import { constantTimeEqual } from '../../crypto/compare';
import type { RandomSource } from '../../crypto/random';

/** What the columns of knox can hold, in characters. */
export const CONSTANTS = Object.freeze({
  /** How much of a token stands in the table in clear, to find its row by. */
  TOKEN_KEY_LENGTH: 15,
  DIGEST_LENGTH: 128,
  MAXIMUM_TOKEN_PREFIX_LENGTH: 10,
});

/** The same in the tables of knox 4. */
const TOKEN_KEY_LENGTH_4 = 8;

/** Makes the digest of a token; its hexadecimal text has 128 digits. */
export type TokenHash = (bytes: Uint8Array) => string;

/** The digests of Node that are 64 bytes long, as knox's column wants them. */
export const hashAlgorithms = Object.freeze(['sha512', 'sha3-512', 'blake2b512'] as const);
/** The name of a digest that knox may keep tokens under. */
export type HashAlgorithm = (typeof hashAlgorithms)[number];

/** The digest of this name. */
export function toTokenHash(algorithm: HashAlgorithm | TokenHash): TokenHash {
  return typeof algorithm === 'function' ? algorithm : (bytes) => createHash(algorithm).update(bytes).digest('hex');
}

/** The random part of a token: hexadecimal digits. */
export function createTokenString(length: number, random: RandomSource): string {
  return random.bytes(Math.floor(length / 2)).toString('hex');
}

/** The bytes of a token that are hashed: its text, since a prefix need not be hexadecimal. */
export function makeHexCompatible(token: string): Buffer {
  return Buffer.from(token, 'utf8');
}

/** What stands in the table for a token. */
export function hashToken(token: string, hash: TokenHash = toTokenHash('sha512')): string {
  return hash(makeHexCompatible(token));
}

/** The start of a token, counted in characters as Python counts them. */
export function tokenKey(token: string, length: number = CONSTANTS.TOKEN_KEY_LENGTH): string {
  // No character takes more than two units of UTF-16; a header may hold many more.
  return Array.from(token.slice(0, 2 * length))
    .slice(0, length)
    .join('');
}

/** What of a token that a client sent is compared with the table. */
export interface PresentedToken {
  /** The texts that its row may be found by. */
  readonly keys: readonly string[];
  readonly digests: readonly string[];
}

export interface PresentOptions {
  readonly hash: TokenHash;
  /** Whether rows of knox 4 count. */
  readonly acceptKnox4Tokens: boolean;
}

/** Prepares a token for the look-up. */
export function presentToken(token: string, { hash, acceptKnox4Tokens }: PresentOptions): PresentedToken {
  const keys = [tokenKey(token)];
  const digests = [hashToken(token, hash)];
  // Knox 4 hashed the bytes that the digits stand for, and knew no prefix.
  if (acceptKnox4Tokens && /^(?:[0-9a-f]{2})+$/i.test(token)) {
    keys.push(tokenKey(token, TOKEN_KEY_LENGTH_4));
    digests.push(hash(Buffer.from(token, 'hex')));
  }
  return { keys, digests };
}

/** Whether the row is that of the token. */
export function isRowOf({ digests }: PresentedToken, digest: string): boolean {
  return digests.map((each) => constantTimeEqual(each, digest)).includes(true);
}

/**
 * A mark of a password by which a token can tell that there is another one. It is made with the token, which the server
 * doesn't keep, so the table says nothing of the password.
 */
export function passwordDigest(token: string, password: string): string {
  return createHmac('sha256', token).update(password).digest('hex');
}
