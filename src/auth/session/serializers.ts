import type { DescribedSerializer } from '../../core/metadata';
import type { BaseUser } from '../../core/users';
import { AuthTokenSerializer } from '../token/serializers';

/** Longer than any name in Django's table; a name that is shorter may still be too long for the table of an app. */
const USERNAME_MAX_LENGTH = 150;

/** What OPTIONS tells of the fields. */
const FIELDS: DescribedSerializer['fields'] = Object.freeze({
  username: { type: 'string', required: true, read_only: false, label: 'Username', max_length: USERNAME_MAX_LENGTH },
  password: { type: 'string', required: true, read_only: false, label: 'Password' },
});

/** Checks a username and password as Django's `AuthenticationForm` does, with its texts. */
export class LoginSerializer<User extends BaseUser = BaseUser> extends AuthTokenSerializer<User> {
  /** Code points. Override it where names may be longer. */
  protected readonly usernameMaxLength: number = USERNAME_MAX_LENGTH;
  #isInactive = false;

  override get fields(): DescribedSerializer['fields'] {
    return FIELDS;
  }

  protected override readFields(): Record<string, string> {
    const fields = super.readFields();
    const name = fields['username'];
    if (name === undefined) return fields;
    const length = Array.from(name).length;
    if (length > this.usernameMaxLength) {
      const text = `Ensure this value has at most ${String(this.usernameMaxLength)} characters (it has ${String(length)}).`;
      this.fail('username', text, 'max_length');
    }
    return { ...fields, username: name.normalize('NFKC') };
  }

  protected override async authenticate(username: string, password: string): Promise<User | null> {
    const user = await this.context.settings.users!.authenticate({ username, password }, this.context.request);
    this.#isInactive = user?.isActive === false;
    return this.#isInactive ? null : (user as User | null);
  }

  protected override refuse(): void {
    const { nonFieldErrorsKey } = this.context.settings;
    if (this.#isInactive) this.fail(nonFieldErrorsKey, 'This account is inactive.', 'inactive');
    else {
      const text = 'Please enter a correct username and password. Note that both fields may be case-sensitive.';
      this.fail(nonFieldErrorsKey, text, 'invalid_login');
    }
  }
}
