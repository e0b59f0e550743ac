import { describe, expect, it } from '@jest/globals';
import {
  AllowAny,
  APIView,
  BasicAuthentication,
  defaultSettings,
  defineSettings,
  getToken,
  IsAuthenticated,
  login,
  Response,
  session,
  SessionAuthentication,
} from 'sallyport';
import type { AuthenticationClasses, Handler, PermissionClasses, Request, Settings } from 'sallyport';
import { MemorySessionStore } from 'sallyport/testing';
import { call } from '../../support/server';
import type { Answer } from '../../support/server';
import { cookieHeader, nameOf, World } from '../../support/sessions';

interface ViewOptions {
  readonly authenticators?: AuthenticationClasses;
  readonly permissions?: PermissionClasses;
  readonly settings?: Settings;
  readonly lazy?: boolean;
}

/** A view that says who makes the request. */
function view(world: World, options: ViewOptions = {}): Handler {
  class Who extends APIView {
    static override settings = options.settings ?? world.settings;
    static override authenticationClasses: AuthenticationClasses = options.authenticators ?? [SessionAuthentication];
    static override permissionClasses: PermissionClasses = options.permissions ?? [IsAuthenticated];
    override get(request: Request): Response {
      if (options.lazy === true && !request.queryParams.has('touch')) return new Response('untouched');
      return this.tell(request);
    }
    override post(request: Request): Response {
      return this.get(request);
    }
    override put(request: Request): Response {
      return this.get(request);
    }
    override patch(request: Request): Response {
      return this.get(request);
    }
    override delete(request: Request): Response {
      return this.get(request);
    }
    override performAuthentication(request: Request): ReturnType<APIView['performAuthentication']> {
      return options.lazy === true ? undefined : super.performAuthentication(request);
    }
    private tell(request: Request): Response {
      const scheme = request.successfulAuthenticator?.constructor.name ?? null;
      return new Response({ user: nameOf(request.user), auth: request.auth, scheme });
    }
  }
  return Who.asView();
}

/** A browser that has logged in: its cookies, and a token of its CSRF secret. */
async function browser(world: World, username = 'ann'): Promise<{ cookie: string; token: string }> {
  const user = (await world.users.getByNaturalKey(username)) ?? (await world.createUser(username));
  const answer = await call(
    world.view(async (request) => {
      await login(request, user);
      return getToken(request);
    }),
  );
  return { cookie: cookieHeader(answer), token: answer.json as string };
}

const ann = { user: 'ann', auth: null, scheme: 'SessionAuthentication' };
const nobody = { user: '', auth: null, scheme: null };
const refusal = { detail: 'Authentication credentials were not provided.' };
const resultOf = (answer: Answer): unknown[] => [answer.status, answer.json];

