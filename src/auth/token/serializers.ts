import { getErrorDetails, ValidationError, type ErrorTree } from '../../core/exceptions';
import type { DescribedSerializer } from '../../core/metadata';
import type { Request } from '../../core/request';
import type { Settings } from '../../core/settings';
import type { BaseUser } from '../../core/users';
import { pythonType } from '../../core/validation/texts';
import { fieldOf, plain, readText } from './credentials';

/** What the serializer makes of good input. */
export interface AuthTokenData<User extends BaseUser = BaseUser> {
  readonly username: string;
  readonly password: string;
  readonly user: User;
}

/** The request whose body is checked, and what is in force for it. */
export interface SerializerContext {
  readonly request: Request;
  readonly settings: Settings;
}

/** What OPTIONS tells of the fields. */
const FIELDS: DescribedSerializer['fields'] = Object.freeze({
  username: { type: 'string', required: true, read_only: false, label: 'Username' },
  password: { type: 'string', required: true, read_only: false, label: 'Password' },
  token: { type: 'string', required: false, read_only: true, label: 'Token' },
});

/** Checks a username and password; DRF's class of this name, with its texts. */
export class AuthTokenSerializer<User extends BaseUser = BaseUser> implements DescribedSerializer {
  #errors: Record<string, ErrorTree> | undefined;
  #validated: AuthTokenData<User> | undefined;
  #checked: Promise<void> | undefined;

  constructor(
    readonly initialData: unknown,
    readonly context: SerializerContext,
  ) {}

  /**
   * Whether the input is good and the credentials are right.
   * @throws ValidationError with `raiseException`
   */
  async isValid(options: { readonly raiseException?: boolean } = {}): Promise<boolean> {
    await (this.#checked ??= this.#check());
    if (this.#errors !== undefined && options.raiseException === true) throw new ValidationError(this.#errors);
    return this.#errors === undefined;
  }

  async #check(): Promise<void> {
    const fields = this.readFields();
    if (this.#errors !== undefined) return;
    const { username, password } = fields as { username: string; password: string };
    const user = await this.authenticate(username, password);
    if (user !== null) {
      this.#validated = { username, password, user };
      return;
    }
    this.refuse();
  }

  get fields(): DescribedSerializer['fields'] {
    return FIELDS;
  }

  get errors(): Readonly<Record<string, ErrorTree>> {
    return this.#errors ?? {};
  }

  /** @throws Error before `isValid`, or when it said no */
  get validatedData(): AuthTokenData<User> {
    if (this.#validated === undefined)
      throw new Error('There is no validated data: isValid() was not called, or said no.');
    return this.#validated;
  }

  /** @throws Error always: a serializer is no answer, and it holds the password that the client has sent */
  toJSON(): never {
    throw new Error('A serializer was given to a Response. Give it the validatedData or the errors of the serializer.');
  }

  /** Override to check other credentials than the user store's. */
  protected async authenticate(username: string, password: string): Promise<User | null> {
    const user = await this.context.settings.users!.authenticate({ username, password }, this.context.request);
    // A backend may let inactive users through; here they are answered like a wrong password.
    return user?.isActive === true ? (user as User) : null;
  }

  /** Says that the credentials are wrong. */
  protected refuse(): void {
    const { nonFieldErrorsKey } = this.context.settings;
    this.fail(nonFieldErrorsKey, 'Unable to log in with provided credentials.', 'authorization');
  }

  protected fail(field: string, message: string, code: string): void {
    const errors = (this.#errors ??= {});
    errors[field] = [...((errors[field] as ErrorTree[] | undefined) ?? []), getErrorDetails(message, code)];
  }

  /** The texts of the fields, by name; what is wrong with them is said by `fail`. */
  protected readFields(): Record<string, string> {
    const data = plain(this.initialData);
    const nonField = this.context.settings.nonFieldErrorsKey;
    if (data === null || data === undefined) {
      this.fail(nonField, 'No data provided', 'null');
      return {};
    }
    if (typeof data !== 'object' || Array.isArray(data)) {
      this.fail(nonField, `Invalid data. Expected a dictionary, but got ${pythonType(data)}.`, 'invalid');
      return {};
    }
    const fields: Record<string, string> = {};
    for (const [name, trim] of [
      ['username', true],
      ['password', false],
    ] as const) {
      const value = readText(fieldOf(data, name), trim);
      if (typeof value === 'string') fields[name] = value;
      else for (const [message, code] of value) this.fail(name, message, code);
    }
    return fields;
  }
}
