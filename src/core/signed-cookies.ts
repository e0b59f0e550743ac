import { BadSignature, getCookieSigner, type TimestampSigner } from '../crypto/signing';
import { livesFor, parseCookies, serializeCookie, type CookieAttributes } from '../http/cookies';
import { headerValue } from '../http/headers';
import { onResponse } from './host';
import type { Request } from './request';
import { secretsOf } from './secrets';
import type { Settings } from './settings';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a request of any user type
type AnyRequest = Request<any, any>;

/** How a signed cookie is read: the arguments of Django's `get_signed_cookie`. */
export interface SignedCookieOptions {
  /** What the signature is for, beside the name of the cookie. @default '' */
  readonly salt?: string;
  /** Seconds for which the signature counts; without it, for ever. */
  readonly maxAge?: number;
}

/** A cookie to be set: its value, how it is signed, and which requests carry it back. */
export interface SignedCookie extends Omit<CookieAttributes, 'maxAge'>, SignedCookieOptions {
  readonly value: string;
}

/**
 * The value of a cookie that `setSignedCookie`, or Django's `set_signed_cookie`, has signed. Null when there is none, when
 * it was changed by anybody, signed for something else or is too old: there is nothing to be trusted then.
 *
 * @throws ImproperlyConfigured without a `secretKey` in the settings
 */
export function getSignedCookie(request: AnyRequest, name: string, options: SignedCookieOptions = {}): string | null {
  const signed = parseCookies(headerValue(request.raw.headers, 'cookie')).get(name);
  if (signed === undefined) return null;
  try {
    return signerOf(request.settings, name, options).unsign(signed, { maxAge: options.maxAge });
  } catch (error) {
    if (error instanceof BadSignature) return null;
    throw error;
  }
}

/**
 * Has the answer to a request set a signed cookie. The client can read the value and can't change it; Django reads it with
 * `request.get_signed_cookie(name, salt=salt)`.
 *
 * @throws ImproperlyConfigured without a `secretKey` in the settings
 * @throws RangeError for a name, value or attribute that has no place in a header
 * @example setSignedCookie(request, 'theme', { value: 'dark', maxAge: 86_400, httpOnly: true });
 */
export function setSignedCookie(request: AnyRequest, name: string, cookie: SignedCookie): void {
  const { value, salt, maxAge, ...attributes } = cookie;
  const signed = signerOf(request.settings, name, { salt: salt ?? '' }).sign(value);
  const lifetime = maxAge === undefined ? {} : livesFor(maxAge, request.settings.clock.now());
  const header = serializeCookie(name, signed, { ...attributes, ...lifetime });
  onResponse(request.raw, ({ headers }) => {
    headers.append('Set-Cookie', header);
  });
}

function signerOf(settings: Settings, name: string, { salt = '' }: SignedCookieOptions): TimestampSigner {
  return getCookieSigner({ ...secretsOf(settings), clock: settings.clock, salt: name + salt });
}
