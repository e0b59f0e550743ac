import { BaseAuthentication } from '../../core/authentication';
import { ImproperlyConfigured } from '../../core/exceptions';
import { chain, type Awaitable } from '../../core/policy';
import type { Request } from '../../core/request';
import type { Settings } from '../../core/settings';
import type { BaseUser } from '../../core/users';

/**
 * Believes the server in front, which knows its users by means of its own and puts their name into the environment.
 * The user store needs a `RemoteUserBackend` for it. On success `request.auth` is null.
 *
 * @example class SsoAuthentication extends RemoteUserAuthentication { override readonly header = 'HTTP_X_SSO_USER'; }
 */
export class RemoteUserAuthentication<User extends BaseUser = BaseUser> extends BaseAuthentication<User, null> {
  /**
   * The key in `request.META`. Names that begin with `HTTP_` are headers of the request: with such a one the server in
   * front must take that header away from what clients send, or anybody can be anybody.
   */
  readonly header: string = 'REMOTE_USER';

  /** @throws ImproperlyConfigured without a user store */
  static checkSettings(settings: Settings): void {
    if (settings.users === null) {
      throw new ImproperlyConfigured(
        'RemoteUserAuthentication needs the user table: defineSettings({ users: userStore(orm) }).',
      );
    }
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
  authenticate(request: Request<any, any>): Awaitable<readonly [User, null] | null> {
    if (this.settings.users === null) return null;
    // DRF asks the backends without a name too, so that each anonymous request counts as a failed log in.
    const remoteUser = request.META[this.header] ?? null;
    return chain(this.settings.users.authenticate({ remoteUser }, request), (user) =>
      user?.isActive === true ? ([user as User, null] as const) : null,
    );
  }
}
