import type { ServerResponse } from 'node:http';
import { login, logout, session, withSession } from '../auth/session';
import { systemClock, type Clock } from '../core/clock';
import { ImproperlyConfigured } from '../core/errors';
import type { HostRequest } from '../core/host';
import type { Settings } from '../core/settings';
import type { BaseUser, Credentials } from '../core/users';
import { CookieJar, parseSetCookie } from './cookies';
import { NO_CONTENT } from './encoding';
import { exchange, FactoryRequest, type Answer, type RequestDescription, type TestApp } from './exchange';
import { forceAuthenticate, type ForcedIdentity } from './factory';
import { RequestMethods, targetOf, toHeaders, type RequestDefaults, type RequestOptions } from './methods';
import { TestResponse, type Redirect } from './response';

/** What holds for all requests of a client. */
export interface ClientDefaults extends RequestDefaults {
  /**
   * Whether an error that the app passes to its host rejects the call, as in Django's client. Otherwise the app
   * answers it as in production, with a 500.
   * @default true
   */
  readonly raiseRequestException?: boolean;
  /** Tells when cookies expire. @default the system's */
  readonly clock?: Clock;
  /** Those of the app's base view; `login` finds users and sessions there. */
  readonly settings?: Settings;
}

/** How a client makes one request. */
export interface ClientOptions extends RequestOptions {
  /** Whether redirects are followed: with the same method and body after 307 and 308, else with GET. @default false */
  readonly follow?: boolean;
}

/**
 * A client of an app in the same process: no port, no socket, so that tests run side by side. It keeps cookies. It
 * needs no particular test runner.
 *
 * @example
 * const client = new APIClient(handle([path('/notes/', NoteList.asView())]));
 * client.credentials({ Authorization: `Token ${token.key}` });
 * const response = await client.post('/notes/', { title: 'first' }, { format: 'json' });
 * assert.equal(response.status, 201);
 */
export class APIClient extends RequestMethods<Promise<TestResponse>, ClientOptions> {
  readonly cookies: CookieJar;
  readonly #app: TestApp;
  readonly #settings: Settings | undefined;
  #credentials: Readonly<Record<string, string>> = {};
  #forced: ForcedIdentity = {};

  constructor(app: TestApp, defaults: ClientDefaults = {}) {
    super(defaults);
    this.cookies = new CookieJar(defaults.clock ?? systemClock);
    this.#settings = defaults.settings;
    this.#app = defaults.raiseRequestException === false ? withoutNext(app) : app;
  }

  /** Headers of all later requests, in place of those of the last call; none clears them. They win over a request's own. */
  credentials(headers: Readonly<Record<string, string>> = {}): void {
    this.#credentials = toHeaders(headers);
  }

  /** The user and token of all later requests, see the function of this name; with neither, the client forgets all. */
  forceAuthenticate(identity: ForcedIdentity = {}): void {
    this.#forced = identity;
    if ((identity.user ?? null) === null && (identity.token ?? null) === null) this.#forget();
  }

  /**
   * Opens a session, past the log in view of the app.
   * @returns whether the credentials are right
   * @throws ImproperlyConfigured when the client has no settings, or these have no user or session store
   */
  async login(credentials: Credentials): Promise<boolean> {
    const { users } = this.#settingsOfSessions();
    const user = (await users?.authenticate(credentials)) ?? null;
    if (user !== null) await this.forceLogin(user);
    return user !== null;
  }

  /**
   * Opens a session for a user, without a password.
   * @throws ImproperlyConfigured as `login`
   */
  async forceLogin(user: BaseUser): Promise<void> {
    await this.#inSession(this.#settingsOfSessions(), (request) => login(request, user));
  }

  /** Forgets credentials, forced user and cookies. A session is ended in its store too. */
  async logout(): Promise<void> {
    const settings = this.#settings;
    if (settings !== undefined && session.find(settings) !== null) await this.#inSession(settings, logout);
    this.#forget();
  }

  #forget(): void {
    this.#credentials = {};
    this.#forced = {};
    this.cookies.clear();
  }

  #settingsOfSessions(): Settings {
    if (this.#settings !== undefined) return this.#settings;
    throw new ImproperlyConfigured(
      'To log in, the client must know the settings: new APIClient(app, { settings: AppView.settings }).',
    );
  }

  /** Has our own code answer one request of this client, in place of the app. */
  async #inSession(settings: Settings, work: (request: HostRequest) => Promise<void>): Promise<void> {
    const app = withSession(settings, async (request) => {
      await work(request);
      return new Response(null, { status: 204 });
    });
    await this.#send(SESSION_REQUEST, app);
  }

  /** @throws Error for redirects without an end, with `follow` */
  protected override async deliver(description: RequestDescription, options?: ClientOptions): Promise<TestResponse> {
    const answer = await this.#send(description);
    return options?.follow === true ? this.#follow(description, answer) : new TestResponse(answer);
  }

  async #send(description: RequestDescription, app = this.#app): Promise<Answer> {
    const cookie = this.cookies.toString();
    const headers = {
      ...(cookie === '' ? {} : { cookie }),
      ...description.headers,
      ...this.#credentials,
    };
    const request = new FactoryRequest({ ...description, headers });
    forceAuthenticate(request, this.#forced);
    const answer = await exchange(app, request);
    this.cookies.update(answer.headers.getSetCookie().map(parseSetCookie));
    return answer;
  }

  async #follow(description: RequestDescription, answer: Answer): Promise<TestResponse> {
    const chain: Redirect[] = [];
    const visited = new Set<string>();
    for (;;) {
      const location = isRedirect(answer.status) ? answer.headers.get('location') : null;
      if (location === null) return new TestResponse(answer, chain);
      const url = new URL(location, urlOf(description)).href;
      if (visited.has(url)) throw new Error(`Redirect loop detected: ${location}`);
      if (chain.length === MAX_REDIRECTS) throw new Error('Too many redirects.');
      visited.add(url);
      chain.push([location, answer.status]);
      description = redirected(description, url, answer.status);
      answer = await this.#send(description);
    }
  }
}

const SESSION_REQUEST: RequestDescription = {
  method: 'POST',
  url: '/',
  headers: { host: 'testserver' },
  body: NO_CONTENT.body,
  secure: false,
  remoteAddress: '127.0.0.1',
  META: undefined,
  enforceCsrfChecks: false,
};

const MAX_REDIRECTS = 20;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Whether a client may go where the header `Location` points. */
export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status);
}

function urlOf({ secure, headers, url }: RequestDescription): string {
  return `${secure ? 'https' : 'http'}://${headers['host'] ?? ''}${url}`;
}

function redirected(from: RequestDescription, to: string, status: number): RequestDescription {
  const { host, url, secure } = targetOf(to, from.secure);
  const next: RequestDescription = { ...from, url, secure, headers: { ...from.headers, host } };
  if (status === 307 || status === 308) return next;
  const { 'content-type': _type, 'content-length': _length, ...headers } = next.headers;
  return { ...next, method: 'GET', headers, body: NO_CONTENT.body };
}

/** As a server calls it: then the app has nobody to pass errors to, and answers them itself. */
function withoutNext(app: TestApp): TestApp {
  return (request, response) => (app as (...args: [FactoryRequest, ServerResponse]) => unknown)(request, response);
}
