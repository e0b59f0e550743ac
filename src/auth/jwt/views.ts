import type { AuthenticationClasses } from '../../core/authentication';
import { ImproperlyConfigured } from '../../core/exceptions';
import { checkLoginLimit } from '../../core/failed-login-throttle';
import type { CheckedView, Finding } from '../../core/findings';
import type { PermissionClasses } from '../../core/permissions';
import type { Request } from '../../core/request';
import { Response } from '../../core/response';
import type { Settings } from '../../core/settings';
import type { ThrottleClasses } from '../../core/throttling';
import { APIView, type ViewClass, type ViewHandler, type ViewOverrides } from '../../core/views';
import { tokenBackend } from './backend';
import { checkTokens } from './checks';
import { checkCookies } from './cookies/checks';
import { checkCookieSettings, usesCookies } from './cookies/settings';
import { bodyWithCookie, checkCookieRequest, deleteTokenCookies, moveToCookies } from './cookies/transport';
import { hasProofFault, proofChallenge } from './dpop/proofs';
import { InvalidToken, TokenError } from './exceptions';
import type { JWTSerializer, ValidatedData } from './serializer';
import {
  TokenBlacklistSerializer,
  TokenObtainPairSerializer,
  TokenObtainSlidingSerializer,
  TokenRefreshSerializer,
  TokenRefreshSlidingSerializer,
  TokenVerifySerializer,
  type SerializerClass,
} from './serializers';
import { headerTypes, jwt } from './settings';
import { TokenObtainThrottle } from './throttling';
import { requireUsers } from './users';

/**
 * The base of the views: `POST` lets the serializer check the body and answers what it says. They have no authenticators
 * and no permissions, so that an old token in a header doesn't keep anybody from getting a new one.
 */
export abstract class TokenViewBase extends APIView {
  static override permissionClasses: PermissionClasses = [];
  static override authenticationClasses: AuthenticationClasses = [];
  /** In place of the settings' serializer. */
  static serializerClass: SerializerClass | null = null;

  /** @throws ImproperlyConfigured for options that can't work */
  static override asView(this: ViewClass, overrides: ViewOverrides = {}): ViewHandler {
    const settings = overrides.settings ?? this.settings;
    tokenBackend(settings);
    requireUsers(settings, this.name);
    checkCookieSettings(settings);
    return APIView.asView.call(this, overrides);
  }

  /** Secrets that are easy to guess, and cookies that others can read or send. */
  static check(settings: Settings, _view: CheckedView): Finding[] {
    return [...checkTokens(settings), ...checkCookies(settings)];
  }

  /** The realm in the challenge. */
  readonly wwwAuthenticateRealm: string = 'api';

  /** The serializer that the settings name, or the built-in one. */
  protected abstract get settingsSerializer(): SerializerClass;

  get serializerClass(): SerializerClass {
    return (this.constructor as typeof TokenViewBase).serializerClass ?? this.settingsSerializer;
  }

  /** The serializer of a body. */
  getSerializer(data?: unknown): JWTSerializer {
    return new this.serializerClass(data, { request: this.request, settings: this.settings });
  }

  /** The field of a token that may come in a cookie instead; null where the view takes none. */
  protected get tokenField(): 'refresh' | 'token' | null {
    return null;
  }

  override getAuthenticateHeader(request: Request): string {
    if (hasProofFault(request)) return proofChallenge(request);
    return `${headerTypes(jwt.of(this.settings))[0] ?? 'Bearer'} realm="${this.wwwAuthenticateRealm}"`;
  }

  override async post(request: Request): Promise<Response> {
    if (usesCookies(this.settings)) return this.#postWithCookies(request);
    return new Response(await this.#answerTo(request.data));
  }

  async #postWithCookies(request: Request): Promise<Response> {
    await this.admitCookies(request);
    const { tokenField } = this;
    const body = tokenField === null ? null : bodyWithCookie(request, tokenField);
    try {
      return new Response(moveToCookies(request, await this.#answerTo(body ?? request.data)));
    } catch (error) {
      if (body !== null && error instanceof InvalidToken) this.tokenOfCookieRefused(request);
      throw error;
    }
  }

  async #answerTo(data: unknown): Promise<ValidatedData> {
    const serializer = this.getSerializer(data);
    try {
      await serializer.isValid({ raiseException: true });
    } catch (error) {
      if (error instanceof TokenError) throw new InvalidToken(error.message);
      throw error;
    }
    return serializer.validatedData;
  }

  /**
   * Runs first where tokens travel in cookies: a page of another site must not log anybody in or out here.
   * @throws PermissionDenied
   */
  protected async admitCookies(request: Request): Promise<void> {
    await checkCookieRequest(request);
  }

  /** Runs where the token that came in a cookie was no good. */
  protected tokenOfCookieRefused(_request: Request): void {
    // The other token may still be good.
  }
}

/** The base of the views that take passwords. They limit failed attempts, by address and name. */
export abstract class TokenObtainViewBase extends TokenViewBase {
  static override preAuthThrottleClasses: ThrottleClasses = [TokenObtainThrottle];

