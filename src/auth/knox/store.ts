import type { BaseUser } from '../../core/users';
import type { AbstractAuthToken } from './models';

/** A token that is to be kept. */
export interface NewAuthToken<User extends BaseUser = BaseUser> {
  readonly digest: string;
  readonly tokenKey: string;
  readonly user: User;
  readonly created: Date;
  readonly expiry: Date | null;
  /** Columns of a token class of the app. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Null: none, which every store can keep. */
  readonly details: NewAuthTokenDetails | null;
}

/** What is kept of a new token beside the row of Django. Null is what nobody has said. */
export interface NewAuthTokenDetails {
  readonly name: string | null;
  readonly scopes: readonly string[] | null;
  readonly passwordDigest: string | null;
}

/** How many tokens a user may have. */
export interface TokenLimit {
  readonly count: number;
  /** Which tokens count: all that haven't ended, or only those of them that will. */
  readonly counts: 'all' | 'expiring';
  /** Whether a further token is refused, or takes the place of the oldest. */
  readonly whenFull: 'deny' | 'dropOldest';
}

/** What became of the wish for a token. */
export interface TokenCreation<T extends AbstractAuthToken> {
  /** Null where the user has as many tokens as they may have. */
  readonly token: T | null;
  /** How many tokens of the user had ended, and were removed by the way. */
  readonly expired: number;
}

/** What is noted of the use of a token. */
export interface TokenUse {
  /** Null: the time is not noted. */
  readonly at: Date | null;
  /** Kept only where there is none yet. */
  readonly passwordDigest: string | null;
}

/** The port to the table of knox's tokens and, if the store has such a table, to that of their details. */
export interface KnoxStore<T extends AbstractAuthToken = AbstractAuthToken> {
  /** Whether the store keeps names, scopes and times of use. */
  readonly keepsDetails: boolean;
  /** The tokens with one of these keys, with their users and details, by one indexed query. */
  find(tokenKeys: readonly string[]): Promise<readonly T[]>;
  /**
   * Keeps a token, and removes those of its user that have ended. With a limit this is one step: of several callers at
   * once, no more than the limit allows are given a token.
   */
  create(token: NewAuthToken<T['user']>, limit: TokenLimit | null): Promise<TokenCreation<T>>;
  /** Lets a token end later, in the row and in `token`; an expiry that isn't later than that of the row changes nothing. */
  renew(token: T, expiry: Date): Promise<void>;
  /** Notes that a token was used, in the details of the row and of `token`; time doesn't go back. */
  noteUse(token: T, use: TokenUse): Promise<void>;
  /** Removes a token; false where it was gone already. */
  delete(token: T): Promise<boolean>;
  /** Removes all tokens of a user, and says how many. */
  deleteAll(user: T['user']): Promise<number>;
  /** The tokens of a user, oldest first, those that have ended among them. */
  list(user: T['user']): Promise<readonly T[]>;
  /** Removes the tokens that have ended, whosever they are, and says how many. */
  flushExpired(now: Date): Promise<number>;
}
