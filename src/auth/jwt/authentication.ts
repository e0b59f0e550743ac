import { BaseAuthentication, getAuthorizationHeader } from '../../core/authentication';
import type { Finding } from '../../core/findings';
import { chain, isPromiseLike, type Awaitable } from '../../core/policy';
import type { Request } from '../../core/request';
import type { Settings } from '../../core/settings';
import type { BaseUser } from '../../core/users';
import { fromMetaName, headerValue, splitOnAsciiWhitespace } from '../../http/headers';
import { tokenBackend } from './backend';
import { checkTokens } from './checks';
import { InvalidToken, JWTAuthenticationFailed, TokenError } from './exceptions';
import { headerTypes, jwt, type JWTSettings } from './settings';
import { TokenUser } from './token-user';
import { AccessToken, type Token, type TokenClass } from './tokens';
import { findUser, hasSamePassword, requireUsers } from './users';

/**
 * A signed token in a header: `Authorization: Bearer <token>`. The user is looked up with each request, so that one who is
 * gone or inactive is refused at once. On success `request.auth` is the token.
 */
export class JWTAuthentication<User extends BaseUser = BaseUser> extends BaseAuthentication<User, Token> {
  /** The realm in the challenge. */
  readonly wwwAuthenticateRealm: string = 'api';

  /** @throws ImproperlyConfigured for options that can't work */
  static checkSettings(settings: Settings): void {
    tokenBackend(settings);
    requireUsers(settings, 'JWTAuthentication');
  }

  /** Secrets that are easy to guess. */
  static check(settings: Settings): Finding[] {
    return checkTokens(settings);
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
  authenticate(request: Request<any, any>): Awaitable<readonly [User, Token] | null> {
    const header = this.getHeader(request);
    const raw = header === null ? null : this.getRawToken(header);
    if (raw === null) return null;
    return chain(this.getValidatedToken(raw), (token) => this.admit(token, raw, request));
  }

  /** The user of a token that is good, once its bearer has shown what it is bound to. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
  protected admit(token: Token, raw: string, request: Request<any, any>): Awaitable<readonly [User, Token]> {
    return chain(this.checkBinding(token, raw, request), () =>
      chain(this.getUser(token), (user) => [user, token] as const),
    );
  }

  /**
   * Checks what a token is bound to. A token that is bound to a key is no bearer's: taken without a proof, it would be
   * worth to a thief what it was never meant to be (RFC 9449, section 7.2).
   * @throws InvalidToken
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
  protected checkBinding(token: Token, _raw: string, _request: Request<any, any>): Awaitable<void> {
    if (token.has('cnf')) throw new InvalidToken('Token is bound to a key');
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
  override authenticateHeader(_request: Request<any, any>): string {
    return `${headerTypes(this.options)[0] ?? 'Bearer'} realm="${this.wwwAuthenticateRealm}"`;
  }

  protected get options(): JWTSettings {
    return jwt.of(this.settings);
  }

  /** The header with the token; null where there is none. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
  getHeader(request: Request<any, any>): string | null {
    const name = fromMetaName(this.options.authHeaderName);
    const value = name === 'authorization' ? getAuthorizationHeader(request) : headerValue(request.raw.headers, name);
    return value ?? null;
  }

  /**
   * The token in the header; null when the header is for another scheme.
   * @throws JWTAuthenticationFailed when it isn't one word and a token
   */
  getRawToken(header: string): string | null {
    const parts = splitOnAsciiWhitespace(header);
    if (parts[0] === undefined || !headerTypes(this.options).includes(parts[0])) return null;
    if (parts.length === 2) return parts[1]!;
    throw new JWTAuthenticationFailed(
      'Authorization header must contain two space-delimited values',
      'bad_authorization_header',
    );
  }

  /**
   * The token as the first of the classes that takes it.
   * @throws InvalidToken when none does
   */
  getValidatedToken(raw: string): Awaitable<Token> {
    const classes = this.options.authTokenClasses ?? [AccessToken];
    return this.#firstOf(classes, raw, []);
  }

  #firstOf(classes: readonly TokenClass[], raw: string, messages: readonly object[]): Awaitable<Token> {
    const [Class, ...others] = classes;
    if (Class === undefined) throw new InvalidToken({ detail: 'Given token not valid for any token type', messages });
    const goOn = (error: unknown): Awaitable<Token> => {
      if (!(error instanceof TokenError)) throw error;
      const refusal = { token_class: Class.name, token_type: Class.tokenType, message: error.message };
      return this.#firstOf(others, raw, [...messages, refusal]);
    };
    try {
      const token = Class.decode(this.settings, raw);
      return isPromiseLike(token) ? token.then(undefined, goOn) : token;
    } catch (error) {
      return goOn(error);
    }
  }

  /**
   * The user whose token it is.
   * @throws InvalidToken, JWTAuthenticationFailed
   */
  getUser(token: Token): Awaitable<User> {
    const claim = this.getUserId(token);
    return findUser(this.settings, claim).then((user) => {
      if (user === null) throw new JWTAuthenticationFailed('User not found', 'user_not_found');
      const { checkUserIsActive, checkRevokeToken, revokeTokenClaim } = this.options;
      if (checkUserIsActive && !user.isActive) throw new JWTAuthenticationFailed('User is inactive', 'user_inactive');
      if (checkRevokeToken && !hasSamePassword(this.settings, user, token.get(revokeTokenClaim))) {
        throw new JWTAuthenticationFailed("The user's password has been changed.", 'password_changed');
      }
      return user as User;
    });
  }

  /**
   * The user that a token itself tells of, without a look at the user table.
   * @throws InvalidToken when the token names nobody
   */
  protected getTokenUser(token: Token): BaseUser {
    this.getUserId(token);
    return new (this.options.tokenUserClass ?? TokenUser)(token);
  }

  /** @throws InvalidToken when the token names nobody */
  protected getUserId(token: Token): unknown {
    const { userIdClaim } = this.options;
    if (token.has(userIdClaim)) return token.get(userIdClaim);
    throw new InvalidToken('Token contained no recognizable user identification');
  }
}

/** The same without a look at the user table: whatever the token says is believed until it expires. */
export class JWTStatelessUserAuthentication extends JWTAuthentication {
  /** @throws ImproperlyConfigured for options that can't work */
  static override checkSettings(settings: Settings): void {
    tokenBackend(settings);
  }

  override getUser(token: Token): BaseUser {
    return this.getTokenUser(token);
  }
}

/** The name of `JWTStatelessUserAuthentication` in older versions of simplejwt. */
export const JWTTokenUserAuthentication = JWTStatelessUserAuthentication;
