import type { KeyObject } from 'node:crypto';
import type { JWSAlgorithm } from './algorithms';
import { decodeBase64url, encodeBase64url } from './base64url';
import { JWTError } from './errors';
import { parseObject, type JSONObject } from './json';

/** A longer token is refused before anything of it is read. Node's headers end at 16 KiB too. */
export const MAX_TOKEN_LENGTH = 16_384;

/** The three parts of a token in the compact form (RFC 7515, section 3.1). */
export interface CompactJWS {
  readonly header: JSONObject;
  readonly payload: Buffer;
}

/** Signs a text: header, payload and signature with points between them. */
export function signCompact(
  payload: string,
  header: Readonly<JSONObject> & { readonly alg: string },
  signer: { readonly algorithm: JWSAlgorithm; readonly key: KeyObject },
): string {
  const data = `${encodeBase64url(JSON.stringify(header))}.${encodeBase64url(payload)}`;
  return `${data}.${signer.algorithm.sign(data, signer.key).toString('base64url')}`;
}

/**
 * Header and payload of a token with a good signature. The algorithm is the verifier's own: the token may only agree.
 * @throws JWTError
 */
export function verifyCompact(
  token: string,
  { algorithm, key }: { readonly algorithm: JWSAlgorithm; readonly key: KeyObject },
): CompactJWS {
  const [first, second, third] = splitCompact(token);
  const header = parseObject(decodeBase64url(first));
  assertHeader(header, algorithm);
  const signature = decodeBase64url(third);
  if (!algorithm.verify(`${first}.${second}`, key, signature)) {
    throw new JWTError('signature', 'The signature is wrong.');
  }
  return { header, payload: decodeBase64url(second) };
}

/**
 * The same without a look at signature and algorithm: what somebody claims, and nothing to rely on.
 * @throws JWTError
 */
export function readCompact(token: string): CompactJWS {
  const [first, second] = splitCompact(token);
  return { header: parseObject(decodeBase64url(first)), payload: decodeBase64url(second) };
}

function splitCompact(token: string): readonly [string, string, string] {
  if (token.length > MAX_TOKEN_LENGTH) throw new JWTError('too_large', 'The token is too long.');
  const parts = token.split('.');
  if (parts.length !== 3) throw new JWTError('malformed', 'The token has not three parts.');
  return parts as [string, string, string];
}

/** Keys that come with the token are the sender's own; who would take them lets the sender choose who is believed. */
const EMBEDDED_KEYS = ['jwk', 'jku', 'x5u', 'x5c'] as const;

function assertHeader(header: JSONObject, algorithm: JWSAlgorithm): void {
  if (!Object.hasOwn(header, 'alg') || header['alg'] !== algorithm.name) {
    throw new JWTError('algorithm', 'The token is signed with another algorithm.');
  }
  // RFC 7515, section 4.1.11: what one doesn't know must be refused, and no extension is known here.
  if (Object.hasOwn(header, 'crit')) throw new JWTError('header', "The token has a header 'crit'.");
  const embedded = EMBEDDED_KEYS.find((name) => Object.hasOwn(header, name));
  if (embedded !== undefined) throw new JWTError('header', `The token has a header '${embedded}'.`);
  for (const name of ['typ', 'kid'] as const) {
    if (Object.hasOwn(header, name) && typeof header[name] !== 'string') {
      throw new JWTError('header', `The header '${name}' is no text.`);
    }
  }
}
