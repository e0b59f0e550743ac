import {
  checkPassword,
  defaultPasswordHashers,
  isPasswordUsable,
  makePassword,
  makeUnusablePassword,
} from '../crypto/hashers';
import type { PasswordHashers, RawPassword } from '../crypto/hashers';
import { saltedHmac } from '../crypto/signing';
import type { SecretKey } from '../crypto/signing';
import type { AuthenticationBackend } from './backends';
import type { Awaitable } from './policy';
import type { Request } from './request';
import { PermissionHolder } from './user-permissions';

/** What the cycle asks of a user. Any class that has these three will do. */
export interface BaseUser {
  readonly isAuthenticated: true;
  /** An inactive user is refused by every scheme. */
  readonly isActive: boolean;
  /** The primary key; throttles count by it. */
  readonly pk: unknown;
}

/**
 * The base of user classes that log in with a password: Django's class of that name.
 *
 * An ORM makes entities without their constructor, so what is derived is a getter on the prototype, never a field.
 */
export abstract class AbstractBaseUser extends PermissionHolder implements BaseUser {
  /** The field by which a client names the user. */
  static readonly USERNAME_FIELD: string = 'username';
  static readonly EMAIL_FIELD: string = 'email';
  /** The fields that `createsuperuser` asks for beside the name and the password. */
  static readonly REQUIRED_FIELDS: readonly string[] = [];

  /** Unicode NFKC, so that names which look the same are the same. */
  static normalizeUsername(username: string): string {
    return username.normalize('NFKC');
  }

  /** The domain in lower case; what stands before the last `@` may tell mailboxes apart and stays as it is. */
  static normalizeEmail(email: string | null | undefined): string {
    const text = email ?? '';
    const at = text.lastIndexOf('@');
    return at < 0 ? text : (text.slice(0, at) + text.slice(at).toLowerCase()).trim();
  }

  /** The hash in Django's format, never the password itself. */
  password = '';
  lastLogin: Date | null = null;

  /**
   * Whether the user may come in. A class without such a column says so: `get isActive() { return true; }`. There is no
   * default to inherit, since a user who was loaded without this column must not pass for an active one.
   */
  abstract override readonly isActive: boolean;

  get isAuthenticated(): true {
    return true;
  }

  get isAnonymous(): false {
    return false;
  }

  /** The primary key: the field `id`. A class with another key overrides this. */
  get pk(): unknown {
    return Reflect.get(this, 'id');
  }

  /** The value of the `USERNAME_FIELD`. */
  getUsername(): string {
    const { USERNAME_FIELD } = this.constructor as typeof AbstractBaseUser;
    return String(Reflect.get(this, USERNAME_FIELD));
  }

  override toString(): string {
    return this.getUsername();
  }

  /** Hashes `raw` into the field `password`; null makes the password unusable. Saving is the caller's business. */
  async setPassword(raw: RawPassword | null, hashers: PasswordHashers = defaultPasswordHashers): Promise<void> {
    this.password = await makePassword(raw, hashers);
  }

  /**
   * Whether `raw` is the password. If it is, and the stored hash is outdated, the field gets a new hash; saving is the
   * caller's business.
   */
  async checkPassword(raw: RawPassword | null, hashers: PasswordHashers = defaultPasswordHashers): Promise<boolean> {
    const { ok, mustUpdate } = await checkPassword(raw, this.password, hashers);
    if (ok && mustUpdate) await this.setPassword(raw, hashers);
    return ok;
  }

  /** Stores a value that no password matches. */
  setUnusablePassword(): void {
    this.password = makeUnusablePassword();
  }

  hasUsablePassword(): boolean {
    return isPasswordUsable(this.password);
  }

  /** What a session remembers of the password: with another password it is another text, so old sessions end. */
  getSessionAuthHash(secret: SecretKey): string {
    const salt = 'django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash';
    return saltedHmac(salt, this.password, { secret }).toString('hex');
  }
}

/** Django's own user: a row of `auth_user`. */
export class User extends AbstractBaseUser {
  static override readonly REQUIRED_FIELDS: readonly string[] = ['email'];

  id!: number;
  isSuperuser = false;
  username = '';
  lastName = '';
  email = '';
  isStaff = false;
  isActive = true;
  dateJoined!: Date;
  firstName = '';

  override get pk(): number {
    return this.id;
  }

  /** First and last name, or what there is of them. */
  getFullName(): string {
    return `${this.firstName} ${this.lastName}`.trim();
  }

  getShortName(): string {
    return this.firstName;
  }
}

/** Texts of Django that forms and commands show. */
export const userMessages = Object.freeze({
  invalidUsername: 'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.',
  usernameTaken: 'A user with that username already exists.',
});

const USERNAME = /^[\p{L}\p{N}_.@+-]+$/u;

/** Whether forms and commands should take this name. `prepareUser` takes any, as Django's `create_user` does. */
export function isValidUsername(username: string): boolean {
  return USERNAME.test(username);
}

