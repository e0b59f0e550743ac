import {
  checkPassword,
  defaultPasswordHashers,
  isPasswordUsable,
  makePassword,
  makeUnusablePassword,
} from '../crypto/hashers';
import type { PasswordHashers, RawPassword } from '../crypto/hashers';
import type { Awaitable } from './policy';
import type { Request } from './request';

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
export abstract class AbstractBaseUser implements BaseUser {
  /** The field by which a client names the user. */
  static readonly USERNAME_FIELD: string = 'username';
  static readonly EMAIL_FIELD: string = 'email';
  /** The fields that `createsuperuser` asks for beside the name and the password. */
  static readonly REQUIRED_FIELDS: readonly string[] = [];

  /** The hash in Django's format, never the password itself. */
  password = '';
  lastLogin: Date | null = null;

  /**
   * Whether the user may come in. A class without such a column says so: `get isActive() { return true; }`. There is no
   * default to inherit, since a user who was loaded without this column must not pass for an active one.
   */
  abstract readonly isActive: boolean;

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

  toString(): string {
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

/** Who makes a request that no authenticator recognised. */
export class AnonymousUser {
  get isAuthenticated(): false {
    return false;
  }
  get isAnonymous(): true {
    return true;
  }
  get isActive(): false {
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
  toString(): string {
    return 'AnonymousUser';
  }
}

/** Names and secrets that a client offered, by name: `{ username, password }`. */
export type Credentials = Readonly<Record<string, string>>;

/**
 * The port to the user table. `authenticate` is Django's function of that name: it asks the backends in order, and it
 * spends the same time for an unknown user as for a wrong password.
 */
export interface UserStore<U extends BaseUser = BaseUser> {
  get(pk: unknown): Promise<U | null>;
  getByNaturalKey(username: string): Promise<U | null>;
  authenticate(credentials: Credentials, request?: Request<BaseUser, unknown>): Awaitable<U | null>;
}
