import { headerValue, isHeader } from '../http/headers';
import type { Awaitable, PolicyClass } from './policy';
import type { Request } from './request';
import type { Settings } from './settings';
import type { BaseUser } from './users';

/**
 * The first door: who makes this request? Any class with `authenticate` can stand in a view's list.
 */
export interface Authenticator<User extends BaseUser = BaseUser, Auth = unknown> {
  /**
   * The user and what vouches for them; null when this scheme wasn't attempted, so that the next one is asked.
   * @throws AuthenticationFailed when the scheme was attempted and failed: no other is asked
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- an authenticator serves views of every user type
  authenticate(request: Request<any, any>): Awaitable<readonly [User, Auth] | null | undefined>;
  /**
   * The value of `WWW-Authenticate` on a 401. Without one, refusals of a view whose first class this is are 403.
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  authenticateHeader?(request: Request<any, any>): string | null | undefined;
  /**
   * The name in the credentials that the request carries, before they are checked; null where there is none. By it
   * `FailedLoginThrottle` counts.
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  attemptedName?(request: Request<any, any>): string | null;
}

/** A convenient base for schemes: it keeps the settings and has no challenge. */
export abstract class BaseAuthentication<User extends BaseUser = BaseUser, Auth = unknown> implements Authenticator<
  User,
  Auth
> {
  constructor(protected readonly settings: Settings) {}

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
  abstract authenticate(request: Request<any, any>): Awaitable<readonly [User, Auth] | null | undefined>;

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
  authenticateHeader(_request: Request<any, any>): string | null | undefined {
    return null;
  }
}

// For subclasses in JavaScript, where `abstract` says nothing.
BaseAuthentication.prototype.authenticate = () => {
  throw new Error('.authenticate() must be overridden.');
};

/**
 * The value of `Authorization`, undefined when absent: what a scheme of its own reads (DRF's
 * `get_authorization_header`).
 *
 * Several such headers are joined, as the servers under DRF join them, and so are malformed credentials. Node keeps the
 * first of them, and a proxy in front may have looked at another one.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
export function getAuthorizationHeader({ raw }: Request<any, any>): string | undefined {
  const value = headerValue(raw.headers, 'authorization');
  const { rawHeaders } = raw;
  if (value === undefined || rawHeaders === undefined) return value;
  let first: string | undefined;
  let joined: string | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (!isHeader(rawHeaders[i]!, 'authorization')) continue;
    const sent = rawHeaders[i + 1]!;
    if (first === undefined) first = sent;
    else joined = `${joined ?? first},${sent}`;
  }
  return joined ?? value;
}

/**
 * What a policy class may check of the settings before the first request. `asView()` calls it where the class was
 * named by the app, and not for DRF's default list.
 */
export interface SettingsCheck {
  /** @throws ImproperlyConfigured */
  checkSettings?(settings: Settings): void;
}

/** A list of authenticators, asked in its order: DRF's `authentication_classes`. */
export type AuthenticationClasses = readonly PolicyClass<Authenticator>[];
