import { onResponse } from '../../../core/host';
import type { Awaitable } from '../../../core/policy';
import { isRequest, type Request } from '../../../core/request';
import type { Settings } from '../../../core/settings';
import { deletionCookie, livesFor, serializeCookie } from '../../../http/cookies';
import { QueryDict } from '../../../http/query';
import { checkCsrf } from '../../session/csrf';
import { requestSession, setCookie, varyOnCookie } from '../../session/request-session';
import type { AnyRequest } from '../../session/settings';
import { parseObject, readCompact } from '../protocol';
import { jwtCookies, type JWTCookieSettings } from './settings';

/** Tokens as clients send them. */
export interface TransportedTokens {
  /** The access token, or the sliding one. */
  readonly access?: string | undefined;
  readonly refresh?: string | undefined;
}

/** A cookie as it is set and deleted: browsers delete none whose path or domain is another. */
interface CookieDescriptor {
  readonly name: string;
  readonly path: string;
}

type TokenName = keyof TransportedTokens;

function describe(token: TokenName, options: JWTCookieSettings): CookieDescriptor | null {
  const { cookie, refreshCookie, refreshCookiePath } = options;
  const [name, path] = token === 'access' ? [cookie, '/'] : [refreshCookie, refreshCookiePath];
  return name === null ? null : { name, path };
}

/** A token in the cookies of a request; undefined where there is none. From now on the answer varies on them. */
export function readTokenCookie(request: AnyRequest, token: TokenName, settings?: Settings): string | undefined {
  const state = requestSession(request, settings);
  const descriptor = describe(token, jwtCookies.of(state.settings));
  if (descriptor === null) return undefined;
  onResponse(state.raw, varyOnCookie);
  const value = state.cookies.get(descriptor.name);
  return value === '' ? undefined : value;
}

/**
 * Has the answer carry tokens as cookies that live as long as they do; one whose cookie has no name is left out.
 *
 * @param settings needed for a host's request that no view and no `withSession` has seen
 * @example
 * setTokenCookies(request, { access: String(refresh.accessToken), refresh: String(refresh) });
 */
export function setTokenCookies(request: AnyRequest, tokens: TransportedTokens, settings?: Settings): void {
  const state = requestSession(request, settings);
  const options = jwtCookies.of(state.settings);
  for (const name of ['access', 'refresh'] as const) {
    const [token, descriptor] = [tokens[name], describe(name, options)];
    if (token === undefined || descriptor === null) continue;
    const cookie = toCookie(token, descriptor, state.settings);
    onResponse(state.raw, (head) => setCookie(head, cookie));
  }
}

function toCookie(token: string, { name, path }: CookieDescriptor, settings: Settings): string {
  const { cookieDomain: domain, secure, httponly: httpOnly, samesite: sameSite } = jwtCookies.of(settings);
  const { exp } = parseObject(readCompact(token).payload);
  const now = settings.clock.now();
  const life = typeof exp === 'number' ? livesFor(Math.max(exp - Math.floor(now / 1000), 0), now) : {};
  return serializeCookie(name, token, { ...life, path, domain, secure, httpOnly, sameSite });
}

/**
 * Has the browser forget the cookies of tokens, as a log out does.
 * @param settings needed for a host's request that no view and no `withSession` has seen
 */
export function deleteTokenCookies(request: AnyRequest, settings?: Settings): void {
  const state = requestSession(request, settings);
  const options = jwtCookies.of(state.settings);
  const { cookieDomain: domain, samesite: sameSite } = options;
  for (const token of ['access', 'refresh'] as const) {
    const descriptor = describe(token, options);
    if (descriptor === null) continue;
    const { name, path } = descriptor;
    onResponse(state.raw, (head) => setCookie(head, deletionCookie(name, { path, domain, sameSite })));
  }
}

/**
 * Refuses a request that a page of another site may have forged, where tokens travel in cookies.
 * @throws PermissionDenied `CSRF Failed: …`
 */
export function checkCookieRequest(request: AnyRequest, settings?: Settings): Awaitable<void> {
  const inForce = settings ?? (isRequest(request) ? request.settings : undefined);
  if (inForce !== undefined && !jwtCookies.of(inForce).useCsrf) return undefined;
  return checkCsrf(request, settings);
}

/** The body of a request with the token of a cookie in it; null where the body has one itself, or there is no cookie. */
export function bodyWithCookie(request: Request, field: 'refresh' | 'token'): object | null {
  const data: unknown = request.data instanceof QueryDict ? request.data.toJSON() : request.data;
  if (typeof data !== 'object' || data === null || Array.isArray(data) || Object.hasOwn(data, field)) return null;
  const token = readTokenCookie(request, field === 'refresh' ? 'refresh' : 'access');
  return token === undefined ? null : { ...data, [field]: token };
}

/** An answer without the tokens that travel in cookies, which are set: scripts are not to see them. */
export function moveToCookies(request: Request, answer: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { cookie, refreshCookie } = jwtCookies.of(request.settings);
  const left: Record<string, unknown> = { ...answer };
  const take = (field: string, name: string | null): string | undefined => {
    const value = left[field];
    if (name === null || typeof value !== 'string') return undefined;
    Reflect.deleteProperty(left, field);
    return value;
  };
  const access = take('access', cookie) ?? take('token', cookie);
  setTokenCookies(request, { access, refresh: take('refresh', refreshCookie) });
  return left;
}
