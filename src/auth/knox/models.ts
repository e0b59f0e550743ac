import type { BaseUser } from '../../core/users';

/**
 * What we keep of a token beside knox's own columns, in a table of our own: a row of `sallyport_knox_token`. Django
 * knows nothing of it.
 */
export class AuthTokenDetails {
  /** Whose details these are: the digest of the token. */
  digest!: string;
  /** The table in which that token lies: each class of tokens has one. */
  tokenTable!: string;
  /** A name for people: `the phone`. */
  name: string | null = null;
  /** What the token may be used for; null: for all that its user may do. */
  scopes: string[] | null = null;
  lastUsedAt: Date | null = null;
  /** See the option `endOnPasswordChange`. */
  passwordDigest: string | null = null;
}

/**
 * The base of token classes of your own: knox's columns. An ORM makes entities without their constructor, so what is
 * derived is a getter.
 */
export abstract class AbstractAuthToken<User extends BaseUser = BaseUser> {
  /** The digest of the token, which itself is kept nowhere. */
  digest!: string;
  /** The first 15 characters of the token. */
  tokenKey!: string;
  user!: User;
  created!: Date;
  /** When it ends; null: never. */
  expiry!: Date | null;
  /** What a store with a table for it adds; it is no column. */
  details?: AuthTokenDetails | null;

  get name(): string | null {
    return this.details?.name ?? null;
  }

  /** What the token may be used for; null: for all that its user may do. */
  get scopes(): readonly string[] | null {
    return this.details?.scopes ?? null;
  }

  get lastUsedAt(): Date | null {
    return this.details?.lastUsedAt ?? null;
  }

  /** Whether the token may be used for all of these. */
  hasScopes(wanted: readonly string[]): boolean {
    const { scopes } = this;
    return scopes === null || wanted.every((scope) => scopes.includes(scope));
  }

  /** Whether the token has ended. */
  hasExpired(now: Date): boolean {
    // A date that is none is neither earlier nor later, and must not last for ever.
    return this.expiry !== null && !(this.expiry > now);
  }

  toString(): string {
    // eslint-disable-next-line @typescript-eslint/no-base-to-string -- users show themselves by their name
    return `${this.digest} : ${String(this.user)}`;
  }
}

/** Knox's own token: a row of `knox_authtoken`, of which a user may have many. */
export class AuthToken<User extends BaseUser = BaseUser> extends AbstractAuthToken<User> {}
