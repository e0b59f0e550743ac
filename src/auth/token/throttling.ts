import { FailedLoginThrottle } from '../../core/failed-login-throttle';
import { chain, type Awaitable } from '../../core/policy';
import type { Request } from '../../core/request';
import { readUsername } from './credentials';

/**
 * Limits the failed attempts to exchange a username and password for a token, by address and the username in the body.
 * `ObtainAuthToken` has it from the start.
 */
export class ObtainAuthTokenThrottle extends FailedLoginThrottle {
  override getAttemptedName(request: Request): Awaitable<string | null> {
    if (request.method !== 'POST') return null;
    return chain(request.load(), () => readUsername(request.parsedData));
  }

  /** 400 is how the view refuses a wrong password; 401 and 403 are for views that say it otherwise. */
  override isFailure(status: number): boolean {
    return status === 400 || status === 401 || status === 403;
  }
}
