import { JWTError, JWTExpired } from './errors';
import type { JSONObject } from './json';

export interface ClaimRules {
  /** Seconds since 1970. */
  readonly now: number;
  /** Seconds by which the clocks of two servers may differ. @default 0 */
  readonly leeway?: number;
  /** One of these must be among the token's; null: nothing is asked. @default null */
  readonly audience?: string | readonly string[] | null;
  /** One of these must be the token's; null: nothing is asked. @default null */
  readonly issuer?: string | readonly string[] | null;
  /** Takes tokens whose `sub` or `jti` are no texts, against RFC 7519: PyJWT did so until 2.10. @default false */
  readonly takesAnyId?: boolean;
}

/**
 * Checks the registered claims (RFC 7519, section 4.1). Claims that are missing are no error, but for those that the
 * rules ask for.
 *
 * @throws JWTExpired, JWTError
 */
export function checkClaims(claims: JSONObject, rules: ClaimRules): void {
  if (rules.takesAnyId !== true) checkTexts(claims);
  checkTimes(claims, rules.now, rules.leeway ?? 0);
  if (isAsked(rules.audience)) checkAudience(claims, toList(rules.audience));
  if (isAsked(rules.issuer)) checkIssuer(claims, toList(rules.issuer));
}

function checkTexts(claims: JSONObject): void {
  for (const name of ['sub', 'jti']) {
    if (Object.hasOwn(claims, name) && typeof claims[name] !== 'string') {
      throw new JWTError('claims', `The claim '${name}' is no text.`);
    }
  }
}

function checkTimes(claims: JSONObject, now: number, leeway: number): void {
  const issuedAt = readMoment(claims, 'iat') ?? -Infinity;
  const notBefore = readMoment(claims, 'nbf') ?? -Infinity;
  const expires = readMoment(claims, 'exp') ?? Infinity;
  if (issuedAt > now + leeway) throw new JWTError('not_yet_valid', 'The token is from the future.');
  if (notBefore > now + leeway) throw new JWTError('not_yet_valid', 'The token is not valid yet.');
  if (expires <= now - leeway) throw new JWTExpired('The token has expired.');
}

function isAsked<T>(wanted: T): wanted is NonNullable<T> {
  return wanted !== null && wanted !== undefined;
}

/** A `NumericDate`; null where there is none. */
function readMoment(claims: JSONObject, name: string): number | null {
  if (!Object.hasOwn(claims, name)) return null;
  const value = claims[name];
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new JWTError('claims', `The claim '${name}' is no number of seconds.`);
  }
  return value;
}

const toList = (value: string | readonly string[]): readonly string[] => (typeof value === 'string' ? [value] : value);

function checkAudience(claims: JSONObject, wanted: readonly string[]): void {
  const given: unknown[] = Object.hasOwn(claims, 'aud') ? [claims['aud']].flat() : [];
  if (given.length === 0 || !given.every((item) => typeof item === 'string')) {
    throw new JWTError('audience', "The claim 'aud' is missing, or is no text.");
  }
  if (!given.some((item) => wanted.includes(item))) throw new JWTError('audience', 'The token is for somebody else.');
}

function checkIssuer(claims: JSONObject, wanted: readonly string[]): void {
  const given = Object.hasOwn(claims, 'iss') ? claims['iss'] : undefined;
  if (typeof given !== 'string' || !wanted.includes(given)) {
    throw new JWTError('issuer', 'The token is from somebody else.');
  }
}
