import { chain, type Awaitable } from '../../core/policy';
import type { Request } from '../../core/request';
import { ObtainAuthTokenThrottle } from '../token/throttling';
import { findUser } from './login';
import { usernameOf } from './password-change-serializer';
import { requestSession } from './request-session';

/**
 * Whether an answer may tell that a password was wrong: 400 or what an app makes of it, or 200 with the form once more, as
 * Django's. What lacks a CSRF token (403) has tried no password, or else a page of another site could use up the attempts of
 * its visitors.
 */
function mayRefuse(status: number): boolean {
  return status === 200 || (status >= 400 && status < 500 && status !== 403);
}

/** Limits the failed attempts to open a session, by address and the username in the body. `LoginView` has it from the start. */
export class LoginThrottle extends ObtainAuthTokenThrottle {
  override isFailure(status: number, request?: Request): boolean {
    return mayRefuse(status) && request?.user?.isAuthenticated !== true;
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

  /** A form that is done leads elsewhere, and a program is answered with 204. */
  override isFailure(status: number): boolean {
    return mayRefuse(status);
  }
}
