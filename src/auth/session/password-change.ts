import type { AuthenticationClasses } from '../../core/authentication';
import { ImproperlyConfigured } from '../../core/exceptions';
import { checkLoginLimit } from '../../core/failed-login-throttle';
import type { CheckedView, Finding } from '../../core/findings';
import { passwordChanged, passwordValidatorsHelpTexts } from '../../core/passwords/validation';
import { IsAuthenticated, type PermissionClasses } from '../../core/permissions';
import { Response } from '../../core/response';
import type { AuthenticatedRequest } from '../../core/request';
import type { Settings } from '../../core/settings';
import type { ThrottleClasses } from '../../core/throttling';
import type { BaseUser } from '../../core/users';
import type { ViewClass, ViewHandler, ViewOverrides, ViewResult } from '../../core/views';
import { SessionAuthentication } from './authentication';
import { getToken } from './csrf';
import { updateSessionAuthHash } from './login';
import type { SessionForm } from './pages';
import { LABELS, PasswordChangeSerializer } from './password-change-serializer';
import { PasswordChangeThrottle } from './throttling';
import { redirect, SessionView } from './views';

/**
 * Lets whoever is logged in choose another password: `POST` with `old_password`, `new_password1` and `new_password2`.
 * Programs are answered with 204, or with 400 and what was wrong; browsers get a form (`GET`), and afterwards go to `next`
 * or to the setting `loginRedirectUrl`. This session goes on under a new key, and all others of the user end.
 *
 * It limits wrong passwords, as `LoginView` does.
 *
 * @example path('/password_change/', PasswordChangeView.asView({ settings }), { name: 'password_change' })
 */
export class PasswordChangeView<User extends BaseUser = BaseUser> extends SessionView<User> {
  static override authenticationClasses: AuthenticationClasses = [SessionAuthentication];
  static override permissionClasses: PermissionClasses = [IsAuthenticated];
  static override preAuthThrottleClasses: ThrottleClasses = [PasswordChangeThrottle];
  static override description: string | null = 'Takes the password and a new one, and ends all other sessions.';

  /** @throws ImproperlyConfigured without a session store, a secret, or a user store that can store passwords */
  static override asView(this: ViewClass, overrides: ViewOverrides = {}): ViewHandler {
    const { users } = overrides.settings ?? this.settings;
    if (users !== null && users.setPassword === undefined) {
      throw new ImproperlyConfigured(
        'PasswordChangeView needs a user store with the method setPassword(user, password), as userStore(orm) has it.',
      );
    }
    return SessionView.asView.call(this, overrides);
  }

  static override check(settings: Settings, view: CheckedView): Finding[] {
    return [...super.check(settings, view), ...checkLoginLimit(settings, view)];
  }

  get serializerClass(): typeof PasswordChangeSerializer<User> {
    return PasswordChangeSerializer<User>;
  }

  /** The serializer of a body. */
  getSerializer(data?: unknown): PasswordChangeSerializer<User> {
    const { user, settings } = this.request as AuthenticatedRequest<User, null>;
    return new this.serializerClass(data, { request: this.request, settings, user });
  }

  override async get(request: AuthenticatedRequest<User, null>): Promise<ViewResult> {
    return this.answersPage ? new Response() : new Response({ csrfToken: await getToken(request) });
  }

  override async post(request: AuthenticatedRequest<User, null>): Promise<ViewResult> {
    const { user, settings } = request;
    const { newPassword } = await this.getSerializer(request.data).validate();
    await settings.users!.setPassword!(user, newPassword);
    await updateSessionAuthHash(request, user);
    await passwordChanged(newPassword, user, settings.passwordValidators);
    return this.answersPage ? redirect(this.getSuccessUrl()) : new Response(null, { status: 204 });
  }

  /** @internal What the page shows. */
  getForm(errors: SessionForm['errors']): SessionForm {
    const help = passwordValidatorsHelpTexts(this.settings.passwordValidators);
    const isNew = { autocomplete: 'new-password', value: null };
    return {
      title: 'Password change',
      submit: 'Change my password',
      fields: [
        { name: 'old_password', label: LABELS.old_password, autocomplete: 'current-password', value: null },
        { name: 'new_password1', label: LABELS.new_password1, ...isNew, help },
        { name: 'new_password2', label: LABELS.new_password2, ...isNew },
      ],
      next: this.getRedirectUrl(),
      errors,
    };
  }
}
