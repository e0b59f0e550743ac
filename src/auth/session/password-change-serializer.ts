import { getErrorDetails, isAPIException, ValidationError, type ErrorTree } from '../../core/exceptions';
import type { DescribedSerializer } from '../../core/metadata';
import { validatePassword } from '../../core/passwords/validation';
import type { AbstractBaseUser, BaseUser } from '../../core/users';
import { fieldOf, plain, readText } from '../token/credentials';
import type { SerializerContext } from '../token/serializers';

/** What the serializer makes of good input. */
export interface PasswordChangeData {
  readonly newPassword: string;
}

/** What people read beside the fields (Django's labels). */
export const LABELS = Object.freeze({
  old_password: 'Old password',
  new_password1: 'New password',
  new_password2: 'New password confirmation',
});
type FieldName = keyof typeof LABELS;

/** The name that somebody logs in with; the primary key of a user class that has none. */
export function usernameOf(user: BaseUser): string {
  return (user as Partial<AbstractBaseUser>).getUsername?.() ?? String(user.pk);
}

/** What OPTIONS tells of the fields. */
const FIELDS: DescribedSerializer['fields'] = Object.freeze(
  Object.fromEntries(
    Object.entries(LABELS).map(([name, label]) => [name, { type: 'string', required: true, read_only: false, label }]),
  ),
);

/**
 * Checks the present password of a user and a new one, as Django's `PasswordChangeForm` does, with its fields and texts.
 * All that is wrong is said at once.
 */
export class PasswordChangeSerializer<User extends BaseUser = BaseUser> implements DescribedSerializer {
  readonly #errors: Record<string, ErrorTree[]> = {};

  constructor(
    readonly initialData: unknown,
    readonly context: SerializerContext & { readonly user: User },
  ) {}

  get fields(): DescribedSerializer['fields'] {
    return FIELDS;
  }

  /** @throws ValidationError for what is wrong, by field */
  async validate(): Promise<PasswordChangeData> {
    const old = this.#read('old_password');
    const [first, second] = [this.#read('new_password1'), this.#read('new_password2')];
    if (old !== null && !(await this.checkOldPassword(old))) {
      const text = 'Your old password was entered incorrectly. Please enter it again.';
      this.fail('old_password', text, 'password_incorrect');
    }
    if (first !== null && second !== null && first !== second) {
      this.fail('new_password2', 'The two password fields didn’t match.', 'password_mismatch');
    } else if (second !== null) await this.#checkRules(second);
    if (Object.keys(this.#errors).length > 0) throw new ValidationError(this.#errors);
    return { newPassword: second! };
  }

  /** Override where the user store can't tell by name and password: for users without a name, say. */
  protected async checkOldPassword(password: string): Promise<boolean> {
    const { request, settings, user } = this.context;
    const found = await settings.users!.authenticate({ username: usernameOf(user), password }, request);
    return found !== null && String(found.pk) === String(user.pk);
  }

  protected fail(field: FieldName, message: string, code: string): void {
    (this.#errors[field] ??= []).push(getErrorDetails(message, code));
  }

  /** A form knows no difference between a field that is empty and one that is not there, and a list has no fields. */
  #read(field: FieldName): string | null {
    const data = plain(this.initialData);
    const value = readText(typeof data === 'object' && data !== null ? fieldOf(data, field) : undefined, false);
    if (typeof value === 'string') return value;
    for (const [message, code] of value) {
      if (code === 'blank') this.fail(field, 'This field is required.', 'required');
      else this.fail(field, message, code);
    }
    return null;
  }

  async #checkRules(password: string): Promise<void> {
    try {
      await validatePassword(password, this.context.user, this.context.settings.passwordValidators);
    } catch (error) {
      if (!isAPIException(error) || !Array.isArray(error.detail)) throw error;
      (this.#errors['new_password2'] ??= []).push(...(error.detail as ErrorTree[]));
    }
  }
}
