import type { AuthenticationClasses } from '../../core/authentication';
import { checkLoginLimit } from '../../core/failed-login-throttle';
import type { CheckedView, Finding } from '../../core/findings';
import { MultiPartParser } from '../../core/multipart';
import { FormParser, JSONParser } from '../../core/parsers';
import type { PermissionClasses } from '../../core/permissions';
import { chain, type Awaitable } from '../../core/policy';
import { JSONRenderer } from '../../core/renderers';
import type { Request } from '../../core/request';
import { Response } from '../../core/response';
import type { ParserClasses, RendererClasses, Settings } from '../../core/settings';
import type { ThrottleClasses } from '../../core/throttling';
import type { BaseUser } from '../../core/users';
import { APIView, type ViewClass, type ViewHandler, type ViewOverrides, type ViewResult } from '../../core/views';
import { isSafeRedirect, toLocation } from '../../http/redirects';
import { SessionAuthentication } from './authentication';
import { checkSessions } from './checks';
import { checkCsrf, getToken } from './csrf';
import { formField } from './form-fields';
import { getUser, login, logout } from './login';
import { SessionPageRenderer, type SessionForm } from './pages';
import { LoginSerializer } from './serializers';
import { session } from './settings';
import { LoginThrottle } from './throttling';

/** For no cache, for no frame of another page (clickjacking), and with a referer for the check of CSRF. */
const HEADERS: Readonly<Record<string, string>> = Object.freeze({
  'Cache-Control': 'max-age=0, no-cache, no-store, must-revalidate, private',
  'Content-Security-Policy': "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
});

/**
 * The base of the views: whatever changes something needs a CSRF token, of visitors who are not logged in too, whichever
 * authenticators and permissions a subclass has. Programs are answered with JSON, browsers with pages.
 */
export abstract class SessionView<User extends BaseUser = BaseUser> extends APIView<User, null> {
  static override authenticationClasses: AuthenticationClasses = [];
  static override permissionClasses: PermissionClasses = [];
  static override throttleClasses: ThrottleClasses = [];
  static override parserClasses: ParserClasses = [FormParser, MultiPartParser, JSONParser];
  static override rendererClasses: RendererClasses = [JSONRenderer, SessionPageRenderer];

  /** @throws ImproperlyConfigured without a session store, a secret or a user store */
  static override asView(this: ViewClass, overrides: ViewOverrides = {}): ViewHandler {
    SessionAuthentication.checkSettings(overrides.settings ?? this.settings);
    return APIView.asView.call(this, overrides);
  }

  static check(settings: Settings, _view: CheckedView): Finding[] {
    return checkSessions(settings);
  }

  override get defaultResponseHeaders(): Readonly<Record<string, string>> {
    return { ...super.defaultResponseHeaders, ...HEADERS };
  }

  override performAuthentication(request: Request<User, null>): Awaitable<void> {
    return chain(super.performAuthentication(request), () => checkCsrf(request));
  }

  /** Whether a page is wanted, and not JSON. */
  protected get answersPage(): boolean {
    return this.request.acceptedRenderer instanceof SessionPageRenderer;
  }

  /** Where the client wants to go, by the field or query parameter `next`; empty unless that is on this site. */
  protected getRedirectUrl(): string {
    const { request } = this;
    const next = formField(request, 'next') ?? request.queryParams.get('next') ?? '';
    return isSafeRedirect(next, { host: request.getHost(), secure: request.isSecure() }) ? next : '';
  }

  /** Where a page leads when its form is done: where the client wants to go, or the setting `loginRedirectUrl`. */
  protected getSuccessUrl(): string {
    const next = this.getRedirectUrl();
    return next === '' ? session.of(this.settings).loginRedirectUrl : next;
  }
}

/** 302, as Django's. The platform's `Response.redirect` takes whole URLs only. */
export function redirect(url: string): globalThis.Response {
  return new globalThis.Response(null, { status: 302, headers: { Location: toLocation(url) } });
}

