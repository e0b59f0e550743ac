import type { BaseUser } from '../../core/users';

/** What is kept of a token that may be called back. */
export interface OutstandingEntry {
  /** The token's own number, the claim `jti`. */
  readonly jti: string;
  /** The token as it was sent. */
  readonly token: string;
  /** The primary key of its user; null for one without. */
  readonly userPk: BaseUser['pk'];
  /** When it was made; null when it doesn't say. */
  readonly createdAt: Date | null;
  readonly expiresAt: Date;
}

/** The port to the two tables of simplejwt's blacklist: the tokens that were given out, and those that were called back. */
export interface BlacklistStore {
  /** Remembers a token that is given out. One that is known stays as it is. */
  outstand(entry: OutstandingEntry): Promise<void>;
  /**
   * Calls a token back, in one step: of several callers at once, one gets true, and all others false.
   * @returns whether it was good until now
   */
  blacklist(entry: OutstandingEntry): Promise<boolean>;
  /** Whether the token with this `jti` was called back. */
  isBlacklisted(jti: string): Promise<boolean>;
  /**
   * Forgets the tokens that have expired, which nobody would take anyway.
   * @returns how many these were
   */
  flushExpired(now: Date): Promise<number>;
}
