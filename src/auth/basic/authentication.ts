import { BaseAuthentication, getAuthorizationHeader } from '../../core/authentication';
import { AuthenticationFailed, ImproperlyConfigured } from '../../core/exceptions';
import { finding, type Finding } from '../../core/findings';
import { chain, type Awaitable } from '../../core/policy';
import type { Request } from '../../core/request';
import type { Settings } from '../../core/settings';
import type { BaseUser } from '../../core/users';
import { decodeBase64 } from '../../http/base64';
import { decodeBytes, LATIN_1, UTF_8 } from '../../http/charset';
import { splitOnAsciiWhitespace } from '../../http/headers';

/**
 * HTTP Basic (RFC 7617) against the user store's usernames and passwords. On success `request.auth` is null.
 *
 * The password travels with each request, so use it over TLS only, and rather for tests than in production.
 */
export class BasicAuthentication<User extends BaseUser = BaseUser> extends BaseAuthentication<User, null> {
  /** The realm in the challenge. */
  readonly wwwAuthenticateRealm: string = 'api';

  /** @throws ImproperlyConfigured without a user store */
  static checkSettings(settings: Settings): void {
    if (settings.users === null) {
      throw new ImproperlyConfigured(
        'BasicAuthentication needs the user table: defineSettings({ users: userStore(orm) }).',
      );
    }
  }

  /** Passwords, in each request, on connections of which nobody says that they are encrypted. */
  static check({ users, secureProxySslHeader }: Settings): Finding[] {
    if (users === null || secureProxySslHeader !== null) return [];
    return [
      finding('sallyport.W014', 'the setting secureProxySslHeader', {
        message: 'BasicAuthentication takes passwords, and nothing says that they come over TLS.',
        hint: 'Name the header of the proxy that speaks TLS. Where the server does so itself, silence this check.',
      }),
    ];
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
  authenticate(request: Request<any, any>): Awaitable<readonly [User, null] | null> {
    const header = getAuthorizationHeader(request);
    // Without a user table (a view with no settings at all) nobody can be recognised, so nothing was attempted.
    if (header === undefined || this.settings.users === null) return null;
    const parts = splitOnAsciiWhitespace(header);
    if (parts[0]?.toLowerCase() !== 'basic') return null;
    const [username, password] = readCredentials(parts);
    return this.authenticateCredentials(username, password, request);
  }

  /** @throws AuthenticationFailed */
  authenticateCredentials(
    username: string,
    password: string,
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
    request: Request<any, any>,
  ): Awaitable<readonly [User, null]> {
    const users = this.settings.users!;
    return chain(users.authenticate({ username, password }, request), (user) => {
      if (user === null) throw new AuthenticationFailed('Invalid username/password.');
      if (!user.isActive) throw new AuthenticationFailed('User inactive or deleted.');
      return [user as User, null] as const;
    });
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
  attemptedName(request: Request<any, any>): string | null {
    const [scheme, word = ''] = splitOnAsciiWhitespace(getAuthorizationHeader(request) ?? '');
    if (scheme?.toLowerCase() !== 'basic') return null;
    const text = decodeCredentials(word) ?? '';
    const colon = text.indexOf(':');
    return colon < 0 ? null : text.slice(0, colon);
  }

  override authenticateHeader(): string {
    return `Basic realm="${this.wwwAuthenticateRealm}"`;
  }
}

/** Clients of old send latin-1, newer ones UTF-8 (RFC 7617, 2.1): what is no UTF-8 is latin-1. */
function decodeCredentials(base64: string): string | null {
  const bytes = decodeBase64(base64);
  if (bytes === null) return null;
  try {
    return decodeBytes(bytes, UTF_8);
  } catch {
    return decodeBytes(bytes, LATIN_1);
  }
}

/** @throws AuthenticationFailed */
function readCredentials([, word, ...more]: readonly string[]): readonly [username: string, password: string] {
  if (word === undefined) throw new AuthenticationFailed('Invalid basic header. No credentials provided.');
  if (more.length > 0) {
    throw new AuthenticationFailed('Invalid basic header. Credentials string should not contain spaces.');
  }
  const text = decodeCredentials(word) ?? '';
  const colon = text.indexOf(':');
  if (colon < 0) {
    throw new AuthenticationFailed('Invalid basic header. Credentials not correctly base64 encoded.');
  }
  return [text.slice(0, colon), text.slice(colon + 1)];
}
