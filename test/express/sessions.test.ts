import { afterEach, describe, expect, it } from '@jest/globals';
import express from 'express';
import express4 from 'express4';
import expressSession, { MemoryStore } from 'express-session';
import type { SessionData, SessionOptions } from 'express-session';
import {
  APIView,
  csrf,
  defineSettings,
  getSession,
  getUser,
  handle,
  ImproperlyConfigured,
  IsAuthenticated,
  login,
  logout,
  openSession,
  path,
  Response,
  runChecks,
  session,
  SessionAuthentication,
  sessionUrls,
  updateSessionAuthHash,
  withSession,
} from 'sallyport';
import type { CsrfSettings, PermissionClasses, Request, SessionSettings, Settings } from 'sallyport';
import { expressSessions } from 'sallyport/express';
import { fastPasswordHashers, MemoryUserStore } from 'sallyport/testing';
import { serve } from '../support/server';
import type { Answer, TestServer } from '../support/server';
import { nameOf, secretKey } from '../support/sessions';

const MODEL_BACKEND = 'django.contrib.auth.backends.ModelBackend';

/** Takes its time, as a store behind a network does. */
class SlowStore extends MemoryStore {
  readonly writes: string[] = [];
  override get(key: string, done: (error: unknown, found?: SessionData | null) => void): void {
    super.get(key, (error: unknown, found) => setTimeout(() => done(error, found), 2));
  }
  override set(key: string, data: SessionData, done?: (error?: unknown) => void): void {
    this.writes.push(key);
    setTimeout(() => super.set(key, data, done), 5);
  }
}

interface Options {
  readonly express: SessionOptions;
  readonly csrf: Partial<CsrfSettings>;
  readonly session: Partial<SessionSettings>;
}

/** A browser: it keeps cookies, and sends the token that it was given last. */
class Browser {
  readonly cookies = new Map<string, string>();
  token = '';
  constructor(readonly server: TestServer) {}

  async send(method: string, url: string, body?: object): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = {
      'Content-Type': 'application/json',
      'X-CSRFToken': this.token,
      ...(cookie === '' ? {} : { cookie }),
    };
    const answer = await this.server.request({ method, path: url, headers, ...(body === undefined ? {} : { body }) });
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      this.cookies.set(name!, value!);
    }
    const given = /^\{"csrfToken":"(\w+)"/.exec(answer.text)?.[1];
    if (given !== undefined) this.token = given;
    return answer;
  }

  async logIn(username = 'ann'): Promise<Answer> {
    await this.send('GET', '/auth/csrf/');
    return this.send('POST', '/auth/login/', { username, password: 'secret' });
  }

  async name(): Promise<string> {
    return (await this.send('GET', '/whoami')).json as string;
  }

  get key(): string | undefined {
    return this.cookies.get('connect.sid');
  }
}

