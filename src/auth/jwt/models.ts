import type { BaseUser } from '../../core/users';

/** A token that was given out and may be called back: a row of `token_blacklist_outstandingtoken`. */
export class OutstandingToken<User extends BaseUser = BaseUser> {
  /** A number beyond 2^53 has no exact value in JavaScript, so it is text. */
  id!: string;
  user: User | null = null;
  jti!: string;
  token!: string;
  createdAt: Date | null = null;
  expiresAt!: Date;

  toString(): string {
    return `Token for ${nameOf(this.user)} (${this.jti})`;
  }
}

/** A token that was called back: a row of `token_blacklist_blacklistedtoken`. */
export class BlacklistedToken<User extends BaseUser = BaseUser> {
  id!: string;
  token!: OutstandingToken<User>;
  blacklistedAt!: Date;

  toString(): string {
    return `Blacklisted token for ${nameOf(this.token.user)}`;
  }
}

/** A user whose row is gone is shown as Python shows it. */
function nameOf(user: BaseUser | null): string {
  // eslint-disable-next-line @typescript-eslint/no-base-to-string -- users show themselves by their name
  return user === null ? 'None' : String(user);
}
