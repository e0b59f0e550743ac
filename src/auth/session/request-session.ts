import { ImproperlyConfigured, isAPIException } from '../../core/exceptions';
import { createHandler } from '../../core/handler';
import { onResponse } from '../../core/host';
import type { HostRequest, HostResponse, Next, ResponseHead } from '../../core/host';
import { chain, type Awaitable } from '../../core/policy';
import { isRequest } from '../../core/request';
import type { Settings } from '../../core/settings';
import type { AnonymousUser, BaseUser } from '../../core/users';
import { deletionCookie, livesFor, parseCookies, serializeCookie } from '../../http/cookies';
import { headerValue, mergeVary } from '../../http/headers';
import { HostedSession } from './hosted-session';
import type { Session } from './session';
import { session as namespace, type AnyRequest } from './settings';
import type { HostSessions } from './store';
import { isHostSessions, openSession, type StoredSession } from './stored-session';

/** What is known of the session of one request. It hangs on the host's request, so all views on that share it. */
export class RequestSession {
  /** Who is logged in, once somebody has asked. */
  user: BaseUser | AnonymousUser | undefined;
  /** The CSRF secret of this browser, once it was handed out. */
  csrfSecret: string | undefined;
  #session: Awaitable<Session> | undefined;
  #cookies: ReadonlyMap<string, string> | undefined;

  constructor(
    readonly raw: HostRequest,
    readonly settings: Settings,
  ) {}

  get cookies(): ReadonlyMap<string, string> {
    return (this.#cookies ??= parseCookies(headerValue(this.raw.headers, 'cookie')));
  }

  /** The session, loaded at the first call. From then on the answer varies on the cookie. */
  open(): Awaitable<Session> {
    if (this.#session !== undefined) return this.#session;
    const { store } = namespace.of(this.settings);
    return (this.#session = isHostSessions(store) ? this.#openHosted(store) : this.#openStored());
  }

  #openHosted(sessions: HostSessions): Session {
    const hosted = sessions.open(this.raw);
    if (hosted === null) {
      throw new ImproperlyConfigured(
        'The host has no session for this request. Its middleware must come before what uses sessions: app.use(session({ … })).',
      );
    }
    const session = new HostedSession(this.settings, hosted);
    onResponse(this.raw, async (head) => {
      varyOnCookie(head);
      // The host would do it, but with the end of the answer: then the next request may come before it is done.
      if (session.modified && head.status < 500) await session.save();
    });
    return session;
  }

  #openStored(): Awaitable<Session> {
    const { cookieName } = namespace.of(this.settings);
    const opened = openSession(this.settings, this.cookies.get(cookieName));
    onResponse(this.raw, (head) => this.#finish(head, opened));
    return chain(opened, (session) => (this.#session = session));
  }

  /** Django's `SessionMiddleware.process_response`. */
  async #finish(head: ResponseHead, opened: Awaitable<StoredSession>): Promise<void> {
    varyOnCookie(head);
    let session: StoredSession;
    try {
      session = await opened;
    } catch {
      return; // it could not be loaded, and the request has failed with that error
    }
    await session.confirmFlush();
    const options = namespace.of(this.settings);
    if (session.isEmpty) {
      const { cookieName, cookiePath: path, cookieDomain: domain, cookieSamesite: sameSite } = options;
      if (this.cookies.has(cookieName)) setCookie(head, deletionCookie(cookieName, { path, domain, sameSite }));
      return;
    }
    if ((!session.modified && !options.saveEveryRequest) || head.status >= 500) return;
    await session.save();
    const lifetime = session.getExpireAtBrowserClose()
      ? {}
      : livesFor(session.getExpiryAge(), this.settings.clock.now());
    setCookie(
      head,
      serializeCookie(options.cookieName, session.sessionKey!, {
        ...lifetime,
        domain: options.cookieDomain,
        path: options.cookiePath,
        secure: options.cookieSecure,
        httpOnly: options.cookieHttponly,
        sameSite: options.cookieSamesite,
      }),
    );
  }
}

/** Says that the answer depends on who asks. */
export function varyOnCookie({ headers }: ResponseHead): void {
  headers.set('Vary', mergeVary(headers.get('Vary'), 'Cookie'));
}

export function setCookie({ headers }: ResponseHead, cookie: string): void {
  headers.append('Set-Cookie', cookie);
}

const SESSION: unique symbol = Symbol.for('sallyport.session') as never;
type SessionRequest = HostRequest & { [SESSION]?: RequestSession };

/**
 * What is known of the session of a request.
 * @param settings needed for a host's request that no view and no `withSession` has seen
 * @throws ImproperlyConfigured when nobody says which settings are in force
 */
export function requestSession(request: AnyRequest, settings?: Settings): RequestSession {
  const raw: SessionRequest = isRequest(request) ? request.raw : request;
  if (raw[SESSION] !== undefined) return raw[SESSION];
  const inForce = settings ?? (isRequest(request) ? request.settings : undefined);
  if (inForce === undefined) {
    throw new ImproperlyConfigured(
      "A host's request knows no settings. Wrap the handler, withSession(settings, handler), or give them as an argument.",
    );
  }
  return (raw[SESSION] = new RequestSession(raw, inForce));
}

/**
 * The session of a request, one for all that asks on the same host's request. It is saved with the answer, and the
 * answer varies on the cookie; a request whose session nobody asks for neither loads it nor varies on it.
 *
 * @param settings needed for a host's request that no view and no `withSession` has seen
 * @throws ImproperlyConfigured without `session({ store })` and a secret in the settings
 */
export async function getSession(request: AnyRequest, settings?: Settings): Promise<Session> {
  return requestSession(request, settings).open();
}

/**
 * Makes a handler of your own that may use the session: what it changes there is saved before its answer is sent. An
 * `APIException` that it throws is answered as in a view.
 *
 * @example
 * app.post('/logout', withSession(settings, async (request) => {
 *   await logout(request);
 *   return new Response(null, { status: 204 });
 * }));
 */
export function withSession<Raw extends HostRequest>(
  settings: Settings,
  handler: (request: Raw) => Awaitable<globalThis.Response>,
): (request: Raw, response: HostResponse, next?: Next) => Promise<void> {
  return createHandler(settings, async (raw) => {
    requestSession(raw, settings);
    try {
      return await handler(raw as Raw);
    } catch (error) {
      if (!isAPIException(error)) throw error;
      const { detail, statusCode: status, headers } = error;
      return globalThis.Response.json(detail instanceof String ? { detail } : detail, { status, headers });
    }
  });
}