/**
 * Logs in: `POST` with `username` and `password`. Programs are answered with `{"csrfToken": …}`, the token that is good
 * from now on, or with 400 and what was wrong; browsers get a form (`GET`), and afterwards go to `next` or to the setting
 * `loginRedirectUrl`, as with Django's view of this name.
 *
 * It limits failed attempts, by address and name, as `FailedLoginThrottle` does.
 *
 * @example path('/login', LoginView.asView({ settings }))
 */
export class LoginView<User extends BaseUser = BaseUser> extends SessionView<User> {
  static override preAuthThrottleClasses: ThrottleClasses = [LoginThrottle];
  static override description: string | null = 'Takes a username and a password, and opens a session.';
  /** Whether a page sends those on who are logged in. Other sites can find out by it who is: an image loads, or not. */
  static redirectAuthenticatedUser = false;

  static override check(settings: Settings, view: CheckedView): Finding[] {
    return [...super.check(settings, view), ...checkLoginLimit(settings, view)];
  }

  get serializerClass(): typeof LoginSerializer<User> {
    return LoginSerializer<User>;
  }

  /** The serializer of a body. */
  getSerializer(data?: unknown): LoginSerializer<User> {
    return new this.serializerClass(data, { request: this.request, settings: this.settings });
  }

  override async get(request: Request<User, null>): Promise<ViewResult> {
    if (!this.answersPage) return new Response({ csrfToken: await getToken(request) });
    return (await this.sendOn(request)) ?? new Response();
  }

  override async post(request: Request<User, null>): Promise<ViewResult> {
    const elsewhere = this.answersPage ? await this.sendOn(request) : null;
    if (elsewhere !== null) return elsewhere;
    const serializer = this.getSerializer(request.data);
    await serializer.isValid({ raiseException: true });
    const { user } = serializer.validatedData;
    await login(request, user);
    return this.loggedIn(request, user);
  }

  /** The answer to a log in. */
  protected async loggedIn(request: Request<User, null>, _user: User): Promise<ViewResult> {
    return this.answersPage ? redirect(this.getSuccessUrl()) : new Response({ csrfToken: await getToken(request) });
  }

  /** @internal What the page shows. */
  getForm(errors: SessionForm['errors']): SessionForm {
    const username = formField(this.request, 'username') ?? '';
    return {
      title: 'Log in',
      submit: 'Log in',
      fields: [
        { name: 'username', label: 'Username', autocomplete: 'username', value: username },
        { name: 'password', label: 'Password', autocomplete: 'current-password', value: null },
      ],
      next: this.getRedirectUrl(),
      errors,
    };
  }

  /** @throws Error when somebody who is logged in would be sent in a circle */
  private async sendOn(request: Request<User, null>): Promise<ViewResult | null> {
    if (!(this.constructor as typeof LoginView).redirectAuthenticatedUser) return null;
    if (!(await getUser(request)).isAuthenticated) return null;
    const url = this.getSuccessUrl();
    if (url !== request.path) return redirect(url);
    throw new Error(
      'Redirection loop for authenticated user detected. Check that your loginRedirectUrl does not point to a login page.',
    );
  }
}

/**
 * Logs out: `POST`. Programs are answered with 204, browsers go to `next` or to the setting `logoutRedirectUrl`, or see
 * a page. `GET` is refused, as a picture in any page could ask for it.
 */
export class LogoutView<User extends BaseUser = BaseUser> extends SessionView<User> {
  static override description: string | null = 'Ends the session.';

  override async post(request: Request<User, null>): Promise<ViewResult> {
    await logout(request);
    if (!this.answersPage) return new Response(null, { status: 204 });
    const next = this.getRedirectUrl();
    const url = next === '' ? session.of(this.settings).logoutRedirectUrl : next;
    // Where the site sends people back to this view, they see its page.
    return url === null || url === request.getFullPath() ? new Response() : redirect(url);
  }
}

/** A CSRF token for the scripts of a page: `GET` answers `{"csrfToken": …}` and sets the cookie that it belongs to. */
export class CsrfView<User extends BaseUser = BaseUser> extends SessionView<User> {
  static override rendererClasses: RendererClasses = [JSONRenderer];
  static override description: string | null = 'Gives a CSRF token for the header X-CSRFToken.';

  override async get(request: Request<User, null>): Promise<ViewResult> {
    return new Response({ csrfToken: await getToken(request) });
  }
}