/** The class of an app's users; instances are made without arguments. */
export interface UserClass<U extends AbstractBaseUser = AbstractBaseUser> {
  readonly USERNAME_FIELD: string;
  new (): U;
  normalizeUsername(username: string): string;
  normalizeEmail(email: string | null | undefined): string;
}

/** What `createUser` takes, as Django's does. Fields of an own class may stand beside these. */
export interface NewUser {
  readonly username: string;
  readonly email?: string | null;
  /** Null, or left out, makes the password unusable. */
  readonly password?: RawPassword | null;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly isStaff?: boolean;
  readonly isSuperuser?: boolean;
  readonly isActive?: boolean;
  readonly dateJoined?: Date;
}

/** The same as it is stored. */
export type PreparedUser<F extends NewUser = NewUser> = Omit<F, 'username' | 'email' | 'password'> & {
  readonly username: string;
  readonly email: string;
  readonly password: string;
};

/**
 * The fields of a new row: name and address normalised, the password hashed.
 * @throws RangeError when the name is empty
 */
export async function prepareUser<F extends NewUser>(
  model: UserClass,
  fields: F,
  hashers?: PasswordHashers,
): Promise<PreparedUser<F>> {
  if (fields.username === '') throw new RangeError('The given username must be set');
  return {
    ...fields,
    username: model.normalizeUsername(fields.username),
    email: model.normalizeEmail(fields.email),
    password: await makePassword(fields.password ?? null, hashers),
  };
}

/**
 * The fields of a new row for someone who may do everything.
 * @throws RangeError when the name is empty, or one of the two marks is false
 */
export async function prepareSuperuser<F extends NewUser>(
  model: UserClass,
  fields: F,
  hashers?: PasswordHashers,
): Promise<PreparedUser<F>> {
  const superuser = { isStaff: true, isSuperuser: true, ...fields };
  if (!superuser.isStaff) throw new RangeError('Superuser must have is_staff=True.');
  if (!superuser.isSuperuser) throw new RangeError('Superuser must have is_superuser=True.');
  return prepareUser(model, superuser, hashers);
}

/** Who makes a request that no authenticator recognised. It stands for no row, so what needs one throws. */
export class AnonymousUser extends PermissionHolder {
  get isAuthenticated(): false {
    return false;
  }
  get isAnonymous(): true {
    return true;
  }
  override get isActive(): false {
    return false;
  }
  get isStaff(): false {
    return false;
  }
  get isSuperuser(): false {
    return false;
  }
  get pk(): null {
    return null;
  }
  get id(): null {
    return null;
  }
  get username(): '' {
    return '';
  }
  getUsername(): string {
    return '';
  }

  /** Whether the other is anonymous too: all of them are the same user. */
  equals(other: unknown): boolean {
    return other instanceof AnonymousUser;
  }

  save(): never {
    throw notInDatabase();
  }
  delete(): never {
    throw notInDatabase();
  }
  setPassword(_raw: RawPassword | null): never {
    throw notInDatabase();
  }
  checkPassword(_raw: RawPassword | null): never {
    throw notInDatabase();
  }

  override toString(): string {
    return 'AnonymousUser';
  }

  /** @throws TypeError where a number is asked for: a look-up by a user's key meant another user */
  [Symbol.toPrimitive](hint: string): string {
    if (hint !== 'number') return this.toString();
    throw new TypeError('Cannot cast AnonymousUser to a number. Are you trying to use it in place of User?');
  }
}

function notInDatabase(): Error {
  return new Error("Django doesn't provide a DB representation for AnonymousUser.");
}

/** Names and secrets that a client offered, by name: `{ username, password }`; null is none. */
export type Credentials = Readonly<Record<string, string | null>>;

/**
 * The port to the user table. `authenticate` is Django's function of that name: it asks the backends in order, and it
 * spends the same time for an unknown user as for a wrong password.
 */
export interface UserStore<U extends BaseUser = BaseUser> {
  get(pk: unknown): Promise<U | null>;
  getByNaturalKey(username: string): Promise<U | null>;
  /**
   * The user with this value, as text, in a field that tells users apart; null where there is none, or more than one. For
   * tokens that name users by another field than the key or the name.
   */
  findBy?(field: string, value: string): Promise<U | null>;
  authenticate(credentials: Credentials, request?: Request<BaseUser, unknown>): Awaitable<U | null>;
  /** The backends that `authenticate` asks. Sessions look their users up there, and users ask them what they may do. */
  readonly backends?: readonly AuthenticationBackend<U>[];
  /** Stores when a user has logged in, in the row and in `user`. A table without that column leaves it out. */
  updateLastLogin?(user: U, at: Date): Awaitable<void>;
  /** Stores another password, in the row and in `user`; null makes it unusable. For views that let people choose one. */
  setPassword?(user: U, raw: RawPassword | null): Awaitable<void>;
}
