import type { AuthenticationClasses } from '../../core/authentication';
import { NotAuthenticated } from '../../core/exceptions';
import { checkLoginLimit, FailedLoginThrottle } from '../../core/failed-login-throttle';
import { finding, type CheckedView, type Finding } from '../../core/findings';
import { IsAuthenticated, type PermissionClasses } from '../../core/permissions';
import type { Awaitable } from '../../core/policy';
import type { Request } from '../../core/request';
import { Response } from '../../core/response';
import type { Settings } from '../../core/settings';
import type { ThrottleClasses } from '../../core/throttling';
import type { BaseUser } from '../../core/users';
import { APIView, type ViewClass, type ViewHandler, type ViewOverrides } from '../../core/views';
import { TokenAuthentication } from './authentication';
import { formatDateTime } from './expiry-format';
import { AbstractAuthToken } from './models';
import { knoxRules, type KnoxRules } from './settings';
import { issueToken, type IssuedToken } from './tokens';
import type { UserSerializerClass, UserSerializerContext } from './user-serializer';

/**
 * What the views of knox have in common. A rate of their scope in the setting `defaultThrottleRates`, `knox-login` or
 * `knox-logout`, counts wherever `ScopedRateThrottle` is among the throttles.
 */
export abstract class KnoxView<User extends BaseUser = BaseUser> extends APIView<User, AbstractAuthToken> {
  static override permissionClasses: PermissionClasses = [IsAuthenticated];
  /** The scope of the view's throttle, if the settings have a rate for it. */
  protected static readonly knoxScope: string = 'knox-logout';

  /** @throws ImproperlyConfigured without a table of tokens, and for options that can't work */
  static override asView(this: ViewClass, overrides: ViewOverrides = {}): ViewHandler {
    const settings = overrides.settings ?? this.settings;
    knoxRules(settings);
    const { knoxScope, throttleScope } = this as unknown as typeof KnoxView;
    const isLimited = throttleScope === undefined && Object.hasOwn(settings.defaultThrottleRates, knoxScope);
    return APIView.asView.call(this, isLimited ? { throttleScope: knoxScope, ...overrides } : overrides);
  }

  protected get rules(): KnoxRules {
    return knoxRules(this.settings);
  }
}

/**
 * Gives whoever was recognised by another scheme, such as a password, a token: `POST` answers
 * `{"expiry": …, "token": "…"}`. The token is shown this once.
 *
 * Its authenticators are the settings' default ones. Failed attempts are limited, as `FailedLoginThrottle` does it.
 *
 * @example
 * class PhoneLogin extends LoginView {
 *   static override authenticationClasses: AuthenticationClasses = [BasicAuthentication];
 *   override getTokenTtl() { return 90 * 86_400; }
 * }
 */
export class LoginView<User extends BaseUser = BaseUser> extends KnoxView<User> {
  static override preAuthThrottleClasses: ThrottleClasses = [FailedLoginThrottle];
  protected static override readonly knoxScope: string = 'knox-login';

  /** Whether passwords can be tried without end, and whether anybody can log in. */
  static check(settings: Settings, view: CheckedView): Finding[] {
    const { authenticationClasses } = view.policies;
    const takesPasswords = authenticationClasses.some(({ prototype }) => 'attemptedName' in prototype);
    return [
      ...(takesPasswords ? checkLoginLimit(settings, view) : []),
      ...(authenticationClasses.length > 0 && authenticationClasses.every(isKnox) ? [nobodyLogsIn(view.where)] : []),
    ];
  }

  override async post(request: Request<User, AbstractAuthToken>): Promise<Response> {
    const { user } = request;
    // A view of the app may let anybody in and forget to find out who it is.
    if (user?.isAuthenticated !== true) throw new NotAuthenticated();
    const issued = await this.createToken();
    if (issued === null) {
      return new Response({ error: 'Maximum amount of tokens allowed per user exceeded.' }, { status: 403 });
    }
    const [instance, token] = issued;
    await this.settings.users?.updateLastLogin?.(user, new Date(this.settings.clock.now()));
    await this.rules.onLoggedIn?.(user, request);
    return this.getPostResponse(request, token, instance);
  }

