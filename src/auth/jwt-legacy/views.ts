import type { AuthenticationClasses } from '../../core/authentication';
import { checkLoginLimit } from '../../core/failed-login-throttle';
import type { CheckedView, Finding } from '../../core/findings';
import type { PermissionClasses } from '../../core/permissions';
import type { Request } from '../../core/request';
import { Response } from '../../core/response';
import type { Settings } from '../../core/settings';
import type { ThrottleClasses } from '../../core/throttling';
import { APIView, type ViewClass, type ViewHandler, type ViewOverrides } from '../../core/views';
import { livesFor, serializeCookie } from '../../http/cookies';
import { TokenObtainThrottle } from '../jwt/throttling';
import { requireUsers } from '../jwt/users';
import { checkForms, checkLegacyTokens } from './checks';
import { checkKeys } from './keys';
import {
  JSONWebTokenSerializer,
  RefreshJSONWebTokenSerializer,
  VerifyJSONWebTokenSerializer,
  type BaseJSONWebTokenSerializer,
  type JSONWebTokenSerializerClass,
} from './serializers';
import { jwtLegacy } from './settings';

/** Limits the failed attempts to get a token, as `FailedLoginThrottle` does. */
export class ObtainJSONWebTokenThrottle extends TokenObtainThrottle {
  protected override get usernameField(): string {
    return jwtLegacy.of(this.settings).usernameField;
  }
}

/**
 * The base of the views: `POST` lets the serializer check the body, and answers its token. They have no authenticators and
 * no permissions, so that an old token in a header doesn't keep anybody from getting a new one.
 */
export abstract class JSONWebTokenAPIView extends APIView {
  static override permissionClasses: PermissionClasses = [];
  static override authenticationClasses: AuthenticationClasses = [];

  /** @throws ImproperlyConfigured for options that can't work */
  static override asView(this: ViewClass, overrides: ViewOverrides = {}): ViewHandler {
    const settings = overrides.settings ?? this.settings;
    checkKeys(settings);
    requireUsers(settings, this.name);
    return APIView.asView.call(this, overrides);
  }

  /** Secrets that are easy to guess, tokens that never end, and cookies that others can use or set. */
  static check(settings: Settings, view: CheckedView): Finding[] {
    return [...checkLegacyTokens(settings), ...checkForms(settings, view)];
  }

  protected abstract get serializerClass(): JSONWebTokenSerializerClass;

  /** The serializer of a body. */
  getSerializer(data?: unknown): BaseJSONWebTokenSerializer {
    return new this.serializerClass(data, { request: this.request, settings: this.settings });
  }

  override async post(request: Request): Promise<Response> {
    const serializer = this.getSerializer(request.data);
    await serializer.isValid({ raiseException: true });
    const { token, user } = serializer.validatedData;
    const { responsePayloadHandler, authCookie } = jwtLegacy.of(this.settings);
    const response = new Response(
      responsePayloadHandler === null ? { token } : await responsePayloadHandler(token, user, request),
    );
    if (authCookie !== null) response.headers.append('Set-Cookie', this.#cookie(authCookie, token));
    return response;
  }

  #cookie(name: string, token: string): string {
    const { expirationDelta, authCookieSecure: secure, authCookieSameSite: sameSite } = jwtLegacy.of(this.settings);
    const life = livesFor(expirationDelta, this.settings.clock.now());
    return serializeCookie(name, token, { ...life, httpOnly: true, secure, sameSite });
  }
}

/** Takes a name and a password and answers a token. It limits failed attempts, by address and name. */
export class ObtainJSONWebToken extends JSONWebTokenAPIView {
  static override preAuthThrottleClasses: ThrottleClasses = [ObtainJSONWebTokenThrottle];

  /** Whether passwords can be tried without end, too. */
  static override check(settings: Settings, view: CheckedView): Finding[] {
    return [...super.check(settings, view), ...checkLoginLimit(settings, view)];
  }

  protected override get serializerClass(): JSONWebTokenSerializerClass {
    return JSONWebTokenSerializer;
  }
}

/** Takes a token and answers it, if it is good. */
export class VerifyJSONWebToken extends JSONWebTokenAPIView {
  protected override get serializerClass(): JSONWebTokenSerializerClass {
    return VerifyJSONWebTokenSerializer;
  }
}

/** Takes a token and answers a fresh one, until the first of its line is too old. */
export class RefreshJSONWebToken extends JSONWebTokenAPIView {
  protected override get serializerClass(): JSONWebTokenSerializerClass {
    return RefreshJSONWebTokenSerializer;
  }
}

/** `ObtainJSONWebToken` as a handler, for an app's settings. */
export function obtainJwtToken(settings: Settings): ViewHandler {
  return ObtainJSONWebToken.asView({ settings });
}

/** `RefreshJSONWebToken` as a handler, for an app's settings. */
export function refreshJwtToken(settings: Settings): ViewHandler {
  return RefreshJSONWebToken.asView({ settings });
}

/** `VerifyJSONWebToken` as a handler, for an app's settings. */
export function verifyJwtToken(settings: Settings): ViewHandler {
  return VerifyJSONWebToken.asView({ settings });
}
