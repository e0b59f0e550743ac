import { FailedLoginThrottle } from '../../core/failed-login-throttle';
import { chain, type Awaitable } from '../../core/policy';
import type { Request } from '../../core/request';
import { fieldOf, plain, readText } from '../token/credentials';
import { jwt } from './settings';

/**
 * Limits the failed attempts to exchange a name and a password for tokens, by address and the name in the body. The views
 * that do so have it from the start.
 */
export class TokenObtainThrottle extends FailedLoginThrottle {
  /** The field of the name. */
  protected get usernameField(): string {
    return jwt.of(this.settings).usernameField;
  }

  override getAttemptedName(request: Request): Awaitable<string | null> {
    if (request.method !== 'POST') return null;
    return chain(request.load(), () => {
      const data = plain(request.parsedData);
      if (typeof data !== 'object' || data === null) return null;
      const name = readText(fieldOf(data, this.usernameField), true);
      return typeof name === 'string' ? name : null;
    });
  }

  /** 401 is how the views refuse a wrong password; 400 and 403 are for views that say it otherwise. */
  override isFailure(status: number): boolean {
    return status === 400 || status === 401 || status === 403;
  }
}
