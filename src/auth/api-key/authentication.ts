import { BaseAuthentication } from '../../core/authentication';
import { AuthenticationFailed } from '../../core/exceptions';
import type { Finding } from '../../core/findings';
import type { Awaitable } from '../../core/policy';
import type { Request } from '../../core/request';
import type { Settings } from '../../core/settings';
import type { BaseUser } from '../../core/users';
import { APIKeyUser } from './api-key-user';
import { KeyParser } from './key-parser';
import { findAPIKey } from './keys';
import type { AbstractAPIKey } from './models';
import { apiKey, checkKeyLifetime } from './settings';
import type { APIKeyClass } from './store';

/**
 * An API key as the credentials of whoever makes the request: of the key's user, where its class has one, else of an
 * `APIKeyUser`, who stands for the key itself. On success `request.auth` is the row of the key.
 *
 * The package has keys as a permission alone: see `HasAPIKey`.
 */
export class APIKeyAuthentication extends BaseAuthentication<BaseUser, AbstractAPIKey> {
  /** A class of keys of your own; null: the class of the store. */
  readonly model: APIKeyClass | null = null;
  /** Finds the key in a request. */
  readonly keyParser: KeyParser = new KeyParser();

  /** @throws ImproperlyConfigured without a table of keys */
  static checkSettings(settings: Settings): void {
    apiKey.of(settings);
  }

  /** Whether keys are good for ever. */
  static check(settings: Settings): Finding[] {
    return checkKeyLifetime(settings);
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
  authenticate(request: Request<any, any>): Awaitable<readonly [BaseUser, AbstractAPIKey] | null> {
    const key = this.keyParser.get(request);
    return key === null ? null : this.authenticateCredentials(key);
  }

  /** @throws AuthenticationFailed */
  async authenticateCredentials(key: string): Promise<readonly [BaseUser, AbstractAPIKey]> {
    const found = await findAPIKey(this.settings, key, this.model ?? undefined);
    if (found === null) throw new AuthenticationFailed('Invalid API key.');
    const user = this.getUser(found);
    if (!user.isActive) throw new AuthenticationFailed('User inactive or deleted.');
    return [user, found];
  }

  /** Who makes a request with this key. */
  getUser(found: AbstractAPIKey): BaseUser {
    return found.user ?? new APIKeyUser(found);
  }

  override authenticateHeader(): string {
    return this.keyParser.keyword;
  }
}
