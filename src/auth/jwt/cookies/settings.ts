import { ImproperlyConfigured } from '../../../core/exceptions';
import { namespace } from '../../../core/namespace';
import type { Settings } from '../../../core/settings';
import type { SameSite } from '../../../http/cookies';

/** The options of tokens in cookies: dj-rest-auth's `JWT_AUTH_…` settings without these words and in camelCase. */
export interface JWTCookieSettings {
  /**
   * The cookie of the access token, or of the sliding token; null: it stands in the body of the answer. With a name that
   * begins with `__Host-` no other host can put one of its own in its place. @default null
   */
  readonly cookie: string | null;
  /** The cookie of the refresh token; null: it stands in the body. @default null */
  readonly refreshCookie: string | null;
  /** The cookie of the refresh token travels to URLs below this path alone. @default '/api/token/' */
  readonly refreshCookiePath: string;
  /** The domain whose hosts share the cookies; null: one host alone. @default null */
  readonly cookieDomain: string | null;
  /** The cookies travel over TLS only. @default true */
  readonly secure: boolean;
  /** The cookies are hidden from scripts. @default true */
  readonly httponly: boolean;
  /** Whether requests from other sites carry the cookies; null leaves it to the browser. @default 'Lax' */
  readonly samesite: SameSite | null;
  /**
   * Requests with a cookie that may change something need a CSRF token, and so do those that get one or lose it.
   * @default true
   */
  readonly useCsrf: boolean;
  /** So do requests that carry neither a header nor a cookie. @default false */
  readonly enforceCsrfOnUnauthenticated: boolean;
}

/** The options of tokens in cookies: `defineSettings({ … }, jwt({ … }), jwtCookies({ cookie: '__Host-access' }))`. */
export const jwtCookies = namespace<JWTCookieSettings>('jwtCookies', {
  cookie: null,
  refreshCookie: null,
  refreshCookiePath: '/api/token/',
  cookieDomain: null,
  secure: true,
  httponly: true,
  samesite: 'Lax',
  useCsrf: true,
  enforceCsrfOnUnauthenticated: false,
});

/** Whether any token travels in a cookie. */
export function usesCookies(settings: Settings): boolean {
  const { cookie, refreshCookie } = jwtCookies.of(settings);
  return cookie !== null || refreshCookie !== null;
}

/**
 * @throws ImproperlyConfigured for two cookies of one name, and for names that browsers take with certain attributes only
 */
export function checkCookieSettings(settings: Settings): void {
  const options = jwtCookies.of(settings);
  const { cookie, refreshCookie, refreshCookiePath } = options;
  if (cookie !== null && cookie === refreshCookie) {
    throw new ImproperlyConfigured("The options 'cookie' and 'refreshCookie' of 'jwtCookies' need two names.");
  }
  if (cookie !== null) checkPrefix({ name: cookie, path: '/' }, options);
  if (refreshCookie !== null) checkPrefix({ name: refreshCookie, path: refreshCookiePath }, options);
}

/** Browsers drop a cookie whose name promises what its attributes don't keep. */
function checkPrefix(
  { name, path }: { readonly name: string; readonly path: string },
  { secure, cookieDomain }: JWTCookieSettings,
): void {
  if (name.startsWith('__Host-') && !(secure && cookieDomain === null && path === '/')) {
    throw new ImproperlyConfigured(
      `Browsers take '${name}' only with secure, without cookieDomain and with the path '/'. For the cookie of the refresh ` +
        "token, which has another path, there is the prefix '__Secure-'.",
    );
  }
  if (name.startsWith('__Secure-') && !secure) {
    throw new ImproperlyConfigured(`Browsers take '${name}' only with secure: jwtCookies({ secure: true }).`);
  }
}
