import { DisallowedHost, ImproperlyConfigured, PermissionDenied } from '../../core/exceptions';
import { onResponse } from '../../core/host';
import type { HostRequest } from '../../core/host';
import { chain, type Awaitable } from '../../core/policy';
import { isRequest } from '../../core/request';
import { RequestHead } from '../../core/request-head';
import type { Settings } from '../../core/settings';
import { livesFor, serializeCookie } from '../../http/cookies';
import { formField, hostField } from './form-fields';
import {
  createSecret,
  findFault,
  findRefererFault,
  isOriginTrusted,
  isTokenOf,
  isTrustedOriginValid,
  maskSecret,
  secretOf,
} from './protocol/csrf';
import { requestSession, setCookie, varyOnCookie, type RequestSession } from './request-session';
import { csrf, session, type AnyRequest } from './settings';

const SESSION_KEY = '_csrftoken';

/** Marks a request whose token was checked before it came here. Clients can't set it: it is no header. */
const CHECKED: unique symbol = Symbol.for('sallyport.csrfChecked') as never;
/** @internal Marks a request of a test that is to pass without a token. */
export const NOT_ENFORCED: unique symbol = Symbol.for('sallyport.dontEnforceCsrf') as never;
type MarkedRequest = HostRequest & { [CHECKED]?: boolean; [NOT_ENFORCED]?: boolean };

/** The secret that this browser has shown, and what is wrong with it. */
interface ShownSecret {
  readonly secret: string | null;
  readonly fault: string | null;
}

function readSecret(state: RequestSession): Awaitable<ShownSecret> {
  const { useSessions, cookieName } = csrf.of(state.settings);
  if (useSessions) return chain(state.open(), (session) => shown(session.get(SESSION_KEY)));
  return shown(state.cookies.get(cookieName));
}

function shown(text: unknown): ShownSecret {
  if (typeof text !== 'string') return { secret: null, fault: null };
  const fault = findFault(text);
  return { secret: fault === null ? secretOf(text) : null, fault };
}

/** Has the answer carry the secret. */
function handOut(state: RequestSession, secret: string): Awaitable<void> {
  if (csrf.of(state.settings).useSessions) {
    return chain(state.open(), (session) => {
      if (session.get(SESSION_KEY) !== secret) session.set(SESSION_KEY, secret);
    });
  }
  if (state.csrfSecret === undefined) {
    onResponse(state.raw, (head) => {
      setCookie(head, toCookie(state.settings, state.csrfSecret!));
      varyOnCookie(head);
    });
  }
  state.csrfSecret = secret;
  return undefined;
}

function toCookie(settings: Settings, secret: string): string {
  const options = csrf.of(settings);
  return serializeCookie(options.cookieName, secret, {
    ...(options.cookieAge === null ? {} : livesFor(options.cookieAge, settings.clock.now())),
    domain: options.cookieDomain,
    path: options.cookiePath,
    secure: options.cookieSecure,
    httpOnly: options.cookieHttponly,
    sameSite: options.cookieSamesite,
  });
}

/**
 * A token for the forms and scripts of a page: to be sent back in the field `csrfmiddlewaretoken` or the header
 * `X-CSRFToken`. It is another text each time; the answer sets the cookie that it belongs to.
 *
 * @param settings needed for a host's request that no view and no `withSession` has seen
 */
export async function getToken(request: AnyRequest, settings?: Settings): Promise<string> {
  const state = requestSession(request, settings);
  const { random } = state.settings;
  const secret = state.csrfSecret ?? (await readSecret(state)).secret ?? createSecret(random);
  await handOut(state, secret);
  return maskSecret(secret, random);
}

/** A new secret for this browser: tokens that were made before are refused from now on. `login` does this. */
export async function rotateToken(request: AnyRequest, settings?: Settings): Promise<void> {
  const state = requestSession(request, settings);
  await handOut(state, createSecret(state.settings.random));
}

/** Says that the token of a request was checked before, by the host: it is not asked for again. */
export function markCsrfChecked(raw: HostRequest): void {
  (raw as MarkedRequest)[CHECKED] = true;
}

/** @throws ImproperlyConfigured for an entry of `trustedOrigins` that has no scheme */
export function checkTrustedOrigins(settings: Settings): void {
  for (const entry of csrf.of(settings).trustedOrigins) {
    if (isTrustedOriginValid(entry)) continue;
    throw new ImproperlyConfigured(
      `The entry '${entry}' of trustedOrigins must start with a scheme: csrf({ trustedOrigins: ['https://${entry}'] }).`,
    );
  }
}

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/**
 * Why a request may have been forged by a page of another site, in Django's words; null when it was not.
 *
 * The form field is read from a POST only, by the view's parsers; of a host's request it is read where the host has
 * parsed the body. A field that is there is final: the header is not looked at then.
 *
 * @param settings needed for a host's request that no view and no `withSession` has seen
 * @throws ParseError, UnsupportedMediaType of a body in which the form field is looked for
 */