  /** Makes the token; null where the user has as many as they may have. Override it for a name, scopes or columns. */
  createToken(): Promise<IssuedToken | null> {
    return issueToken(this.settings, this.request.user as User, {
      expiry: this.getTokenTtl(),
      prefix: this.getTokenPrefix(),
      limit: this.getTokenLimitPerUser(),
      name: this.getTokenName(),
      scopes: this.getTokenScopes(),
    });
  }

  /** What a serializer of users is given. */
  getContext(): UserSerializerContext {
    return { request: this.request, format: this.formatKwarg, view: this };
  }

  /** Seconds; null: for ever. */
  getTokenTtl(): number | null {
    return this.rules.tokenTtl;
  }

  getTokenPrefix(): string {
    return this.rules.tokenPrefix;
  }

  getTokenLimitPerUser(): number | null {
    return this.rules.tokenLimitPerUser;
  }

  /** A name for people. */
  getTokenName(): string | null {
    return null;
  }

  /**
   * What the token may be used for; null: for all that its user may do. For a token in the request it is what that one may
   * be used for.
   */
  getTokenScopes(): readonly string[] | null {
    const { auth } = this.request;
    return auth instanceof AbstractAuthToken ? auth.scopes : null;
  }

  getUserSerializerClass(): UserSerializerClass | null {
    return this.rules.userSerializer;
  }

  getExpiryDatetimeFormat(): string | null {
    return this.rules.expiryDatetimeFormat;
  }

  /** What the answer says of the end of a token. */
  formatExpiryDatetime(expiry: Date | null): unknown {
    const format = this.getExpiryDatetimeFormat();
    return expiry === null || format === null ? expiry : formatDateTime(expiry, format, this.settings.timeZone);
  }

  /** The body of the answer. */
  async getPostResponseData(
    request: Request<User, AbstractAuthToken>,
    token: string,
    instance: AbstractAuthToken,
  ): Promise<Readonly<Record<string, unknown>>> {
    const data = { expiry: this.formatExpiryDatetime(instance.expiry), token };
    const UserSerializer = this.getUserSerializerClass();
    if (UserSerializer === null) return data;
    return { ...data, user: await new UserSerializer(request.user as User, this.getContext()).data };
  }

  async getPostResponse(
    request: Request<User, AbstractAuthToken>,
    token: string,
    instance: AbstractAuthToken,
  ): Promise<Response> {
    return new Response(await this.getPostResponseData(request, token, instance));
  }
}

/** Ends the token that the request came with: 204. */
export class LogoutView<User extends BaseUser = BaseUser> extends KnoxView<User> {
  static override authenticationClasses: AuthenticationClasses = [TokenAuthentication];

  override async post(request: Request<User, AbstractAuthToken>): Promise<Response> {
    await this.endTokens(request);
    await this.rules.onLoggedOut?.(request.user as User, request);
    return this.getPostResponse(request);
  }

  /** Removes what the log out is to end. */
  protected async endTokens({ auth }: Request<User, AbstractAuthToken>): Promise<void> {
    // A subclass may let people in who came without a token, and have nothing to end.
    if (auth !== null) await this.rules.store.delete(auth);
  }

  getPostResponse(_request: Request<User, AbstractAuthToken>): Awaitable<Response> {
    return new Response(null, { status: 204 });
  }
}

/** Ends all tokens of the user, on whatever client they are: 204. */
export class LogoutAllView<User extends BaseUser = BaseUser> extends LogoutView<User> {
  protected override async endTokens({ user }: Request<User, AbstractAuthToken>): Promise<void> {
    await this.rules.store.deleteAll(user as User);
  }
}

function isKnox(authenticator: unknown): boolean {
  if (typeof authenticator !== 'function') return false;
  return authenticator === TokenAuthentication || authenticator.prototype instanceof TokenAuthentication;
}

function nobodyLogsIn(where: string): Finding {
  return finding('sallyport.W021', where, {
    message: 'Only who has a token gets one here, so nobody can log in.',
    hint: 'Name a scheme that people can begin with: static override authenticationClasses = [BasicAuthentication].',
  });
}
