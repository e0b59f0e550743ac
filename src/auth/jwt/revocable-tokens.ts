import { ImproperlyConfigured } from '../../core/exceptions';
import { chain, type Awaitable } from '../../core/policy';
import type { Settings } from '../../core/settings';
import type { BaseUser } from '../../core/users';
import { TokenError } from './exceptions';
import { checkFamily, FAMILY_CLAIM, startFamily } from './families';
import type { JSONObject } from './protocol';
import type { JWTSettings } from './settings';
import { AccessToken, Token, type TokenClass, type VerifyOptions } from './tokens';

/** What the column of the blacklist can hold. */
const JTI = /^[^\0]{1,255}$/;

/** A token that can be called back, where the settings name a `blacklist`. */
export abstract class RevocableToken extends Token {
  override verify({ revocation = true }: VerifyOptions = {}): Awaitable<void> {
    return chain(revocation ? this.checkBlacklist() : undefined, () => super.verify());
  }

  override issued(user: BaseUser): Awaitable<void> {
    return this.outstand(user);
  }

  /** @throws TokenError when the token was called back */
  checkBlacklist(): Awaitable<void> {
    const { blacklist } = this.options;
    if (blacklist === null) return undefined;
    return blacklist.isBlacklisted(this.#jti()).then((listed) => {
      if (listed) throw new TokenError('Token is blacklisted');
    });
  }

  /** Remembers the token as one that was given out to this user. */
  outstand(user: BaseUser | null): Awaitable<void> {
    return this.options.blacklist?.outstand(this.#entry(user));
  }

  /**
   * Calls the token back.
   * @param user whose it is; null when they are gone
   * @returns false when that has happened already: of several callers at once, one gets true
   * @throws ImproperlyConfigured without a blacklist
   */
  blacklist(user: BaseUser | null): Promise<boolean> {
    const { blacklist } = this.options;
    if (blacklist !== null) return blacklist.blacklist(this.#entry(user));
    throw new ImproperlyConfigured(
      'Tokens can only be called back with a table: jwt({ blacklist: blacklistStore(orm) }).',
    );
  }

  #jti(): string {
    const jti = this.get(this.options.jtiClaim!);
    if (jti === undefined) throw new TokenError('Token has no id');
    if (typeof jti !== 'string' || !JTI.test(jti)) throw new TokenError('Token is invalid');
    return jti;
  }

  #entry(user: BaseUser | null): Parameters<NonNullable<JWTSettings['blacklist']>['outstand']>[0] {
    const issuedAt = this.get('iat');
    return {
      jti: this.#jti(),
      token: this.toString(),
      userPk: user?.pk ?? null,
      createdAt: typeof issuedAt === 'number' ? new Date(issuedAt * 1000) : null,
      expiresAt: new Date((this.get('exp') as number) * 1000),
    };
  }
}

/** What buys access tokens. */
export class RefreshToken extends RevocableToken {
  static override readonly tokenType: string = 'refresh';

  static override lifetime(options: JWTSettings): number {
    return options.refreshTokenLifetime;
  }

  override issued(user: BaseUser): Awaitable<void> {
    return chain(super.issued(user), () => startFamily(this, user));
  }

  override checkBlacklist(): Awaitable<void> {
    return chain(super.checkBlacklist(), () => checkFamily(this));
  }

  /** The class of the tokens that it buys. */
  get accessTokenClass(): TokenClass {
    return AccessToken;
  }

  /** Claims that an access token has of its own. */
  get noCopyClaims(): readonly (string | null)[] {
    const { tokenTypeClaim, jtiClaim, simplejwtVersion } = this.options;
    return [tokenTypeClaim, 'exp', jtiClaim, 'jti', FAMILY_CLAIM, ...(simplejwtVersion === '5.2' ? [] : ['iat'])];
  }

  /** A fresh access token with the claims of this one. */
  get accessToken(): Token {
    const access = new this.accessTokenClass(this.settings);
    access.setExp({ from: this.currentTime });
    const left = this.noCopyClaims;
    for (const [claim, value] of Object.entries(this.payload)) if (!left.includes(claim)) access.set(claim, value);
    return access;
  }
}

/** One token for both: views take it, and until `refresh_exp` it buys itself more time. */
export class SlidingToken extends RevocableToken {
  static override readonly tokenType: string = 'sliding';

  static override lifetime(options: JWTSettings): number {
    return options.slidingTokenLifetime;
  }

  constructor(settings: Settings, payload?: Readonly<JSONObject>) {
    super(settings, payload);
    if (payload !== undefined) return;
    const { slidingTokenRefreshExpClaim: claim, slidingTokenRefreshLifetime: lifetime } = this.options;
    this.setExp({ claim, lifetime });
  }
}
