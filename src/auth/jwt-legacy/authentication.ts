import { BaseAuthentication, getAuthorizationHeader } from '../../core/authentication';
import { AuthenticationFailed } from '../../core/exceptions';
import type { Finding } from '../../core/findings';
import { chain, isPromiseLike, type Awaitable } from '../../core/policy';
import type { Request } from '../../core/request';
import type { Settings } from '../../core/settings';
import type { BaseUser } from '../../core/users';
import { parseCookies } from '../../http/cookies';
import { headerValue, splitOnAsciiWhitespace } from '../../http/headers';
import type { JSONObject } from '../jwt/protocol';
import { requireUsers } from '../jwt/users';
import { checkLegacyTokens } from './checks';
import { DecodeError, ExpiredSignatureError, InvalidTokenError } from './exceptions';
import { jwtDecodeHandler } from './handlers';
import { checkKeys } from './keys';
import { jwtLegacy, type JWTLegacySettings } from './settings';

/**
 * A token of djangorestframework-jwt in a header, `Authorization: JWT <token>`, or in a cookie. The user is looked up by
 * name with each request. On success `request.auth` is what the token says.
 */
export class JSONWebTokenAuthentication<User extends BaseUser = BaseUser> extends BaseAuthentication<User, JSONObject> {
  /** The realm in the challenge. */
  readonly wwwAuthenticateRealm: string = 'api';

  /** @throws ImproperlyConfigured for options that can't work */
  static checkSettings(settings: Settings): void {
    checkKeys(settings);
    requireUsers(settings, 'JSONWebTokenAuthentication');
  }

  /** Secrets that are easy to guess, tokens that never end, and cookies that others can use. */
  static check(settings: Settings): Finding[] {
    return checkLegacyTokens(settings);
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
  authenticate(request: Request<any, any>): Awaitable<readonly [User, JSONObject] | null> {
    const token = this.getJwtValue(request);
    if (token === null) return null;
    return chain(this.#decode(token), (payload) =>
      this.authenticateCredentials(payload).then((user) => [user, payload] as const),
    );
  }

  override authenticateHeader(): string {
    return `${this.options.authHeaderPrefix} realm="${this.wwwAuthenticateRealm}"`;
  }

  protected get options(): JWTLegacySettings {
    return jwtLegacy.of(this.settings);
  }

  /**
   * The token of a request; null where there is none.
   * @throws AuthenticationFailed when the header isn't the word and a token
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
  getJwtValue(request: Request<any, any>): string | null {
    const { authHeaderPrefix, authCookie } = this.options;
    const parts = splitOnAsciiWhitespace(getAuthorizationHeader(request) ?? '');
    if (parts[0] === undefined) {
      return authCookie === null ? null : cookieOf(request, authCookie);
    }
    if (parts[0].toLowerCase() !== authHeaderPrefix.toLowerCase()) return null;
    if (parts.length === 2) return parts[1]!;
    throw new AuthenticationFailed(
      parts.length === 1
        ? 'Invalid Authorization header. No credentials provided.'
        : 'Invalid Authorization header. Credentials string should not contain spaces.',
    );
  }

  /**
   * The active user whom a payload names.
   * @throws AuthenticationFailed
   */
  async authenticateCredentials(payload: JSONObject): Promise<User> {
    const username = usernameIn(payload, this.options);
    if (username === null) throw new AuthenticationFailed('Invalid payload.');
    const user = await requireUsers(this.settings, this.constructor.name).getByNaturalKey(username);
    if (user === null) throw new AuthenticationFailed('Invalid signature.');
    if (!user.isActive) throw new AuthenticationFailed('User account is disabled.');
    return user as User;
  }

  #decode(token: string): Awaitable<JSONObject> {
    const refuse = (cause: unknown): never => {
      throw refusalOf(cause);
    };
    try {
      const payload = (this.options.decodeHandler ?? jwtDecodeHandler)(token, this.settings);
      return isPromiseLike(payload) ? payload.then(undefined, refuse) : payload;
    } catch (error) {
      return refuse(error);
    }
  }
}

function refusalOf(cause: unknown): unknown {
  if (cause instanceof ExpiredSignatureError) return new AuthenticationFailed('Signature has expired.');
  if (cause instanceof DecodeError) return new AuthenticationFailed('Error decoding signature.');
  return cause instanceof InvalidTokenError ? new AuthenticationFailed() : cause;
}

/** The name in a payload; null where it names nobody. */
export function usernameIn(payload: JSONObject, { payloadGetUsernameHandler }: JWTLegacySettings): string | null {
  const name = payloadGetUsernameHandler === null ? payload['username'] : payloadGetUsernameHandler(payload);
  return typeof name === 'string' && name !== '' ? name : null;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
function cookieOf({ raw }: Request<any, any>, name: string): string | null {
  return parseCookies(headerValue(raw.headers, 'cookie')).get(name) ?? null;
}