describe('SessionAuthentication', () => {
  it('knows who has logged in on this browser; auth is null (D-175, D-176, S-094, S-096, S-097)', async () => {
    const world = new World();
    const { cookie } = await browser(world);
    const answer = await call(view(world), { headers: { cookie } });
    expect(resultOf(answer)).toEqual([200, ann]);
    expect(answer.headers['vary']).toBe('Cookie');
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('has no challenge, so refusals are 403 (D-184, S-098)', async () => {
    const answer = await call(view(new World()));
    expect(resultOf(answer)).toEqual([403, refusal]);
    expect(answer.headers['www-authenticate']).toBeUndefined();
    expect(answer.headers['vary']).toBe('Cookie');
  });

  it('adds the cookie to what the answer varies on by itself (D-185)', async () => {
    const world = new World();
    const answer = await call(
      world.plain(() => new globalThis.Response('', { headers: { Vary: 'Accept' } })),
      {},
    );
    expect(answer.headers['vary']).toBe('Accept');
    const { cookie } = await browser(world);
    class Negotiating extends APIView {
      static override settings = world.settings;
      override get(): Response {
        return new Response('ok', { headers: { Vary: 'Accept' } });
      }
    }
    expect((await call(Negotiating.asView(), { headers: { cookie } })).headers['vary']).toBe('Accept, Cookie');
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('wants a CSRF token for a %s (S-099)', async (method) => {
    const world = new World();
    const { cookie, token } = await browser(world);
    const sessionOnly = cookie.split('; ').find((pair) => pair.startsWith('sessionid='))!;
    const refused = await call(view(world), { method, headers: { cookie } });
    expect(resultOf(refused)).toEqual([403, { detail: 'CSRF Failed: CSRF token missing.' }]);
    const bare = await call(view(world), { method, headers: { cookie: sessionOnly, 'X-CSRFToken': token } });
    expect(resultOf(bare)).toEqual([403, { detail: 'CSRF Failed: CSRF cookie not set.' }]);
    const passed = await call(view(world), { method, headers: { cookie, 'X-CSRFToken': token } });
    expect(resultOf(passed)).toEqual([200, ann]);
  });

  it('wants none for GET, HEAD and OPTIONS', async () => {
    const world = new World();
    const { cookie } = await browser(world);
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      expect((await call(view(world), { method, headers: { cookie } })).status).toBe(200);
    }
  });

  it('wants none from visitors who are not logged in (A-097, D-175, S-101)', async () => {
    const world = new World();
    const open = view(world, { permissions: [AllowAny] });
    const user = await world.createUser();
    const { cookie } = await browser(world);
    expect(resultOf(await call(open, { method: 'POST' }))).toEqual([200, nobody]);
    expect(resultOf(await call(open, { method: 'POST', headers: { cookie: 'csrftoken=short' } }))).toEqual([
      200,
      nobody,
    ]);
    user.isActive = false;
    expect(resultOf(await call(open, { method: 'POST', headers: { cookie } }))).toEqual([200, nobody]);
  });

  it('never takes an inactive user, whatever the backend lets through (D-175)', async () => {
    const world = new World();
    const user = await world.createUser();
    const { cookie } = await browser(world);
    const users = { get: async () => user, getByNaturalKey: async () => user, authenticate: () => user };
    const backends = [
      { path: 'django.contrib.auth.backends.ModelBackend', authenticate: () => user, getUser: () => user },
    ];
    const lenient = new World({ session: { store: world.sessions }, settings: { users: { ...users, backends } } });
    expect((await call(view(lenient), { headers: { cookie } })).status).toBe(200);
    user.isActive = false;
    expect(resultOf(await call(view(lenient), { headers: { cookie } }))).toEqual([403, refusal]);
  });

  it('reads the body before it refuses: bad JSON is 400, a foreign type 415 (D-180)', async () => {
    const world = new World();
    const { cookie, token } = await browser(world);
    const post = (type: string, headers: Record<string, string> = {}): Promise<Answer> =>
      call(view(world), { method: 'POST', headers: { cookie, 'Content-Type': type, ...headers }, body: '{' });
    for (const headers of [{}, { 'X-CSRFToken': token }]) {
      expect((await post('application/json', headers)).status).toBe(400);
      expect((await post('image/png', headers)).status).toBe(415);
    }
    const csrfless = cookie.split('; ').find((pair) => pair.startsWith('sessionid='))!;
    expect((await post('application/json', { cookie: csrfless })).json.detail).toBe(
      'CSRF Failed: CSRF cookie not set.',
    );
    expect((await post('application/json', { Origin: 'http://evil.example' })).json.detail).toContain(
      'Origin checking',
    );
    const put = await call(view(world), {
      method: 'PUT',
      headers: { cookie, 'Content-Type': 'application/json' },
      body: '{',
    });
    expect(put.json.detail).toBe('CSRF Failed: CSRF token missing.');
  });

  it('leaves the body to the view (D-177)', async () => {
    const world = new World();
    const { cookie, token } = await browser(world);
    const echo = world.view((request) => request.data);
    const headers = { cookie, 'X-CSRFToken': token };
    expect((await call(echo, { method: 'POST', headers, body: { a: [1] } })).json).toEqual({ a: [1] });
    const form = { cookie, 'Content-Type': 'application/x-www-form-urlencoded' };
    const body = `csrfmiddlewaretoken=${token}&a=1`;
    expect((await call(echo, { method: 'POST', headers: form, body })).json).toEqual({
      csrfmiddlewaretoken: token,
      a: '1',
    });
  });

  it('answers a failed check with 403 though a challenge comes first, and asks no other scheme (D-051, D-178)', async () => {
    const world = new World();
    const { cookie } = await browser(world);
    class Challenging extends SessionAuthentication {
      override authenticateHeader(): string {
        return 'Session';
      }
    }
    const basic = `Basic ${Buffer.from('ann:secret').toString('base64')}`;
    for (const authenticators of [[Challenging], [Challenging, BasicAuthentication]]) {
      const answer = await call(view(world, { authenticators }), {
        method: 'POST',
        headers: { cookie, Authorization: basic },
      });
      expect(resultOf(answer)).toEqual([403, { detail: 'CSRF Failed: CSRF token missing.' }]);
      expect(answer.headers['www-authenticate']).toBeUndefined();
    }
  });

  it('stands beside other schemes; the first decides between 401 and 403 (S-037, S-038)', async () => {
    const world = new World();
    const { cookie } = await browser(world);
    const basic = (password: string): string => `Basic ${Buffer.from(`ann:${password}`).toString('base64')}`;
    const both = view(world, { authenticators: [SessionAuthentication, BasicAuthentication] });
    const swapped = view(world, { authenticators: [BasicAuthentication, SessionAuthentication] });
    const withBasic = await call(both, { method: 'POST', headers: { Authorization: basic('secret') } });
    expect(resultOf(withBasic)).toEqual([200, { ...ann, scheme: 'BasicAuthentication' }]);
    expect(withBasic.headers['vary']).toBe('Cookie');
    expect((await call(both, { headers: { Authorization: basic('bad') } })).status).toBe(403);
    const challenged = await call(swapped, { headers: { Authorization: basic('bad'), cookie } });
    expect([challenged.status, challenged.headers['www-authenticate']]).toEqual([401, 'Basic realm="api"']);
    expect(challenged.headers['vary']).toBeUndefined();
    const known = await call(swapped, { method: 'POST', headers: { Authorization: basic('secret'), cookie } });
    expect([known.status, known.headers['vary']]).toEqual([200, undefined]);
  });

  it('asks the session and never the user that stands on the host’s request (D-175)', async () => {
    const world = new World();
    const user = await world.createUser();
    const open = view(world, { permissions: [AllowAny] });
    const answer = await call(async (request, response) => {
      request.user = user; // as another view leaves it there that has known the user by a token
      await open(request, response);
    });
    expect(answer.json).toEqual(nobody);
  });

  it('neither reads the session nor checks a token in a lazy view that does not look (S-161)', async () => {
    const world = new World();
    const { cookie } = await browser(world);
    const lazy = view(world, { lazy: true, permissions: [AllowAny] });
    for (const headers of [{ cookie }, { cookie: `sessionid=${'a'.repeat(32)}` }]) {
      const answer = await call(lazy, { method: 'POST', headers });
      expect([answer.status, answer.text]).toEqual([200, '"untouched"']);
      expect([answer.headers['vary'], answer.headers['set-cookie']]).toEqual([undefined, undefined]);
    }
  });

  it('may be given another check', async () => {
    const world = new World();
    const { cookie } = await browser(world);
    class Exempt extends SessionAuthentication {
      override enforceCsrf(): void {
        // behind a gateway that checks
      }
    }
    expect(
      (await call(view(world, { authenticators: [Exempt] }), { method: 'POST', headers: { cookie } })).status,
    ).toBe(200);
  });

  it('stops the app from starting without sessions or users', () => {
    const world = new World();
    const store = new MemorySessionStore();
    const start = (settings: Settings) => () => view(world, { settings });
    expect(start(defineSettings({ users: world.users }))).toThrow("The settings of 'session' lack 'store'");
    for (const secretKey of [null, '']) {
      expect(start(defineSettings({ users: world.users }, session({ store, secretKey })))).toThrow(
        "needs the setting 'secretKey': defineSettings({ secretKey:",
      );
    }
    for (const settings of [
      defineSettings({ secretKey: 'x' }, session({ store })),
      defineSettings({}, session({ store, secretKey: 'x' })),
    ]) {
      expect(start(settings)).toThrow('needs the user table');
    }
  });
});

describe('a view without settings', () => {
  class Bare extends APIView {
    static override permissionClasses: PermissionClasses = [IsAuthenticated];
    override get(): Response {
      return new Response('ok');
    }
  }

  it('has the schemes of DRF’s default list', () => {
    expect(defaultSettings.defaultAuthenticationClasses).toEqual([SessionAuthentication, BasicAuthentication]);
  });

  it('attempts none of them, and answers as DRF does: 403, since the first has no challenge', async () => {
    const answer = await call(Bare.asView(), { headers: { cookie: `sessionid=${'a'.repeat(32)}` } });
    expect(resultOf(answer)).toEqual([403, refusal]);
    expect([answer.headers['www-authenticate'], answer.headers['vary']]).toEqual([undefined, undefined]);
  });
});
