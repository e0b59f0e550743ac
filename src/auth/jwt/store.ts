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

/** What tells the tokens of a family apart. Beside these claims they are equal. Times are seconds since 1970. */
export interface FamilyMember {
  readonly jti: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** The first token of a family, made at a log in. */
export interface NewFamily {
  readonly id: string;
  /** The primary key of its user as text; null for one without. */
  readonly userPk: string | null;
  readonly member: FamilyMember;
}

/** A refresh token of a family that somebody presents for another. */
export interface Rotation {
  readonly jti: string;
  /** What follows it, if this is the first time. */
  readonly successor: FamilyMember;
  /** Seconds since 1970. */
  readonly now: number;
  /** For so many seconds a token that was used is answered with what followed it. */
  readonly grace: number;
}

/**
 * What became of it. `rotated`: the member is the successor. `repeated`: the token was used a moment ago, and the member is
 * the family's present token. `reused`: it was used before that, by whoever else has it; the family is ended now, and the
 * member was its last. `ended`: the family was ended before. `unknown`: there is no such family.
 */
export type RotationOutcome =
  | { readonly kind: 'rotated' | 'repeated' | 'reused'; readonly member: FamilyMember }
  | { readonly kind: 'ended' | 'unknown' };

/** What is known of a family. */
export interface FamilyState {
  /** The `jti` of its present token: the only one that was not used. */
  readonly jti: string;
  readonly isEnded: boolean;
}

/**
 * The port to the families of refresh tokens: all that followed from one log in. No token rests here, and nothing that
 * one could be made of without the key that signs them.
 */
export interface RefreshFamilyStore {
  /** Begins a family. One that is known stays as it is. */
  start(family: NewFamily): Promise<void>;
  /** Lets one token follow another, in one step: of several callers at once with one token, one gets `rotated`. */
  rotate(id: string, rotation: Rotation): Promise<RotationOutcome>;
  /** What is known of a family; null for one that isn't. */
  find(id: string): Promise<FamilyState | null>;
  /**
   * Ends a family: none of its tokens counts from now on.
   * @returns its last token; null when it was ended before, or isn't known
   */
  end(id: string, now: Date): Promise<FamilyMember | null>;
  /**
   * Ends all families of a user.
   * @param userPk the primary key as text
   * @returns how many these were
   */
  endAllOf(userPk: string, now: Date): Promise<number>;
  /**
   * Forgets the families whose tokens have all expired.
   * @returns how many these were
   */
  flushExpired(now: Date): Promise<number>;
}
