import { cleanCredentials } from '../../core/backends';
import { AuthenticationFailed } from '../../core/exceptions';
import type { BaseUser } from '../../core/users';
import { bindToken, checkLoginProof, keyToBind } from './dpop/binding';
import { RefreshToken, SlidingToken } from './revocable-tokens';
import { JWTSerializer, type Attributes, type ValidatedData } from './serializer';
import type { Token, TokenClass } from './tokens';
import { mayHaveTokens, requireUsers } from './users';

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
    checkLoginProof(this.settings, request);
    const user = await users.authenticate(credentials, request);
    if (user === null || !(await mayHaveTokens(user, this.options))) {
      await onLoginFailed?.(cleanCredentials(credentials), request);
      throw new AuthenticationFailed(this.noActiveAccount, 'no_active_account');
    }
    await this.#findKeyToBind(); // checked anew: a password may take longer than a proof is good
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
