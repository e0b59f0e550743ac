import { BaseAuthentication } from '../../core/authentication';
import { ImproperlyConfigured } from '../../core/exceptions';
import type { Finding } from '../../core/findings';
import { chain, type Awaitable } from '../../core/policy';
import type { Request } from '../../core/request';
import type { Settings } from '../../core/settings';
import type { BaseUser } from '../../core/users';
import { checkSessions } from './checks';
import { checkCsrf, checkTrustedOrigins } from './csrf';
import { findUser } from './login';
import { requestSession } from './request-session';
import { sessionSecrets } from './secrets';
import { session } from './settings';

/**
 * Django's session: whoever has logged in on this browser. On success `request.auth` is null.
 *
 * Browsers send their cookie along with what other sites make them send, so requests that change something need a CSRF
 * token (see `getToken`); without one they are refused with 403. Anonymous requests need none: a log in view calls
 * `enforceCsrf` itself.
 */
export class SessionAuthentication<User extends BaseUser = BaseUser> extends BaseAuthentication<User, null> {
  /** @throws ImproperlyConfigured without a session store, a secret or a user store */
  static checkSettings(settings: Settings): void {
    sessionSecrets(settings);
    if (settings.users === null) {
      throw new ImproperlyConfigured(
        'SessionAuthentication needs the user table: defineSettings({ users: userStore(orm) }).',
      );
    }
    checkTrustedOrigins(settings);
  }

  /** Weak secrets, and cookies that others can read. */
  static check(settings: Settings): Finding[] {
    return checkSessions(settings);
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
  authenticate(request: Request<any, any>): Awaitable<readonly [User, null] | null> {
    // Without sessions (a view with no settings at all) nobody can be recognised, so nothing was attempted.
    if (session.find(this.settings) === null) return null;
    return chain(findUser<User>(requestSession(request)), (user) => {
      if (!user.isAuthenticated || !user.isActive) return null;
      return chain(this.enforceCsrf(request), () => [user, null] as const);
    });
  }

  /** @throws PermissionDenied: no other authenticator is asked */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
  enforceCsrf(request: Request<any, any>): Awaitable<void> {
    return checkCsrf(request);
  }
}
