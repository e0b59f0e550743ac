import type { AuthenticationClasses } from '../../core/authentication';
import { checkLoginLimit, FailedLoginThrottle } from '../../core/failed-login-throttle';
import type { CheckedView, Finding } from '../../core/findings';
import { AllowAny, type PermissionClasses } from '../../core/permissions';
import type { Request } from '../../core/request';
import type { Response } from '../../core/response';
import type { Settings } from '../../core/settings';
import type { ThrottleClasses } from '../../core/throttling';
import type { BaseUser } from '../../core/users';
import { AuthTokenSerializer } from '../token/serializers';
import { ObtainAuthTokenThrottle } from '../token/throttling';
import type { AbstractAuthToken } from './models';
import { LoginView } from './views';

/**
 * `LoginView` for a username and password in the body, as knox's documentation lets an app write it. A token in the
 * header is not looked at, so an old one keeps nobody from getting a new one.
 */
export class PasswordLoginView<User extends BaseUser = BaseUser> extends LoginView<User> {
  static override authenticationClasses: AuthenticationClasses = [];
  static override permissionClasses: PermissionClasses = [AllowAny];
  static override preAuthThrottleClasses: ThrottleClasses = [FailedLoginThrottle, ObtainAuthTokenThrottle];

  /** Whether passwords can be tried without end. */
  static override check(settings: Settings, view: CheckedView): Finding[] {
    return checkLoginLimit(settings, view);
  }

  /** The serializer of a body. */
  getSerializer(data?: unknown): AuthTokenSerializer<User> {
    return new AuthTokenSerializer<User>(data, { request: this.request, settings: this.settings });
  }

  override async post(request: Request<User, AbstractAuthToken>): Promise<Response> {
    const serializer = this.getSerializer(request.data);
    await serializer.isValid({ raiseException: true });
    request.user = serializer.validatedData.user;
    return super.post(request);
  }
}
