import { AuthenticationFailed, ValidationError } from '../../core/exceptions';
import type { BaseUser } from '../../core/users';
import { checkRefreshBinding } from './dpop/binding';
import { TokenError } from './exceptions';
import { afterAnswer, checkFamily, closeFamily, endFamily, FAMILY_CLAIM, rotateFamily } from './families';
import { JWTSerializer, type Attributes, type ValidatedData } from './serializer';
import { RefreshToken, SlidingToken, type RevocableToken } from './revocable-tokens';
import { UntypedToken, type Token, type TokenClass } from './tokens';
import { findUser, hasSamePassword, mayHaveTokens, passwordDigest } from './users';

/** A refresh token for an access token and, with `rotateRefreshTokens`, another refresh token. */
export class TokenRefreshSerializer extends JWTSerializer {
  protected get tokenClass(): TokenClass<RefreshToken> {
    return RefreshToken;
  }

  protected override get inputs(): readonly string[] {
    return ['refresh'];
  }

  protected override get outputs(): readonly string[] {
    return ['access'];
  }

  override async validate(attributes: Attributes): Promise<ValidatedData> {
    const { families, rotateRefreshTokens, checkRevokeToken, revokeTokenClaim } = this.options;
    // Whether a token of a family still counts, the family knows best: it may be one that was used a moment ago.
    const refresh = await this.tokenClass.decode(this.settings, attributes['refresh']!, {
      revocation: families === null,
    });
    await checkRefreshBinding(refresh, this.context.request);
    const user = await checkUser(this, refresh);
    // The key that this claim is made with may be about to retire.
    if (checkRevokeToken && user !== null) refresh.set(revokeTokenClaim, passwordDigest(this.settings, user));
    const access = String(refresh.accessToken);
    if (families !== null) {
      const { request } = this.context;
      return { access, refresh: String(await rotateFamily(refresh, { user, request })) };
    }
    if (!rotateRefreshTokens) return { access };
    return { access, refresh: String(await this.#rotate(refresh, user)) };
  }

  async #rotate(refresh: RefreshToken, user: BaseUser | null): Promise<RefreshToken> {
    // Of two refreshes at once, one gets the new tokens.
    if (this.options.blacklistAfterRotation && !(await refresh.blacklist(user))) {
      throw new TokenError('Token is blacklisted');
    }
    refresh.setJti();
    refresh.setExp();
    refresh.setIat();
    await refresh.outstand(user);
    return refresh;
  }
}

/** A sliding token for the same one with more time. */
export class TokenRefreshSlidingSerializer extends JWTSerializer {
  protected get tokenClass(): TokenClass<SlidingToken> {
    return SlidingToken;
  }

  protected override get inputs(): readonly string[] {
    return ['token'];
  }

  override async validate(attributes: Attributes): Promise<ValidatedData> {
    const token = await this.tokenClass.decode(this.settings, attributes['token']!);
    await checkRefreshBinding(token, this.context.request);
    await checkUser(this, token);
    token.checkExp(this.options.slidingTokenRefreshExpClaim);
    token.setExp();
    token.setIat();
    return { token: String(token) };
  }
}

/** Whether a token of any type is good. */
export class TokenVerifySerializer extends JWTSerializer {
  protected override get inputs(): readonly string[] {
    return ['token'];
  }

  override async validate(attributes: Attributes): Promise<ValidatedData> {
    const Untyped = UntypedToken;
    const token = await Untyped.decode(this.settings, attributes['token']!);
    const { blacklist, blacklistAfterRotation, verifyChecksBlacklist, jtiClaim } = this.options;
    const isAsked = blacklistAfterRotation || verifyChecksBlacklist === 'always';
    const jti = jtiClaim === null ? null : token.get(jtiClaim);
    if (isAsked && typeof jti === 'string' && (await blacklist?.isBlacklisted(jti)) === true) {
      throw new ValidationError(['Token is blacklisted']);
    }
    if (await isUsedUp(token)) throw new ValidationError(['Token is blacklisted']);
    return {};
  }
}

/** Calls a refresh token back. */
export class TokenBlacklistSerializer extends JWTSerializer {
  protected get tokenClass(): TokenClass<RefreshToken> {
    return RefreshToken;
  }

  protected override get inputs(): readonly string[] {
    return ['refresh'];
  }

  override async validate(attributes: Attributes): Promise<ValidatedData> {
    const { families, blacklist } = this.options;
    const refresh = await this.tokenClass.decode(this.settings, attributes['refresh']!, {
      revocation: families === null,
    });
    const user = this.settings.users === null ? null : await findUser(this.settings, userIdIn(this, refresh));
    // A token that another window has used a moment ago must log out all the same.
    if (families !== null) await closeFamily(refresh, { user, request: this.context.request });
    if (families === null || blacklist !== null) await refresh.blacklist(user);
    return {};
  }
}

function userIdIn({ options }: JWTSerializer, token: Token): unknown {
  return token.get(options.userIdClaim);
}

/** Whether it is a refresh token whose family has a newer one, or is ended. */
async function isUsedUp(token: Token): Promise<boolean> {
  const { families, tokenTypeClaim } = token.options;
  const isRefresh = tokenTypeClaim === null || token.get(tokenTypeClaim) === RefreshToken.tokenType;
  if (families === null || !(isRefresh || token.has(FAMILY_CLAIM))) return false;
  try {
    await checkFamily(token);
    return false;
  } catch (error) {
    if (error instanceof TokenError) return true;
    throw error;
  }
}

/**
 * The user of a token that is to be refreshed; null for a token that names none.
 * @throws AuthenticationFailed for one who is gone, may have no tokens any more, or has another password
 */
async function checkUser(serializer: JWTSerializer, token: RevocableToken): Promise<BaseUser | null> {
  const { settings, options } = serializer;
  const claim = userIdIn(serializer, token);
  if (claim === undefined) return null;
  const user = await findUser(settings, claim);
  if (user === null || !(await mayHaveTokens(user, options))) {
    throw new AuthenticationFailed('No active account found for the given token.', 'no_active_account');
  }
  if (options.checkRevokeToken && !hasSamePassword(settings, user, token.get(options.revokeTokenClaim))) {
    await afterAnswer(serializer.context.request, async () => {
      if (options.blacklist !== null) await token.blacklist(user);
      if (options.families !== null && token instanceof RefreshToken) await endFamily(token, user);
    });
    throw new AuthenticationFailed("The user's password has been changed.", 'password_changed');
  }
  return user;
}