  /** Whether passwords can be tried without end, too. */
  static override check(settings: Settings, view: CheckedView): Finding[] {
    return [...super.check(settings, view), ...checkLoginLimit(settings, view)];
  }
}

/** Takes a name and a password and answers an access token and a refresh token. */
export class TokenObtainPairView extends TokenObtainViewBase {
  static override description: string | null =
    'Takes a set of user credentials and returns an access and refresh JSON web\n' +
    'token pair to prove the authentication of those credentials.';

  protected override get settingsSerializer(): SerializerClass {
    return jwt.of(this.settings).tokenObtainSerializer ?? TokenObtainPairSerializer;
  }
}

/** Takes a refresh token and returns an access token. */
export class TokenRefreshView extends TokenViewBase {
  static override description: string | null =
    'Takes a refresh type JSON web token and returns an access type JSON web\n' +
    'token if the refresh token is valid.';

  protected override get settingsSerializer(): SerializerClass {
    return jwt.of(this.settings).tokenRefreshSerializer ?? TokenRefreshSerializer;
  }

  protected override get tokenField(): 'refresh' {
    return 'refresh';
  }

  /** With a refresh token that is no good any more, nobody gets in again. */
  protected override tokenOfCookieRefused(request: Request): void {
    deleteTokenCookies(request);
  }
}

/** The same as `TokenObtainPairView` for a sliding token. */
export class TokenObtainSlidingView extends TokenObtainViewBase {
  static override description: string | null =
    'Takes a set of user credentials and returns a sliding JSON web token to\n' +
    'prove the authentication of those credentials.';

  protected override get settingsSerializer(): SerializerClass {
    return jwt.of(this.settings).slidingTokenObtainSerializer ?? TokenObtainSlidingSerializer;
  }
}

/** Takes a sliding token and returns it with more time. */
export class TokenRefreshSlidingView extends TokenViewBase {
  static override description: string | null =
    'Takes a sliding JSON web token and returns a new, refreshed version if the\n' +
    "token's refresh period has not expired.";

  protected override get settingsSerializer(): SerializerClass {
    return jwt.of(this.settings).slidingTokenRefreshSerializer ?? TokenRefreshSlidingSerializer;
  }

  protected override get tokenField(): 'token' {
    return 'token';
  }
}

/** Tells whether a token is good, whatever its type. */
export class TokenVerifyView extends TokenViewBase {
  static override description: string | null =
    'Takes a token and indicates if it is valid.  This view provides no\n' +
    "information about a token's fitness for a particular use.";

  protected override get settingsSerializer(): SerializerClass {
    return jwt.of(this.settings).tokenVerifySerializer ?? TokenVerifySerializer;
  }

  protected override get tokenField(): 'token' {
    return 'token';
  }
}

/** Calls a refresh token back. Where tokens travel in cookies, this is the log out. */
export class TokenBlacklistView extends TokenViewBase {
  static override description: string | null = 'Takes a token and blacklists it.';

  /** @throws ImproperlyConfigured without a blacklist too */
  static override asView(this: ViewClass, overrides: ViewOverrides = {}): ViewHandler {
    const settings: Settings = overrides.settings ?? this.settings;
    const { blacklist, families } = jwt.of(settings);
    if (blacklist === null && families === null) {
      throw new ImproperlyConfigured(`${this.name} needs a table: jwt({ blacklist: blacklistStore(orm) }).`);
    }
    return TokenViewBase.asView.call(this, overrides);
  }

  protected override get settingsSerializer(): SerializerClass {
    return jwt.of(this.settings).tokenBlacklistSerializer ?? TokenBlacklistSerializer;
  }

  protected override get tokenField(): 'refresh' {
    return 'refresh';
  }

  /** Whatever becomes of the token, the browser forgets it. */
  protected override async admitCookies(request: Request): Promise<void> {
    await super.admitCookies(request);
    deleteTokenCookies(request);
  }
}

/** `TokenObtainPairView` as a handler, for an app's settings. */
export function tokenObtainPair(settings: Settings): ViewHandler {
  return TokenObtainPairView.asView({ settings });
}

/** `TokenRefreshView` as a handler, for an app's settings. */
export function tokenRefresh(settings: Settings): ViewHandler {
  return TokenRefreshView.asView({ settings });
}

/** `TokenObtainSlidingView` as a handler, for an app's settings. */
export function tokenObtainSliding(settings: Settings): ViewHandler {
  return TokenObtainSlidingView.asView({ settings });
}

/** `TokenRefreshSlidingView` as a handler, for an app's settings. */
export function tokenRefreshSliding(settings: Settings): ViewHandler {
  return TokenRefreshSlidingView.asView({ settings });
}

/** `TokenVerifyView` as a handler, for an app's settings. */
export function tokenVerify(settings: Settings): ViewHandler {
  return TokenVerifyView.asView({ settings });
}

/** `TokenBlacklistView` as a handler, for an app's settings. */
export function tokenBlacklist(settings: Settings): ViewHandler {
  return TokenBlacklistView.asView({ settings });
}
