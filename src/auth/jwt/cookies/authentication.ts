import type { Finding } from '../../../core/findings';
import { chain, type Awaitable } from '../../../core/policy';
import type { Request } from '../../../core/request';
import type { Settings } from '../../../core/settings';
import type { BaseUser } from '../../../core/users';
import { checkTrustedOrigins } from '../../session/csrf';
import { JWTAuthentication } from '../authentication';
import type { Token } from '../tokens';
import { checkCookies } from './checks';
import { checkCookieSettings, jwtCookies } from './settings';
import { checkCookieRequest, readTokenCookie } from './transport';

/**
 * An access token in a cookie that scripts don't see. A request with the header `Authorization` is judged by that alone,
 * as no other site can make a browser send it; one with the cookie needs a CSRF token where it may change something (see
 * `getToken`).
 */
export class JWTCookieAuthentication<User extends BaseUser = BaseUser> extends JWTAuthentication<User> {
  /** @throws ImproperlyConfigured for options that can't work */
  static override checkSettings(settings: Settings): void {
    super.checkSettings(settings);
    checkCookieSettings(settings);
    checkTrustedOrigins(settings);
  }

  /** Secrets that are easy to guess, and cookies that others can read or send. */
  static override check(settings: Settings): Finding[] {
    return [...super.check(settings), ...checkCookies(settings)];
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
  override authenticate(request: Request<any, any>): Awaitable<readonly [User, Token] | null> {
    if (this.getHeader(request) !== null) return super.authenticate(request);
    const raw = readTokenCookie(request, 'access');
    if (raw === undefined) {
      const { enforceCsrfOnUnauthenticated } = jwtCookies.of(this.settings);
      return enforceCsrfOnUnauthenticated ? chain(this.enforceCsrf(request), () => null) : null;
    }
    return chain(this.getValidatedToken(raw), (token) =>
      chain(this.enforceCsrf(request), () => this.admit(token, raw, request)),
    );
  }

  /** @throws PermissionDenied: no other authenticator is asked */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
  enforceCsrf(request: Request<any, any>): Awaitable<void> {
    return checkCookieRequest(request);
  }
}
