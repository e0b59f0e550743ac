import type { BaseUser } from '../../core/users';
import type { FamilyMember, Rotation, RotationOutcome } from './store';

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

/** The refresh tokens that follow from one log in: a row of `sallyport_refresh_family`. */
export class RefreshFamily {
  /** So many used tokens are remembered. Within the grace period nobody uses more, and no client can make the row grow. */
  static readonly remembered = 8;

  id!: string;
  /** As text, whatever kind of key users have. */
  userPk: string | null = null;
  /** The present token, the only one that was not used. */
  jti!: string;
  issuedAt!: Date;
  expiresAt!: Date;
  /** No token of the family is good for longer. */
  keptUntil!: Date;
  endedAt: Date | null = null;
  /** The tokens that were used last, and when: the newest first. */
  spent: readonly SpentMember[] = [];

  toMember(): FamilyMember {
    return { jti: this.jti, issuedAt: secondsOf(this.issuedAt), expiresAt: secondsOf(this.expiresAt) };
  }

  /** What becomes of a token that is not the present one. */
  outcomeFor({ jti, now, grace }: Rotation): RotationOutcome {
    if (this.endedAt !== null) return { kind: 'ended' };
    const used = this.spent.find((member) => member.jti === jti);
    const isRepeated = used !== undefined && now < used.at + grace;
    return { kind: isRepeated ? 'repeated' : 'reused', member: this.toMember() };
  }
}

/** A token of a family that was exchanged for another one, and when. */
export interface SpentMember {
  readonly jti: string;
  /** Seconds since 1970. */
  readonly at: number;
}

function secondsOf(date: Date): number {
  return date.getTime() / 1000;
}

/** A user whose row is gone is shown as Python shows it. */
function nameOf(user: BaseUser | null): string {
  // eslint-disable-next-line @typescript-eslint/no-base-to-string -- users show themselves by their name
  return user === null ? 'None' : String(user);
}
