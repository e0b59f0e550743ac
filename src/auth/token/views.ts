import { ImproperlyConfigured } from '../../core/exceptions';
import { checkLoginLimit, FailedLoginThrottle } from '../../core/failed-login-throttle';
import type { CheckedView, Finding } from '../../core/findings';
import { MultiPartParser } from '../../core/multipart';
import { FormParser, JSONParser } from '../../core/parsers';
import type { PermissionClasses } from '../../core/permissions';
import { JSONRenderer } from '../../core/renderers';
import type { Request } from '../../core/request';
import { Response } from '../../core/response';
import type { ParserClasses, RendererClasses, Settings } from '../../core/settings';
import type { ThrottleClasses } from '../../core/throttling';
import type { BaseUser } from '../../core/users';
import { APIView, type Params, type ViewClass, type ViewHandler, type ViewOverrides } from '../../core/views';
import { issueKey } from './keys-at-rest';
import { AuthTokenSerializer } from './serializers';
import { authtoken } from './settings';
import { ObtainAuthTokenThrottle } from './throttling';

/**
 * Exchanges a username and password for the user's token: `POST` answers `{"token": "<key>"}`. Where keys rest hashed
 * that is a new key each time, see `issueKey`. It has no permissions, no throttles and its own parsers and renderer,
 * whatever the settings say; the authenticators are the settings'.
 *
 * Unlike DRF's it limits failed attempts, by address and username: 100 in ten minutes. Another rate is that of the scope
 * `failed_login` in the setting `defaultThrottleRates`; null, or an empty `preAuthThrottleClasses`, switches it off.
 *
 * @example
 * class CustomAuthToken extends ObtainAuthToken {
 *   override async post(request: Request) {
 *     const serializer = this.getSerializer(request.data);
 *     await serializer.isValid({ raiseException: true });
 *     const { user } = serializer.validatedData;
 *     const { key } = await issueKey(this.settings, user);
 *     return new Response({ token: key, user_id: user.pk });
 *   }
 * }
 */
export class ObtainAuthToken<User extends BaseUser = BaseUser> extends APIView<User> {
  static override throttleClasses: ThrottleClasses = [];
  static override preAuthThrottleClasses: ThrottleClasses = [FailedLoginThrottle, ObtainAuthTokenThrottle];
  static override permissionClasses: PermissionClasses = [];
  static override parserClasses: ParserClasses = [FormParser, MultiPartParser, JSONParser];
  static override rendererClasses: RendererClasses = [JSONRenderer];

  /** @throws ImproperlyConfigured without a user store or token store */
  static override asView(this: ViewClass, overrides: ViewOverrides = {}): ViewHandler {
    const settings = overrides.settings ?? this.settings;
    if (settings.users === null) {
      throw new ImproperlyConfigured(`${this.name} needs the user table: defineSettings({ users: userStore(orm) }).`);
    }
    authtoken.of(settings);
    return APIView.asView.call(this, overrides);
  }

  /** Whether passwords can be tried without end. */
  static check(settings: Settings, view: CheckedView): Finding[] {
    return checkLoginLimit(settings, view);
  }

  get serializerClass(): typeof AuthTokenSerializer<User> {
    return AuthTokenSerializer<User>;
  }

  get store(): ReturnType<typeof authtoken.of>['store'] {
    return authtoken.of(this.settings).store;
  }

  /** The serializer of a body. */
  getSerializer(data?: unknown): AuthTokenSerializer<User> {
    return new this.serializerClass(data, { request: this.request, settings: this.settings });
  }

  override async post(request: Request<User>, _params: Params): Promise<Response> {
    const serializer = this.getSerializer(request.data);
    await serializer.isValid({ raiseException: true });
    const { key } = await issueKey(this.settings, serializer.validatedData.user);
    return new Response({ token: key });
  }
}

/** `ObtainAuthToken` as a handler, for an app's settings. */
export function obtainAuthToken(settings: Settings): ViewHandler {
  return ObtainAuthToken.asView({ settings });
}
