import type { HostRequest } from '../../core/host';
import { namespace } from '../../core/namespace';
import type { Awaitable } from '../../core/policy';
import type { Request } from '../../core/request';
import type { BaseUser } from '../../core/users';
import type { SecretKey } from '../../crypto/signing';
import type { SameSite } from '../../http/cookies';
import type { HostSessions, SessionStore } from './store';

/** Either request: a view's own, or the host's that it wraps. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a request of any user type
export type AnyRequest = Request<any, any> | HostRequest;

/** The options of sessions: Django's `SESSION_…` settings, without that word and in camelCase. */
export interface SessionSettings {
  /** The table of sessions; or what the host's middleware keeps, see `expressSessions`. */
  readonly store: SessionStore | HostSessions;
  /**
   * A secret for sessions alone, in place of the setting `secretKey` of the app. Whoever knows it can log in as anybody;
   * null: that of the app, and its `secretKeyFallbacks`. @default null
   */
  readonly secretKey: SecretKey | null;
  /**
   * Secrets of before: sessions that were signed with them still count. Beside the secret of the app they stand before its
   * own. @default []
   */
  readonly secretKeyFallbacks: readonly SecretKey[];
  /** The name of the cookie that carries the key of the session. @default 'sessionid' */
  readonly cookieName: string;
  /** Seconds without a change until a session ends. @default 1_209_600, two weeks */
  readonly cookieAge: number;
  /** The domain whose hosts share the cookie; null: one host alone. @default null */
  readonly cookieDomain: string | null;
  /** The paths to which the cookie is sent: this one, and all below it. @default '/' */
  readonly cookiePath: string;
  /** The cookie travels over TLS only. Turn it on in production. @default false */
  readonly cookieSecure: boolean;
  /** The cookie is hidden from scripts. @default true */
  readonly cookieHttponly: boolean;
  /** Whether requests from other sites carry the cookie; null leaves it to the browser. @default 'Lax' */
  readonly cookieSamesite: SameSite | null;
  /** Each request that reads its session saves it, so that it ends after `cookieAge` without a visit. @default false */
  readonly saveEveryRequest: boolean;
  /** The browser forgets the cookie when it is closed. @default false */
  readonly expireAtBrowserClose: boolean;
  /** Where the page of `LoginView` leads afterwards. @default '/accounts/profile/' */
  readonly loginRedirectUrl: string;
  /** Where the page of `LogoutView` leads afterwards; null: it says that it is done. @default null */
  readonly logoutRedirectUrl: string | null;
  /** Hears of each log in: Django's signal `user_logged_in`. Where it throws, nobody is logged in. @default null */
  readonly onLoggedIn: ((user: BaseUser, request: AnyRequest) => Awaitable<void>) | null;
  /**
   * Hears of each log out, with null when nobody was logged in: `user_logged_out`. Where it throws, the session ends all the
   * same. @default null
   */
  readonly onLoggedOut: ((user: BaseUser | null, request: AnyRequest) => Awaitable<void>) | null;
}

/** The options of sessions: `defineSettings({ secretKey, … }, session({ store }))`. */
export const session = namespace<SessionSettings>(
  'session',
  {
    secretKey: null,
    secretKeyFallbacks: [],
    cookieName: 'sessionid',
    cookieAge: 1_209_600,
    cookieDomain: null,
    cookiePath: '/',
    cookieSecure: false,
    cookieHttponly: true,
    cookieSamesite: 'Lax',
    saveEveryRequest: false,
    expireAtBrowserClose: false,
    loginRedirectUrl: '/accounts/profile/',
    logoutRedirectUrl: null,
    onLoggedIn: null,
    onLoggedOut: null,
  },
  ['store'],
);

/** The options of the protection of sessions: Django's `CSRF_…` settings, without that word and in camelCase. */
export interface CsrfSettings {
  /** The name of the cookie that carries the secret. @default 'csrftoken' */
  readonly cookieName: string;
  /** Seconds; null: until the browser is closed. @default 31_449_600, 52 weeks */
  readonly cookieAge: number | null;
  /** The domain whose hosts share the cookie; null: one host alone. @default null */
  readonly cookieDomain: string | null;
  /** The paths to which the cookie is sent: this one, and all below it. @default '/' */
  readonly cookiePath: string;
  /** The cookie travels over TLS only. Turn it on in production. @default false */
  readonly cookieSecure: boolean;
  /** The cookie is hidden from scripts, which then must find the token in the page. @default false */
  readonly cookieHttponly: boolean;
  /** Whether requests from other sites carry the cookie; null leaves it to the browser. @default 'Lax' */
  readonly cookieSamesite: SameSite | null;
  /** The header of the token, under its name in `META`. @default 'HTTP_X_CSRFTOKEN', which is X-CSRFToken */
  readonly headerName: string;
  /** Other origins whose pages may post here, such as `https://app.example.com` or `https://*.example.com`. @default [] */
  readonly trustedOrigins: readonly string[];
  /** The secret stands in the session instead of a cookie of its own. @default false */
  readonly useSessions: boolean;
}

/** The options of the protection of sessions: `defineSettings({ … }, session({ … }), csrf({ trustedOrigins }))`. */
export const csrf = namespace<CsrfSettings>('csrf', {
  cookieName: 'csrftoken',
  cookieAge: 31_449_600,
  cookieDomain: null,
  cookiePath: '/',
  cookieSecure: false,
  cookieHttponly: false,
  cookieSamesite: 'Lax',
  headerName: 'HTTP_X_CSRFTOKEN',
  trustedOrigins: [],
  useSessions: false,
});
