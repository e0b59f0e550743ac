import { cleanCredentials } from '../../core/backends';
import { AuthenticationFailed, ValidationError } from '../../core/exceptions';
import type { BaseUser } from '../../core/users';
import { bindToken, checkRefreshBinding, keyToBind } from './dpop/binding';
import { TokenError } from './exceptions';
import { afterAnswer, checkFamily, closeFamily, endFamily, FAMILY_CLAIM, rotateFamily } from './families';
import { JWTSerializer, type Attributes, type SerializerContext, type ValidatedData } from './serializer';
import { RefreshToken, SlidingToken, type RevocableToken } from './revocable-tokens';
import { UntypedToken, type Token, type TokenClass } from './tokens';
import { defaultUserAuthenticationRule, findUser, hasSamePassword, passwordDigest, requireUsers } from './users';

/** A class of serializers, as views and settings take it. */
export type SerializerClass = new (data: unknown, context: SerializerContext) => JWTSerializer;

/**
 * Checks a name and a password. `getToken` is the place for claims of your own, `validate` the place to add to the answer.
 *
 * @example
 * class NamedTokenSerializer extends TokenObtainPairSerializer {
 *   override async getToken(user: User) {
 *     const token = await super.getToken(user);
 *     token.set('name', user.username);
 *     return token;
 *   }
 * }
 */
export abstract class TokenObtainSerializer extends JWTSerializer {
  /** Whoever the credentials belong to, once they were checked. */
  protected user: BaseUser | null = null;
  #keyToBind: Promise<string | null> | undefined;

  protected abstract get tokenClass(): TokenClass;

  /** The field of the name: the option of this name. */
  get usernameField(): string {
    return this.options.usernameField;
  }

  protected override get inputs(): readonly string[] {
    return [this.usernameField, 'password'];
  }

  /** The text for credentials that aren't taken; it is the same for all reasons. */
  get noActiveAccount(): string {
    return 'No active account found with the given credentials';
  }

  /** A fresh token for a user, bound to the key of a client that has sent a proof. */
  async getToken(user: BaseUser): Promise<Token> {
    const jkt = await this.#findKeyToBind();
    const token = await this.tokenClass.forUser(this.settings, user, { allowInactive: true });
    if (jkt !== null) bindToken(token, jkt);
    return token;
  }

  #findKeyToBind(): Promise<string | null> {
    return (this.#keyToBind ??= keyToBind(this.settings, this.context.request));
  }

  /** @throws AuthenticationFailed */
  override async validate(attributes: Attributes): Promise<ValidatedData> {
    const { request } = this.context;
    const { onLoginFailed } = this.options;
    const credentials = { [this.usernameField]: attributes[this.usernameField]!, password: attributes['password']! };
    const users = requireUsers(this.settings, this.constructor.name);
    await this.#findKeyToBind(); // a bad proof is refused before a password costs its time
    const user = await users.authenticate(credentials, request);
    if (user === null || !(await mayHaveTokens(this, user))) {
      await onLoginFailed?.(cleanCredentials(credentials), request);
      throw new AuthenticationFailed(this.noActiveAccount, 'no_active_account');
    }
    this.user = user;
    return {};
  }

  /** The answer with the tokens of the user in it. */
  protected async answer(makeTokens: (user: BaseUser) => Promise<ValidatedData>): Promise<ValidatedData> {
    const user = this.user!;
    const data = await makeTokens(user);
    if (this.options.updateLastLogin) await this.#noteLogin(user);
    return data;
  }

  async #noteLogin(user: BaseUser): Promise<void> {
    const { onLoginSuccess } = this.options;
    if (onLoginSuccess !== null) await onLoginSuccess(user, this.context.request);
    else await this.settings.users!.updateLastLogin?.(user, new Date(this.settings.clock.now()));
  }
}

/** A name and a password for a refresh token and an access token. */
export class TokenObtainPairSerializer extends TokenObtainSerializer {
  protected override get tokenClass(): TokenClass<RefreshToken> {
    return RefreshToken;
  }

  override async validate(attributes: Attributes): Promise<ValidatedData> {
    await super.validate(attributes);
    return this.answer(async (user) => {
      const refresh = (await this.getToken(user)) as RefreshToken;
      return { refresh: String(refresh), access: String(refresh.accessToken) };
    });
  }
}

/** A name and a password for a sliding token. */
export class TokenObtainSlidingSerializer extends TokenObtainSerializer {
  protected override get tokenClass(): TokenClass<SlidingToken> {
    return SlidingToken;
  }

  override async validate(attributes: Attributes): Promise<ValidatedData> {
    await super.validate(attributes);
    return this.answer(async (user) => ({ token: String(await this.getToken(user)) }));
  }
}

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

function mayHaveTokens({ options }: JWTSerializer, user: BaseUser | null): PromiseLike<boolean> | boolean {
  return (options.userAuthenticationRule ?? defaultUserAuthenticationRule)(user, options);
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
  if (user === null || !(await mayHaveTokens(serializer, user))) {
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