describe.each([
  ['Express 5', express],
  ['Express 4', express4],
])('express-session in %s', (_, framework) => {
  const servers: TestServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  async function createApp(options: Partial<Options> = {}) {
    const store = new SlowStore();
    const users = new MemoryUserStore({ hashers: fastPasswordHashers });
    for (const username of ['ann', 'bob']) await users.createUser({ username, password: 'secret' });
    const settings = defineSettings(
      { users, defaultAuthenticationClasses: [SessionAuthentication] },
      session({ store: expressSessions(), secretKey, ...options.session }),
      csrf(options.csrf ?? {}),
    );
    const viewOf = (work: (request: Request) => unknown) => {
      class Worker extends APIView {
        static override settings = settings;
        override async get(request: Request): Promise<Response> {
          return new Response((await work(request)) ?? null);
        }
        override post(request: Request): Promise<Response> {
          return this.get(request);
        }
      }
      return Worker.asView();
    };
    const app = framework();
    app.use(
      expressSession({ secret: 'keyboard cat', resave: false, saveUninitialized: false, store, ...options.express }),
    );
    app.get('/plain', (request, response) => {
      response.json({ ...request.session, cookie: undefined });
    });
    app.get('/cart', (request, response) => {
      Object.assign(request.session, { cart: [1] });
      response.json(request.session.id);
    });
    app.use(
      handle([
        path('/auth', sessionUrls(settings)),
        path(
          '/whoami',
          viewOf(async (request) => nameOf(await getUser(request))),
        ),
        path(
          '/change',
          viewOf(async (request) => {
            const user = (await users.getByNaturalKey('ann'))!;
            await user.setPassword(`new ${String(Math.random())}`, fastPasswordHashers);
            if (request.method === 'POST') await updateSessionAuthHash(request, user);
          }),
        ),
        path(
          '/set',
          viewOf(async (request) => (await getSession(request)).set(request.queryParams.get('name')!, 1)),
        ),
        path(
          '/again',
          viewOf(async (request) => {
            const user = request.user!;
            await logout(request);
            await login(request, user as never);
            return nameOf(await getUser(request));
          }),
        ),
        path(
          '/session',
          viewOf(async (request) => {
            const own = await getSession(request);
            own.setTestCookie();
            const had = [
              own.has('cart'),
              own.pop('cart'),
              own.testCookieWorked(),
              own.sessionKey !== null,
              own.isEmpty,
            ];
            own.deleteTestCookie();
            return [...had, own.isEmpty, own.delete('nothing')];
          }),
        ),
        path(
          '/remember',
          viewOf(async (request) => {
            const own = await getSession(request);
            own.set('a', 1);
            const before = [own.getExpireAtBrowserClose(), own.getExpiryAge()];
            own.setExpiry(3600);
            await own.save();
            return [...before, own.getExpireAtBrowserClose(), own.getExpiryAge()];
          }),
        ),
        path(
          '/clear',
          viewOf(async (request) => (await getSession(request)).clear()),
        ),
      ]),
    );
    const server = await serve(app as never);
    servers.push(server);
    return { server, store, settings, users, browser: () => new Browser(server) };
  }

  it('keeps who has logged in, under Django’s names (A-068)', async () => {
    const { browser, store, users } = await createApp();
    const client = browser();
    expect((await client.logIn()).status).toBe(200);
    expect(await client.name()).toBe('ann');
    const answer = await client.send('GET', '/plain');
    expect(answer.json).toEqual({
      _auth_user_id: '1',
      _auth_user_backend: MODEL_BACKEND,
      _auth_user_hash: (await users.get(1))!.getSessionAuthHash(secretKey),
    });
    expect(Object.keys((store as unknown as { sessions: object }).sessions)).toHaveLength(1);
  });

  it('gets a new key by a log in, and keeps what the visitor had (A-077)', async () => {
    const { browser, server } = await createApp();
    const client = browser();
    await client.send('GET', '/cart');
    const before = client.key;
    await client.logIn();
    expect(client.key).not.toBe(before);
    expect((await client.send('GET', '/plain')).json.cart).toEqual([1]);
    const thief = new Browser(server);
    thief.cookies.set('connect.sid', before!);
    expect(await thief.name()).toBe('');
    expect((await thief.send('GET', '/plain')).json).toEqual({});
  });

  it('is destroyed by a log out, and its cookie opens nothing any more (A-079)', async () => {
    const { browser, store, server } = await createApp();
    const client = browser();
    await client.logIn();
    const key = client.key!;
    expect((await client.send('POST', '/auth/logout/')).status).toBe(204);
    expect(Object.keys((store as unknown as { sessions: object }).sessions)).toEqual([]);
    const replay = new Browser(server);
    replay.cookies.set('connect.sid', key);
    expect(await replay.name()).toBe('');
    await client.logIn('bob');
    expect(await client.name()).toBe('bob');
  });

  it('is given up for another user, and holds nothing of the one before (A-077)', async () => {
    const { browser } = await createApp();
    const client = browser();
    await client.logIn('ann');
    await client.send('GET', '/cart');
    const before = client.key;
    await client.logIn('bob');
    expect(client.key).not.toBe(before);
    expect(await client.name()).toBe('bob');
    expect((await client.send('GET', '/plain')).json.cart).toBeUndefined();
  });

  it('is begun anew by a log in after a log out in one request', async () => {
    const { browser } = await createApp();
    const client = browser();
    await client.logIn();
    await client.send('GET', '/cart');
    const before = client.key;
    expect((await client.send('GET', '/again')).json).toBe('ann');
    expect(client.key).not.toBe(before);
    expect(await client.name()).toBe('ann');
    expect((await client.send('GET', '/plain')).json.cart).toBeUndefined();
  });

  it('ends with the password, but for the browser that has changed it (A-076, A-080)', async () => {
    const { browser } = await createApp();
    const [mine, other] = [browser(), browser()];
    await mine.logIn();
    await other.logIn();
    const before = mine.key;
    expect((await mine.send('POST', '/change')).status).toBe(200);
    expect(mine.key).not.toBe(before);
    expect([await mine.name(), await other.name()]).toEqual(['ann', '']);
    await mine.send('GET', '/change');
    expect(await mine.name()).toBe('');
  });

  it('of a former secret gets a new key and hash (A-076)', async () => {
    const first = await createApp();
    const client = first.browser();
    await client.logIn();
    const rotated = await createApp({
      express: { secret: 'keyboard cat', store: first.store },
      session: { secretKey: 'new', secretKeyFallbacks: [secretKey] },
    });
    Object.assign((await rotated.users.get(1))!, { password: (await first.users.get(1))!.password });
    const later = new Browser(rotated.server);
    later.cookies.set('connect.sid', client.key!);
    expect(await later.name()).toBe('ann');
    expect(later.key).not.toBe(client.key);
    expect(await later.name()).toBe('ann');
  });

  it('is protected as ours is (A-083)', async () => {
    const { browser } = await createApp();
    const client = browser();
    expect((await client.send('POST', '/auth/login/', { username: 'ann', password: 'secret' })).json).toEqual({
      detail: 'CSRF Failed: CSRF cookie not set.',
    });
    await client.logIn();
    client.token = '';
    expect((await client.send('POST', '/set?name=a', {})).json.detail).toContain('CSRF Failed');
    expect((await client.send('POST', '/auth/logout/')).status).toBe(403);
    expect(await client.name()).toBe('ann');
  });

  it('holds the CSRF secret where the settings say so (A-089)', async () => {
    const { browser } = await createApp({ csrf: { useSessions: true } });
    const client = browser();
    expect((await client.logIn()).status).toBe(200);
    expect([...client.cookies.keys()]).toEqual(['connect.sid']);
    expect((await client.send('GET', '/plain')).json._csrftoken).toMatch(/^\w{32}$/);
    expect((await client.send('POST', '/set?name=a', {})).status).toBe(200);
  });

  it('sends its cookie and ours with one answer, each once', async () => {
    const { browser, store } = await createApp();
    const client = browser();
    await client.send('GET', '/auth/csrf/');
    const answer = await client.send('POST', '/auth/login/', { username: 'ann', password: 'secret' });
    const names = (answer.headers['set-cookie'] ?? []).map((line) => line.slice(0, line.indexOf('=')));
    expect(names.sort()).toEqual(['connect.sid', 'csrftoken']);
    expect(answer.headers['vary']).toContain('Cookie');
    expect(Number(answer.headers['content-length'])).toBe(Buffer.byteLength(answer.text));
    expect(await client.name()).toBe('ann');
    expect(new Set(store.writes)).toEqual(new Set([client.key!.slice(4, 36)]));
  });

  it('is saved before its answer leaves, and once', async () => {
    const { browser, store } = await createApp();
    const client = browser();
    await client.logIn();
    for (const name of ['a', 'b', 'c']) {
      store.writes.length = 0;
      const { text } = await client.send('GET', `/set?name=${name}`);
      expect([text, store.writes.length]).toEqual(['', 1]);
      expect((await client.send('GET', '/plain')).json[name]).toBe(1);
    }
  });

  it('is neither made nor mentioned for visitors of whom nothing is kept', async () => {
    const { browser, store } = await createApp();
    const answer = await browser().send('GET', '/whoami');
    expect([answer.json, answer.headers['set-cookie'], answer.headers['vary']]).toEqual(['', undefined, 'Cookie']);
    expect(store.writes).toEqual([]);
  });

  it('has values, as ours has', async () => {
    const { browser } = await createApp();
    const client = browser();
    await client.send('GET', '/cart');
    expect((await client.send('GET', '/session')).json).toEqual([true, [1], true, true, false, true, false]);
    await client.send('GET', '/set?name=a');
    expect((await client.send('GET', '/plain')).json).toEqual({ a: 1 });
    await client.send('GET', '/clear');
    expect((await client.send('GET', '/plain')).json).toEqual({});
  });

  it('lets the app say when it ends, and keeps that under a new key', async () => {
    const { browser, store } = await createApp();
    const client = browser();
    const answer = await client.send('GET', '/remember');
    expect(answer.json).toEqual([true, 1_209_600, false, 3600]);
    expect(answer.headers['set-cookie']![0]).toMatch(/; Expires=/);
    await client.logIn();
    const [text] = Object.values((store as unknown as { sessions: Record<string, string> }).sessions);
    expect(JSON.parse(text!)).toMatchObject({ a: 1, cookie: { originalMaxAge: 3_600_000 } });
  });

  it.each(['cookie', 'id', 'req', 'save', 'regenerate', '__proto__', 'constructor', 'toString'])(
    'refuses a value named %s, which would not come back',
    async (name) => {
      const { server } = await createApp();
      const answer = await server.request({ path: `/set?name=${name}` });
      expect(answer.status).toBe(500);
    },
  );

  it('is asked for where its middleware is missing, or does not come first', async () => {
    const { settings } = await createApp();
    for (const request of [{ headers: {} }, { headers: {}, session: { values: 'of cookie-session' } }]) {
      await expect(getUser(request, settings)).rejects.toThrow(ImproperlyConfigured);
      await expect(getUser(request, settings)).rejects.toThrow('Its middleware must come before');
    }
  });

  it('is known by its request alone', async () => {
    const { settings } = await createApp();
    expect(() => openSession(settings, null)).toThrow('write getSession(request)');
  });

  it('fails with its store, and lets nobody in', async () => {
    const { browser, store } = await createApp();
    const client = browser();
    await client.send('GET', '/auth/csrf/');
    store.destroy = (_key, done) => void done?.(new Error('The store is gone.'));
    const answer = await client.send('POST', '/auth/login/', { username: 'ann', password: 'secret' });
    expect(answer.status).toBe(500);
    expect(await client.name()).toBe('');
  });

  it('serves plain handlers too', async () => {
    const { settings } = await createApp();
    const app = framework();
    app.use(expressSession({ secret: 'keyboard cat', resave: false, saveUninitialized: false }));
    app.use(
      withSession(settings, async (request) => {
        const own = await getSession(request);
        const visits = Number(own.get('visits') ?? 0) + 1;
        own.set('visits', visits);
        return globalThis.Response.json({ visits });
      }) as never,
    );
    const server = await serve(app as never);
    servers.push(server);
    const client = new Browser(server);
    await client.send('GET', '/');
    expect((await client.send('GET', '/')).json).toEqual({ visits: 2 });
  });
});

it('the checks of an app leave the cookie of express-session to it', () => {
  class Guarded extends APIView {
    static override permissionClasses: PermissionClasses = [IsAuthenticated];
    static override settings: Settings = defineSettings(
      {
        users: new MemoryUserStore(),
        defaultAuthenticationClasses: [SessionAuthentication],
        allowedHosts: ['a.example'],
      },
      session({ store: expressSessions(), secretKey: 'x8'.repeat(30) }),
      csrf({ cookieSecure: true }),
    );
  }
  const ids = runChecks([path('/', Guarded.asView())], { deploy: true }).map(({ id }) => id);
  expect(ids).not.toContain('sallyport.W011');
  expect(ids).not.toContain('sallyport.W013');
  expect(ids).not.toContain('sallyport.W017');
});
