import { BaseAuthentication } from '../../core/authentication';
import { AuthenticationFailed } from '../../core/exceptions';
import { finding, type Finding } from '../../core/findings';
import { chain, isPromiseLike, type Awaitable } from '../../core/policy';
import type { Request } from '../../core/request';
import type { Settings } from '../../core/settings';
import { readTokenHeader } from '../../core/token-header';
import type { BaseUser } from '../../core/users';
import { findToken } from './keys-at-rest';
import { authtoken } from './settings';
import type { TokenClass, TokenRecord } from './store';

/**
 * DRF's token scheme: `Authorization: Token <key>`. On success `request.auth` is the token.
 *
 * @example class BearerAuthentication extends TokenAuthentication { override readonly keyword = 'Bearer'; }
 */
export class TokenAuthentication<
  User extends BaseUser = BaseUser,
  Token extends TokenRecord<User> = TokenRecord<User>,
> extends BaseAuthentication<User, Token> {
  /** The word before the key, compared without case; also the challenge. */
  readonly keyword: string = 'Token';
  /** A token class of your own; null: the class of the store. */
  readonly model: TokenClass | null = null;

  /** @throws ImproperlyConfigured without a token store */
  static checkSettings(settings: Settings): void {
    authtoken.of(settings);
  }

  /** Whether whoever reads the table can log in. */
  static check(settings: Settings): Finding[] {
    if (authtoken.find(settings)?.keysAtRest !== 'clear') return [];
    return [
      finding('sallyport.W022', 'the setting authtoken.keysAtRest', {
        message: 'Keys rest in clear, so whoever reads the table of tokens, or a copy of it, can log in as anybody.',
        hint: "Let them rest hashed, unless Django reads the same table: authtoken({ keysAtRest: 'hashed' }).",
      }),
    ];
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
  authenticate(request: Request<any, any>): Awaitable<readonly [User, Token] | null> {
    const key = readTokenHeader(request, this.keyword);
    return key === null ? null : this.authenticateCredentials(key);
  }

  /** @throws AuthenticationFailed */
  authenticateCredentials(key: string): Awaitable<readonly [User, Token]> {
    const found = findToken(this.settings, key, this.getModel() ?? undefined);
    return chain(found, (token) => this.#accept(token as Token | null));
  }

  #accept(token: Token | null): Awaitable<readonly [User, Token]> {
    const valid = token !== null && this.isTokenValid(token);
    return isPromiseLike(valid) ? valid.then((known) => pairOf(token, known)) : pairOf(token, valid);
  }

  /** The class of the tokens that are looked for; null: the store's own. */
  getModel(): TokenClass | null {
    return this.model;
  }

  /** Whether a token that was found counts: the place to check a `revoked` flag or an age. */
  isTokenValid(_token: Token): Awaitable<boolean> {
    return true;
  }

  override authenticateHeader(): string {
    return this.keyword;
  }
}

/** @throws AuthenticationFailed */
function pairOf<User extends BaseUser, Token extends TokenRecord<User>>(
  token: Token | null,
  valid: boolean,
): readonly [User, Token] {
  if (token === null || !valid) throw new AuthenticationFailed('Invalid token.');
  if (!token.user.isActive) throw new AuthenticationFailed('User inactive or deleted.');
  return [token.user, token] as const;
}
