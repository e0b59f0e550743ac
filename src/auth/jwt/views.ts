import { ImproperlyConfigured } from '../../core/exceptions';
import type { Request } from '../../core/request';
import type { Settings } from '../../core/settings';
import type { ViewClass, ViewHandler, ViewOverrides } from '../../core/views';
import { deleteTokenCookies } from './cookies/transport';
import { TokenObtainPairSerializer, TokenObtainSlidingSerializer } from './obtain-serializers';
import type { SerializerClass } from './serializer';
import {
  TokenBlacklistSerializer,
  TokenRefreshSerializer,
  TokenRefreshSlidingSerializer,
  TokenVerifySerializer,
} from './serializers';
import { jwt } from './settings';
import { TokenObtainViewBase, TokenViewBase } from './view-base';

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
  protected override readonly tokenField = 'refresh';

  protected override get settingsSerializer(): SerializerClass {
    return jwt.of(this.settings).tokenRefreshSerializer ?? TokenRefreshSerializer;
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
  protected override readonly tokenField = 'token';

  protected override get settingsSerializer(): SerializerClass {
    return jwt.of(this.settings).slidingTokenRefreshSerializer ?? TokenRefreshSlidingSerializer;
  }
}

/** Tells whether a token is good, whatever its type. */
export class TokenVerifyView extends TokenViewBase {
  static override description: string | null =
    'Takes a token and indicates if it is valid.  This view provides no\n' +
    "information about a token's fitness for a particular use.";
  protected override readonly tokenField = 'token';

  protected override get settingsSerializer(): SerializerClass {
    return jwt.of(this.settings).tokenVerifySerializer ?? TokenVerifySerializer;
  }
}

/** Calls a refresh token back. Where tokens travel in cookies, this is the log out. */
export class TokenBlacklistView extends TokenViewBase {
  static override description: string | null = 'Takes a token and blacklists it.';
  protected override readonly tokenField = 'refresh';

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
