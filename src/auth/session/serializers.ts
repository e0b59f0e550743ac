import type { DescribedSerializer } from '../../core/metadata';
import type { BaseUser } from '../../core/users';
import { AuthTokenSerializer } from '../token/serializers';

/** No name is as long; to bring a long text into another form takes time (Django's guard). */
const LONGEST_NAME = 254;

/** What OPTIONS tells of the fields. */
const FIELDS: DescribedSerializer['fields'] = Object.freeze({
  username: { type: 'string', required: true, read_only: false, label: 'Username' },
  password: { type: 'string', required: true, read_only: false, label: 'Password' },
});

/** Checks a username and password as Django's `AuthenticationForm` does, with its texts. */
export class LoginSerializer<User extends BaseUser = BaseUser> extends AuthTokenSerializer<User> {
  #isInactive = false;

  override get fields(): DescribedSerializer['fields'] {
    return FIELDS;
  }

  protected override async authenticate(username: string, password: string): Promise<User | null> {
    const name = username.length > LONGEST_NAME ? username : username.normalize('NFKC');
    const user = await this.context.settings.users!.authenticate({ username: name, password }, this.context.request);
    this.#isInactive = user?.isActive === false;
    return this.#isInactive ? null : (user as User | null);
  }

  /** A form knows no difference between a field that is empty and one that is not there. */
  protected override fail(field: string, message: string, code: string): void {
    if (code === 'blank') super.fail(field, 'This field is required.', 'required');
    else super.fail(field, message, code);
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