export async function findCsrfFault(request: AnyRequest, settings?: Settings): Promise<string | null> {
  return findFaultOf(request, requestSession(request, settings));
}

/**
 * Refuses a request that a page of another site may have forged: the first line of a log in view, which no
 * authenticator protects as nobody is logged in yet.
 *
 * @param settings needed for a host's request that no view and no `withSession` has seen
 * @throws PermissionDenied `CSRF Failed: …`
 * @throws ParseError, UnsupportedMediaType of a body in which the form field is looked for
 */
export async function enforceCsrf(request: AnyRequest, settings?: Settings): Promise<void> {
  await checkCsrf(request, settings);
}

/** `enforceCsrf` without a promise where none is needed. */
export function checkCsrf(request: AnyRequest, settings?: Settings): Awaitable<void> {
  return chain(findFaultOf(request, requestSession(request, settings)), (fault) => {
    if (fault !== null) throw new PermissionDenied(`CSRF Failed: ${fault}`);
  });
}

function findFaultOf(request: AnyRequest, state: RequestSession): Awaitable<string | null> {
  const raw = state.raw as MarkedRequest;
  const head = isRequest(request) ? request : new RequestHead(raw, state.settings, raw.method ?? 'GET');
  if (raw[CHECKED] === true || SAFE_METHODS.has(head.method) || raw[NOT_ENFORCED] === true) return null;
  return findSourceFault(head) ?? findTokenFault(request, head, state);
}

/** Where the page came from that sent the request: an `Origin` decides alone; without one, https wants a `Referer`. */
function findSourceFault(head: RequestHead): string | null {
  const { trustedOrigins } = csrf.of(head.settings);
  const { HTTP_ORIGIN: origin, HTTP_REFERER: referer } = head.META;
  if (origin !== undefined) {
    const host = allowedHost(head);
    const own = host === null ? null : `${head.scheme}://${host}`;
    if (isOriginTrusted(origin, own, trustedOrigins)) return null;
    return `Origin checking failed - ${origin} does not match any trusted origins.`;
  }
  return head.isSecure() ? findRefererFault(referer, ownHost(head), trustedOrigins) : null;
}

function allowedHost(head: RequestHead): string | null {
  try {
    return head.getHost();
  } catch (error) {
    if (error instanceof DisallowedHost) return null;
    throw error;
  }
}

/** The host that a `Referer` must name: that of the request, or the domain that shares the cookie. */
function ownHost(head: RequestHead): string | null {
  const { useSessions, cookieDomain } = csrf.of(head.settings);
  const domain = useSessions ? session.of(head.settings).cookieDomain : cookieDomain;
  const host = allowedHost(head);
  if (domain === null) return host;
  const port = /:(\d+)$/.exec(host ?? '')?.[1] ?? '443';
  return port === '443' || port === '80' ? domain : `${domain}:${port}`;
}

function findTokenFault(request: AnyRequest, head: RequestHead, state: RequestSession): Awaitable<string | null> {
  return chain(readSecret(state), ({ secret, fault }) => {
    if (fault !== null) {
      // The browser gets a good secret with this refusal, so that it need not stay locked out.
      return chain(handOut(state, createSecret(state.settings.random)), () => `CSRF cookie ${fault}.`);
    }
    if (secret === null) return 'CSRF cookie not set.';
    return chain(readField(request, head), (field) => compare(field, head, secret));
  });
}

const FIELD = 'csrfmiddlewaretoken';

function readField(request: AnyRequest, head: RequestHead): Awaitable<string> {
  if (head.method !== 'POST') return '';
  if (!isRequest(request)) return hostField(head, FIELD) ?? '';
  return chain(request.load(), () => formField(request, FIELD) ?? '');
}

function compare(field: string, head: RequestHead, secret: string): string | null {
  const { headerName } = csrf.of(head.settings);
  const token = field === '' ? head.META[headerName] : field;
  if (token === undefined) return 'CSRF token missing.';
  const fault = findFault(token) ?? (isTokenOf(secret, token) ? null : 'incorrect');
  if (fault === null) return null;
  return `CSRF token from ${field === '' ? `the '${titleOf(headerName)}' HTTP header` : 'POST'} ${fault}.`;
}

/** The name of a header as Python titles it: `HTTP_X_CSRFTOKEN` is X-Csrftoken. */
function titleOf(metaName: string): string {
  return metaName
    .replace(/^HTTP_/, '')
    .split('_')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase())
    .join('-');
}
