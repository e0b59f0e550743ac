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

/** What checks a signature: a key, and the one algorithm that it is for. */
export interface Verifier {
  readonly algorithm: JWSAlgorithm;
  readonly key: KeyObject;
}

/** A token whose header was read and holds nothing that must be refused. Its signature was not looked at. */
export interface OpenedJWS {
  readonly header: JSONObject;
  /** What the signature is of. */
  readonly signed: string;
  /** In base64url, as all that wasn't decoded yet. */
  readonly payload: string;
  readonly signature: string;
}

/**
 * Reads the header of a token, by which its key may be found.
 * @param options.embeddedKey takes the header `jwk`: for what proves that its sender holds that key, and nothing else
 * @throws JWTError
 */
export function openCompact(token: string, options: { readonly embeddedKey?: boolean } = {}): OpenedJWS {
  const [first, payload, signature] = splitCompact(token);
  const header = parseObject(decodeBase64url(first));
  assertHeader(header, options.embeddedKey === true);
  return { header, signed: `${first}.${payload}`, payload, signature };
}

/**
 * Header and payload of a token that one of the verifiers finds well signed. The algorithm is the verifier's own: the
 * token may only agree.
 * @throws JWTError
 */
export function verifyOpened(opened: OpenedJWS, verifiers: readonly Verifier[]): CompactJWS {
  const { header, signed, payload } = opened;
  const name = Object.hasOwn(header, 'alg') ? header['alg'] : undefined;
  const fitting = verifiers.filter(({ algorithm }) => algorithm.name === name);
  if (fitting.length === 0) throw new JWTError('algorithm', 'The token is signed with another algorithm or key.');
  const signature = decodeBase64url(opened.signature);
  if (!fitting.some(({ algorithm, key }) => algorithm.verify(signed, key, signature))) {
    throw new JWTError('signature', 'The signature is wrong.');
  }
  return { header, payload: decodeBase64url(payload) };
}

/**
 * Header and payload of a token with a good signature.
 * @throws JWTError
 */
export function verifyCompact(token: string, verifier: Verifier): CompactJWS {
  return verifyOpened(openCompact(token), [verifier]);
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
const EMBEDDED_KEYS = ['jku', 'x5u', 'x5c'] as const;

function assertHeader(header: JSONObject, takesKey: boolean): void {
  // RFC 7515, section 4.1.11: what one doesn't know must be refused, and no extension is known here.
  if (Object.hasOwn(header, 'crit')) throw new JWTError('header', "The token has a header 'crit'.");
  const embedded = EMBEDDED_KEYS.find((name) => Object.hasOwn(header, name));
  if (embedded !== undefined) throw new JWTError('header', `The token has a header '${embedded}'.`);
  if (!takesKey && Object.hasOwn(header, 'jwk')) throw new JWTError('header', "The token has a header 'jwk'.");
  for (const name of ['typ', 'kid'] as const) {
    if (Object.hasOwn(header, name) && typeof header[name] !== 'string') {
      throw new JWTError('header', `The header '${name}' is no text.`);
    }
  }
}
