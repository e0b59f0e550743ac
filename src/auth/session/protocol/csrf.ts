import { constantTimeEqual } from '../../../crypto/compare';
import { randomString } from '../../../crypto/random';
import type { RandomSource } from '../../../crypto/random';
import { isSameDomain } from '../../../http/hosts';

/** Django's protection against cross-site request forgery, on plain values. */

const ALPHABET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const SECRET_LENGTH = 32;
const TOKEN_LENGTH = 2 * SECRET_LENGTH;

/** The secret of a browser: what its cookie holds. */
export function createSecret(random: RandomSource): string {
  return randomString(SECRET_LENGTH, ALPHABET, random);
}

/**
 * A secret as it is shown in pages: behind a mask that is another one each time, so that a compressed page doesn't
 * betray it bit by bit (BREACH).
 */
export function maskSecret(secret: string, random: RandomSource): string {
  const mask = createSecret(random);
  return mask + combine(secret, mask, 1);
}

/** The secret behind the mask of a token. */
export function unmaskToken(token: string): string {
  return combine(token.slice(SECRET_LENGTH), token.slice(0, SECRET_LENGTH), -1);
}

function combine(text: string, mask: string, sign: 1 | -1): string {
  const size = ALPHABET.length;
  return Array.from(text, (char, i) => {
    const index = ALPHABET.indexOf(char) + sign * ALPHABET.indexOf(mask[i]!);
    return ALPHABET[(index + size) % size]!;
  }).join('');
}

/** What is wrong with the form of a token, in Django's words; null when nothing is. */
export function findFault(token: string): string | null {
  if (token.length !== TOKEN_LENGTH && token.length !== SECRET_LENGTH) return 'has incorrect length';
  return /[^a-zA-Z0-9]/.test(token) ? 'has invalid characters' : null;
}

/** The secret of a token or of a bare secret: Django 3 kept tokens in cookies, later ones keep secrets. */
export function secretOf(token: string): string {
  return token.length === TOKEN_LENGTH ? unmaskToken(token) : token;
}

/** Whether a token without a fault belongs to a secret. */
export function isTokenOf(secret: string, token: string): boolean {
  return constantTimeEqual(secretOf(token), secret);
}

interface SplitUrl {
  readonly scheme: string;
  /** Host, and user and port where there are any, as it was written. */
  readonly netloc: string;
}

/** The beginning of a URL, as text: neither case nor a default port are levelled, as Django compares them. */
function splitUrl(url: string): SplitUrl | null {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]+)/i.exec(url);
  const netloc = match?.[2];
  if (netloc === undefined || netloc.includes('[') !== netloc.includes(']')) return null;
  return { scheme: match![1]!.toLowerCase(), netloc };
}

/** The host of a trusted origin, as a pattern: of `https://*.example.com` it is `.example.com`. */
function toPattern(origin: SplitUrl): string {
  return origin.netloc.replace(/^\*+/, '');
}

/** Whether an entry of `trustedOrigins` has the form of one: Django wants a scheme. */
export function isTrustedOriginValid(entry: string): boolean {
  return splitUrl(entry) !== null;
}

/**
 * Whether the site believes the `Origin` of a request.
 * @param own the origin of the site as the client addressed it; null when it has none to be believed
 */
export function isOriginTrusted(origin: string, own: string | null, trusted: readonly string[]): boolean {
  if (origin === own || (trusted.includes(origin) && !origin.includes('*'))) return true;
  const from = splitUrl(origin);
  if (from === null) return false;
  return trusted.some((entry) => {
    const wanted = entry.includes('*') ? splitUrl(entry) : null;
    return wanted !== null && wanted.scheme === from.scheme && isSameDomain(from.netloc, toPattern(wanted));
  });
}

/**
 * What is wrong with the `Referer` of a request that came by https, in Django's words; null when nothing is.
 * @param own the host that counts as the site's; null when there is none
 */
export function findRefererFault(
  referer: string | undefined,
  own: string | null,
  trusted: readonly string[],
): string | null {
  if (referer === undefined) return 'Referer checking failed - no Referer.';
  const from = splitUrl(referer);
  if (from === null) return 'Referer checking failed - Referer is malformed.';
  if (from.scheme !== 'https') return 'Referer checking failed - Referer is insecure while host is secure.';
  const hosts = trusted.map(splitUrl).map((entry) => (entry === null ? '' : toPattern(entry)));
  if ([...hosts, own ?? ''].some((host) => isSameDomain(from.netloc, host))) return null;
  return `Referer checking failed - ${levelUrl(referer)} does not match any trusted origins.`;
}

/** A URL as Python writes one that it has taken apart: a small scheme, and neither an empty query nor an empty fragment. */
function levelUrl(url: string): string {
  return url
    .replace(/^[^:]+/, (scheme) => scheme.toLowerCase())
    .replace(/^([^?#]*)\?(?=#|$)/, '$1')
    .replace(/^([^#]*)#$/, '$1');
}
