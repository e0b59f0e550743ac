import { createHash, type JsonWebKey, type KeyObject } from 'node:crypto';
import { constantTimeEqual } from '../../../crypto/compare';
import { findAlgorithm, type AlgorithmName, type JWSAlgorithm } from './algorithms';
import { JWTError } from './errors';
import { parseObject, type JSONObject } from './json';
import { readPublicKey } from './jwk-set';
import { openCompact, verifyOpened } from './jws';
import { UnfitKey } from './keys';
import { jwkThumbprint } from './thumbprint';

/** What a request is like that a proof comes with (RFC 9449, section 4.3). Times are in seconds. */
export interface ProofRules {
  readonly method: string;
  /** The URL of the request; query and fragment don't count. */
  readonly uri: string;
  /** Since 1970. */
  readonly now: number;
  /** How old a proof may be. */
  readonly maxAge: number;
  /** How far a client's clock may be ahead. */
  readonly skew: number;
  readonly algorithms: readonly AlgorithmName[];
  /** The access token that the request carries; null where it carries none, as at a log in. */
  readonly accessToken: string | null;
}

/** What a good proof shows: that its sender holds a key, now and for this request. */
export interface DPoPProof {
  /** The thumbprint of the key, by RFC 7638. */
  readonly jkt: string;
  /** The number of the proof. Whether it is the first time, the caller finds out. */
  readonly jti: string;
  /** What the server gave to be put in; null where nothing was. Whether it is good, the caller finds out. */
  readonly nonce: string | null;
}

/** A longer proof is refused before anything of it is read. The longest keys make one of 2 KiB. */
const MAX_PROOF_LENGTH = 4096;

/** Longer keys cost more time than a stranger should have. */
const MAX_RSA_BITS = 4096;

/**
 * Checks a DPoP proof.
 * @throws JWTError
 */
export function verifyProof(proof: string, rules: ProofRules): DPoPProof {
  if (proof.length > MAX_PROOF_LENGTH) throw new JWTError('too_large', 'The proof is too long.');
  const opened = openCompact(proof, { embeddedKey: true });
  if (opened.header['typ'] !== 'dpop+jwt') throw new JWTError('header', 'The proof is not of the type dpop+jwt.');
  const algorithm = algorithmOf(opened.header, rules.algorithms);
  const key = keyOf(opened.header, algorithm);
  const claims = parseObject(verifyOpened(opened, [{ algorithm, key }]).payload);
  const jti = textIn(claims, 'jti');
  if (textIn(claims, 'htm') !== rules.method) throw refused('The proof is for another method.');
  checkUri(textIn(claims, 'htu'), rules.uri);
  checkMoment(claims['iat'], rules);
  if (rules.accessToken !== null) checkAccessToken(textIn(claims, 'ath'), rules.accessToken);
  const nonce = Object.hasOwn(claims, 'nonce') ? textIn(claims, 'nonce') : null;
  // Of the key as it was read: a JWK can be written in several ways.
  return { jkt: jwkThumbprint(key.export({ format: 'jwk' })), jti, nonce };
}

function refused(message: string): JWTError {
  return new JWTError('proof', message);
}

function algorithmOf({ alg }: JSONObject, allowed: readonly AlgorithmName[]): JWSAlgorithm {
  const name = allowed.find((candidate) => candidate === alg);
  const algorithm = name === undefined ? undefined : findAlgorithm(name);
  if (algorithm === undefined || algorithm.keyType === 'secret') {
    throw new JWTError('algorithm', 'The proof is signed with an algorithm that is not taken.');
  }
  return algorithm;
}

function keyOf({ jwk }: JSONObject, algorithm: JWSAlgorithm): KeyObject {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) {
    throw new JWTError('header', 'The proof holds no key.');
  }
  try {
    const key = readPublicKey(algorithm, jwk as JsonWebKey);
    if ((key.asymmetricKeyDetails?.modulusLength ?? 0) <= MAX_RSA_BITS) return key;
  } catch (cause) {
    if (!(cause instanceof UnfitKey)) throw cause;
    throw new JWTError('header', 'The key of the proof does not fit.', { cause });
  }
  throw new JWTError('header', 'The key of the proof is too long.');
}

function textIn(claims: JSONObject, name: string): string {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
  if (typeof value === 'string' && value !== '') return value;
  throw new JWTError('claims', `The claim '${name}' of the proof is missing, or is no text.`);
}

function checkUri(given: string, uri: string): void {
  const wanted = comparableUri(uri);
  if (wanted === null || comparableUri(given) !== wanted) throw refused('The proof is for another URL.');
}

/**
 * A URL in the one form of all that mean the same (RFC 3986, sections 6.2.2 and 6.2.3), without query and fragment; null
 * for what is no plain http URL.
 */
export function comparableUri(text: string): string | null {
  if (!/^https?:\/\/[^\s\\]+$/i.test(text) || !URL.canParse(text)) return null;
  const { origin, pathname, username, password } = new URL(text);
  if (username !== '' || password !== '') return null;
  return origin + pathname.replace(/%[0-9a-f]{2}/gi, normalEscape);
}

function normalEscape(escape: string): string {
  const char = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
  return /[\w.~-]/.test(char) ? char : escape.toUpperCase();
}

function checkMoment(issuedAt: unknown, { now, maxAge, skew }: ProofRules): void {
  if (typeof issuedAt !== 'number' || !Number.isFinite(issuedAt)) {
    throw new JWTError('claims', "The claim 'iat' of the proof is no number of seconds.");
  }
  if (issuedAt > now + skew) throw refused('The proof is from the future.');
  if (issuedAt <= now - maxAge) throw refused('The proof is too old.');
}

function checkAccessToken(given: string, accessToken: string): void {
  const wanted = createHash('sha256').update(accessToken, 'latin1').digest('base64url');
  if (!constantTimeEqual(given, wanted)) throw refused('The proof is for another access token.');
}
