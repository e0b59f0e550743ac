import type { AuthenticationClasses } from '../../core/authentication';
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
import { bodyWithCookie, checkCookieRequest, moveToCookies } from './cookies/transport';
import { hasProofFault, proofChallenge } from './dpop/proofs';
import { InvalidToken, TokenError } from './exceptions';
import type { JWTSerializer, SerializerClass, ValidatedData } from './serializer';
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

  /** The field of a token that may come in a cookie instead; null where the view takes none. */
  protected readonly tokenField: 'refresh' | 'token' | null = null;

  /** The serializer that the settings name, or the built-in one. */
  protected abstract get settingsSerializer(): SerializerClass;

  get serializerClass(): SerializerClass {
    return (this.constructor as typeof TokenViewBase).serializerClass ?? this.settingsSerializer;
  }

  /** The serializer of a body. */
  getSerializer(data?: unknown): JWTSerializer {
    return new this.serializerClass(data, { request: this.request, settings: this.settings });
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
