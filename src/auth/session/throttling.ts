import type { Request } from '../../core/request';
import { ObtainAuthTokenThrottle } from '../token/throttling';

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
