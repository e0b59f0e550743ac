import { chain, type Awaitable } from '../../core/policy';
import type { Request } from '../../core/request';
import { ObtainAuthTokenThrottle } from '../token/throttling';
import { findUser } from './login';
import { usernameOf } from './password-change-serializer';
import { requestSession } from './request-session';

/** Limits the failed attempts to open a session, by address and the username in the body. `LoginView` has it from the start. */
export class LoginThrottle extends ObtainAuthTokenThrottle {
  /**
   * The page shows its form once more with 200, as Django's does. What lacks a CSRF token has tried no password, or else
   * a page of another site could use up the attempts of its visitors.
   */
  override isFailure(status: number, request?: Request): boolean {
    return (status === 200 || status === 400) && request?.user?.isAuthenticated !== true;
  }
}

/**
 * Limits how often whoever has come by a session can guess at its password, by address and user: in one window with the
 * attempts to log in by that name. `PasswordChangeView` has it from the start.
 */
export class PasswordChangeThrottle extends ObtainAuthTokenThrottle {
  override getAttemptedName(request: Request): Awaitable<string | null> {
    if (request.method !== 'POST') return null;
    return chain(findUser(requestSession(request)), (user) => (user.isAuthenticated ? usernameOf(user) : null));
  }

  /** As with `LoginThrottle`: a form that is shown once more has 200, and one that is done leads elsewhere. */
  override isFailure(status: number): boolean {
    return status === 200 || status === 400;
  }
}
