import { describe, expect, it } from '@jest/globals';
import {
  APIException,
  APIView,
  defineSettings,
  getSession,
  getUser,
  handle,
  ImproperlyConfigured,
  LoginSerializer,
  LoginView,
  ModelBackend,
  openSession,
  path,
  Response,
  reverse,
  runChecks,
  sessionUrls,
} from 'sallyport';
import type { Handler, Request, User } from 'sallyport';
import { APIClient, fastPasswordHashers as hashers, MemoryUserStore } from 'sallyport/testing';
import type { TestResponse } from 'sallyport/testing';
import { nameOf, World } from '../../support/sessions';
import type { WorldOptions } from '../../support/sessions';

const ann = { username: 'ann', password: 'secret' };
const page = { headers: { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } };
const INVALID = 'Please enter a correct username and password. Note that both fields may be case-sensitive.';

/** An app with the ready views, and one that says who is logged in. */
async function createApp(options: WorldOptions = {}): Promise<World & { readonly app: Handler }> {
  const world = new World(options);
  await world.createUser();
  class WhoAmI extends APIView {
    static override settings = world.settings;
    override async get(request: Request): Promise<Response> {
      return new Response({ name: nameOf(await getUser(request)), urls: reverse('session:login', { request }) });
    }
  }
  const routes = [
    path('/auth', sessionUrls(world.settings), { namespace: 'session' }),
    path('/whoami', WhoAmI.asView()),
  ];
  return Object.assign(world, { app: handle(routes) });
}

/** A browser that asks for tokens as a real one must. */
const browser = ({ app, clock }: { app: Handler; clock: World['clock'] }): APIClient =>
  new APIClient(app, { enforceCsrfChecks: true, clock });

const whoIs = async (client: APIClient): Promise<unknown> => (await client.get('/whoami')).data.name;
const tokenOf = async (client: APIClient): Promise<string> => (await client.get('/auth/csrf/')).data.csrfToken;

async function logIn(client: APIClient, data: object = ann): Promise<TestResponse> {
  return client.post('/auth/login/', data, {
    format: 'json',
    headers: { 'X-CSRFToken': await tokenOf(client) },
  });
}

const formOf = ({ text }: TestResponse): string => /<form[^]*<\/form>/.exec(text)![0];
const fieldOf = (answer: TestResponse, name: string): string | undefined =>
  new RegExp(`name="${name}"[^>]*value="([^"]*)"`).exec(formOf(answer))?.[1];

/** Fills in the form of the page as a person does. */
async function fillIn(client: APIClient, url: string, fields: Record<string, string> = ann): Promise<TestResponse> {
  const form = await client.get(url, {}, page);
  const csrfmiddlewaretoken = fieldOf(form, 'csrfmiddlewaretoken')!;
  const next = fieldOf(form, 'next');
  return client.post(
    url,
    { csrfmiddlewaretoken, ...(next === undefined ? {} : { next }), ...fields },
    { format: 'multipart', ...page },
  );
}

describe('programs', () => {
  it('log in and out by JSON, and are given the token that is good from then on (A-077, A-079)', async () => {
    const client = browser(await createApp());
    const before = await tokenOf(client);
    const answer = await logIn(client);
    expect([answer.status, Object.keys(answer.data)]).toEqual([200, ['csrfToken']]);
    expect(await whoIs(client)).toBe('ann');
    const logOut = (token: string): Promise<TestResponse> =>
      client.post('/auth/logout/', {}, { format: 'json', headers: { 'X-CSRFToken': token } });
    expect((await logOut(before)).status).toBe(403);
    const out = await logOut(answer.data.csrfToken);
    expect([out.status, out.text]).toEqual([204, '']);
    expect(await whoIs(client)).toBe('');
  });

  it('are told what is wrong, in the words of Django’s form (A-113)', async () => {
    const client = browser(await createApp());
    const wrong = await logIn(client, { username: 'ann', password: 'wrong' });
    expect([wrong.status, wrong.data]).toEqual([400, { non_field_errors: [INVALID] }]);
    expect((await logIn(client, { username: 'nobody', password: 'secret' })).data).toEqual(wrong.data);
    expect((await logIn(client, {})).data).toEqual({
      username: ['This field is required.'],
      password: ['This field is required.'],
    });
    expect((await logIn(client, { username: ' ', password: '' })).data).toEqual((await logIn(client, {})).data);
    expect((await logIn(client, { ...ann, username: 'x'.repeat(10_000) })).data).toEqual(wrong.data);
    expect((await logIn(client, { ...ann, password: ' secret ' })).data).toEqual(wrong.data);
    expect((await logIn(client, [])).status).toBe(400);
    expect(await whoIs(client)).toBe('');
  });

  it('may write a name in any form of Unicode, and with blanks around it (A-113)', async () => {
    const world = await createApp();
    await world.createUser('ﬁlé'.normalize('NFKC'));
    expect((await logIn(browser(world), { username: '  ﬁle\u0301 ', password: 'secret' })).status).toBe(200);
  });

  it('hear that an account is inactive only where a backend lets it through (A-113)', async () => {
    const world = await createApp();
    const user = (await world.users.getByNaturalKey('ann'))!;
    user.isActive = false;
    expect((await logIn(browser(world))).data).toEqual({ non_field_errors: [INVALID] });

    class AllowAll extends ModelBackend<User> {
      override userCanAuthenticate(): boolean {
        return true;
      }
    }
    const users = new MemoryUserStore({ hashers, backends: (store) => [new AllowAll(store, { hashers })] });
    await users.createUser({ ...ann, isActive: false });
    const open = await createApp({ settings: { users } });
    expect((await logIn(browser(open))).data).toEqual({ non_field_errors: ['This account is inactive.'] });
    expect(await whoIs(browser(open))).toBe('');
  });

  it('learn the fields by OPTIONS', async () => {
    const answer = await browser(await createApp()).options('/auth/login/');
    expect(answer.data.actions.POST).toEqual({
      username: { type: 'string', required: true, read_only: false, label: 'Username' },
      password: { type: 'string', required: true, read_only: false, label: 'Password' },
    });
  });
});

describe('every view', () => {
  it.each(['/auth/login/', '/auth/logout/'])('%s wants a token, of visitors too (A-111, A-115, S-100)', async (url) => {
    const client = browser(await createApp());
    for (const [data, options] of [
      [ann, { format: 'json' }],
      [ann, { format: 'multipart' }],
      [{ ...ann, csrfmiddlewaretoken: 'x'.repeat(64) }, { format: 'multipart' }],
    ] as const) {
      const answer = await client.post(url, data, options);
      expect([answer.status, answer.data.detail]).toEqual([403, 'CSRF Failed: CSRF cookie not set.']);
    }
    await tokenOf(client);
    const answer = await client.post(url, ann, { format: 'json' });
    expect([answer.status, answer.data.detail]).toEqual([403, 'CSRF Failed: CSRF token missing.']);
    expect(await whoIs(client)).toBe('');
  });

  it('wants it also where a subclass has other authenticators and permissions', async () => {
    const world = await createApp();
    class Own extends LoginView {
      static override settings = world.settings;
      protected override loggedIn(): Promise<Response> {
        return Promise.resolve(new Response({ welcome: true }));
      }
    }
    const client = browser({ app: handle([path('/login', Own.asView())]), clock: world.clock });
    expect((await client.post('/login', ann, { format: 'json' })).status).toBe(403);
    const { csrfToken } = (await client.get('/login')).data;
    const answer = await client.post('/login', ann, { format: 'json', headers: { 'X-CSRFToken': csrfToken } });
    expect(answer.data).toEqual({ welcome: true });
  });

  it.each(['/auth/login/', '/auth/csrf/'])('%s is kept by no cache and shown in no frame (A-111)', async (url) => {
    const { headers } = await browser(await createApp()).get(url);
    expect(headers.get('cache-control')).toBe('max-age=0, no-cache, no-store, must-revalidate, private');
    expect(headers.get('vary')).toContain('Cookie');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('referrer-policy')).toBe('same-origin');
  });

  it('logs nobody out by GET (A-115)', async () => {
    const client = browser(await createApp());
    await logIn(client);
    const answer = await client.get('/auth/logout/');
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
    expect(await whoIs(client)).toBe('ann');
  });

  it('has a name for reverse, as with rest_framework.urls', async () => {
    expect((await browser(await createApp()).get('/whoami')).data.urls).toBe('http://testserver/auth/login/');
  });

  it('stops the app from starting without sessions or users', () => {
    expect(() => sessionUrls(defineSettings())).toThrow("lack 'store'");
    expect(() => sessionUrls(new World({ settings: { users: null } }).settings)).toThrow(ImproperlyConfigured);
  });

  it('has nothing that the checks of an app find fault with', () => {
    const { settings } = new World({
      session: { cookieSecure: true },
      csrf: { cookieSecure: true },
      settings: {
        secretKey: 'k8#fW2!qLr9@ZxTn5^uYb7*Hc3&JmPd6$sVe4%Ga1+oXi0=zRt',
        allowedHosts: ['site.example'],
      },
    });
    const ids = runChecks(sessionUrls(settings), { deploy: true }).map(({ id }) => id);
    // But that the stores of this test lie in memory.
    expect(new Set(ids)).toEqual(new Set(['sallyport.W016']));
  });

  it('is looked at by the checks of an app', () => {
    const { settings } = new World({
      session: { secretKey: 'weak' },
      settings: { defaultThrottleRates: { failed_login: null } },
    });
    const found = runChecks(sessionUrls(settings), { deploy: true });
    expect(found.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['sallyport.W009', 'sallyport.W010', 'sallyport.W011', 'sallyport.W012']),
    );
    expect(found.find(({ id }) => id === 'sallyport.W009')!.where).toContain('LoginView');
  });
});

describe('people', () => {
  it('get a form, log in with it, and are sent on (A-111)', async () => {
    const client = browser(await createApp());
    const form = await client.get('/auth/login/', {}, page);
    expect([form.status, form.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(form.text.replace(/\w{64}/, 'TOKEN')).toMatchInlineSnapshot(`
      "<!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="robots" content="noindex, noarchive">
      <title>Log in</title>
      </head>
      <body>
      <main>
      <h1>Log in</h1>
      <form method="post">
      <input type="hidden" name="csrfmiddlewaretoken" value="TOKEN">
      <p><label for="id_username">Username:</label>
      <input type="text" name="username" id="id_username" value="" autocapitalize="none"
      autocomplete="username" required autofocus></p>
      <p><label for="id_password">Password:</label>
      <input type="password" name="password" id="id_password"
      autocomplete="current-password" required></p>
      <p><input type="submit" value="Log in"></p>
      </form>
      </main>
      </body>
      </html>
      "
    `);
    const answer = await fillIn(client, '/auth/login/');
    expect([answer.status, answer.headers.get('location'), answer.text]).toEqual([302, '/accounts/profile/', '']);
    expect(await whoIs(client)).toBe('ann');
  });

  it('are sent where they came from (A-111)', async () => {
    const client = browser(await createApp());
    const answer = await fillIn(client, `/auth/login/?next=${encodeURIComponent('/wörld/?a=b c')}`);
    expect(answer.headers.get('location')).toBe('/w%C3%B6rld/?a=b%20c');
  });

  it('are sent to the place in the form before that in the URL, and to no other site (A-111, A-112)', async () => {
    const world = await createApp({ session: { loginRedirectUrl: '/home' } });
    const goes = async (url: string, next: string): Promise<string | null> =>
      (await fillIn(browser(world), url, { ...ann, next })).headers.get('location');
    expect(await goes('/auth/login/?next=/query', '/form')).toBe('/form');
    for (const evil of ['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)']) {
      expect(await goes('/auth/login/?next=/query', evil)).toBe('/home');
      expect((await browser(world).get('/auth/login/', { next: evil }, page)).text).not.toContain('name="next"');
    }
  });

  it('see the form once more with what was wrong; the password is not in it (A-113)', async () => {
    const client = browser(await createApp());
    const answer = await fillIn(client, '/auth/login/?next=/me', { username: '"><script>', password: 'hunter2' });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(formOf(answer)).toContain(`<ul><li>${INVALID}</li></ul>`);
    expect(fieldOf(answer, 'username')).toBe('&quot;&gt;&lt;script&gt;');
    expect(fieldOf(answer, 'next')).toBe('/me');
    expect(answer.text).not.toContain('hunter2');
    const blank = await fillIn(client, '/auth/login/', { username: 'ann', password: '' });
    expect(formOf(blank)).toMatch(/id="id_password"[^]*<li>This field is required.<\/li>/);
    expect(await whoIs(client)).toBe('');
  });

  it('see why a forged form was refused (A-098)', async () => {
    const answer = await browser(await createApp()).post('/auth/login/', ann, { format: 'multipart', ...page });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([403, 'text/html; charset=utf-8']);
    expect(answer.text).toContain('<title>403 Forbidden</title>');
    expect(answer.text).toContain('CSRF verification failed. Request aborted.');
    expect(answer.text).toContain('CSRF cookie not set.');
    expect(answer.text).not.toContain('<form');
  });

  it('see the form again after a body that is none', async () => {
    const client = browser(await createApp());
    const answer = await client.post('/auth/login/', '{"a', {
      contentType: 'application/json',
      headers: { ...page.headers, 'X-CSRFToken': await tokenOf(client) },
    });
    expect([answer.status, formOf(answer)]).toEqual([200, expect.stringContaining('JSON parse error')]);
  });

  it('see the form whatever the app makes of errors', async () => {
    const exceptionHandler = (error: unknown): Response | null =>
      error instanceof APIException ? new Response({ texts: ['No.'], code: 7, more: { a: 1 } }, { status: 400 }) : null;
    const client = browser(await createApp({ settings: { exceptionHandler } }));
    const answer = await fillIn(client, '/auth/login/', { username: 'ann', password: 'wrong' });
    expect(formOf(answer)).toContain('<ul><li>No.</li></ul>');
  });

  it('log out by a form, and see that it is done or are sent on (A-115)', async () => {
    const world = await createApp();
    const out = async (client: APIClient, url: string): Promise<TestResponse> => {
      await logIn(client);
      const answer = await client.post(
        url,
        { csrfmiddlewaretoken: await tokenOf(client) },
        { format: 'multipart', ...page },
      );
      expect(await whoIs(client)).toBe('');
      return answer;
    };
    const done = await out(browser(world), '/auth/logout/');
    expect([done.status, done.text]).toEqual([200, expect.stringContaining('<h1>Logged out</h1>')]);
    expect((await out(browser(world), '/auth/logout/?next=/bye')).headers.get('location')).toBe('/bye');
    expect((await out(browser(world), '/auth/logout/?next=//evil.example')).status).toBe(200);
    const settled = await createApp({ session: { logoutRedirectUrl: '/goodbye' } });
    expect((await out(browser(settled), '/auth/logout/')).headers.get('location')).toBe('/goodbye');
    const circle = await createApp({ session: { logoutRedirectUrl: '/auth/logout/' } });
    expect((await out(browser(circle), '/auth/logout/')).status).toBe(200);
  });

  it('who are logged in see the form too, or are sent on where the app says so (A-114)', async () => {
    const world = await createApp();
    const client = browser(world);
    await logIn(client);
    expect((await client.get('/auth/login/', {}, page)).status).toBe(200);
    const app = handle([
      path('/login', LoginView.asView({ settings: world.settings, redirectAuthenticatedUser: true })),
    ]);
    const sent = new APIClient(app, { enforceCsrfChecks: true, clock: world.clock });
    expect((await sent.get('/login', {}, page)).status).toBe(200);
    sent.cookies.set('sessionid', client.cookies.get('sessionid')!);
    expect((await sent.get('/login?next=/me', {}, page)).headers.get('location')).toBe('/me');
    await expect(sent.get('/login?next=/login', {}, page)).rejects.toThrow('Redirection loop for authenticated user');
  });
});

describe('guesses', () => {
  const rates: WorldOptions = { settings: { defaultThrottleRates: { failed_login: '3/min' }, numProxies: 0 } };
  const guess = { username: 'ann', password: 'guess' };

  it('are limited by address and name, from the start', async () => {
    const world = await createApp(rates);
    const client = browser(world);
    for (let i = 0; i < 3; i++) expect((await logIn(client, guess)).status).toBe(400);
    const refused = await logIn(client);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60']);
    expect((await logIn(client, { username: 'bob', password: 'guess' })).status).toBe(400);
    world.clock.advance(61_000);
    expect((await logIn(client)).status).toBe(200);
  });

  it('on the page count as well, and those who are right do not', async () => {
    const world = await createApp(rates);
    for (let i = 0; i < 5; i++) expect((await fillIn(browser(world), '/auth/login/')).status).toBe(302);
    for (let i = 0; i < 5; i++) expect((await logIn(browser(world))).status).toBe(200);
    for (let i = 0; i < 3; i++) expect((await fillIn(browser(world), '/auth/login/', guess)).status).toBe(200);
    const refused = await fillIn(browser(world), '/auth/login/');
    expect([refused.status, refused.text]).toEqual([429, expect.stringContaining('Request was throttled.')]);
  });

  it('can not be used up by pages of other sites, for these have no token', async () => {
    const world = await createApp(rates);
    for (let i = 0; i < 10; i++) {
      expect((await browser(world).post('/auth/login/', guess, { format: 'json' })).status).toBe(403);
    }
    expect((await logIn(browser(world))).status).toBe(200);
  });

  it('count whatever status the app gives them', async () => {
    const exceptionHandler = (error: unknown): Response | null =>
      error instanceof APIException
        ? new Response({}, { status: error.statusCode === 400 ? 422 : error.statusCode })
        : null;
    const world = await createApp({ settings: { ...rates.settings, exceptionHandler } });
    const client = browser(world);
    for (let i = 0; i < 3; i++) expect((await logIn(client, guess)).status).toBe(422);
    expect((await logIn(client)).status).toBe(429);
  });

  it('made all at once do not pass together', async () => {
    const world = await createApp(rates);
    const clients = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const client = browser(world);
        return { client, token: await tokenOf(client) };
      }),
    );
    const answers = await Promise.all(
      clients.map(({ client, token }) =>
        client.post('/auth/login/', guess, { format: 'json', headers: { 'X-CSRFToken': token } }),
      ),
    );
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(3);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(9);
  });
});

describe('a serializer of the app', () => {
  it('may check more, and say it in its own words', async () => {
    const world = await createApp();
    class StaffOnly extends LoginSerializer<User> {
      protected override async authenticate(username: string, password: string): Promise<User | null> {
        const user = await super.authenticate(username, password);
        return user?.isStaff === true ? user : null;
      }
      protected override refuse(): void {
        this.fail('username', 'For the staff alone.', 'staff');
      }
    }
    class Own extends LoginView<User> {
      static override settings = world.settings;
      override get serializerClass(): typeof LoginSerializer<User> {
        return StaffOnly;
      }
    }
    const client = browser({ app: handle([path('/login', Own.asView())]), clock: world.clock });
    const { csrfToken } = (await client.get('/login')).data;
    const post = (): Promise<TestResponse> =>
      client.post('/login', ann, { format: 'json', headers: { 'X-CSRFToken': csrfToken } });
    expect((await post()).data).toEqual({ username: ['For the staff alone.'] });
    (await world.users.getByNaturalKey('ann'))!.isStaff = true;
    expect((await post()).status).toBe(200);
  });
});

describe('a log in by the ready view', () => {
  it('keeps what a visitor had, under a new key', async () => {
    const world = await createApp();
    const client = browser(world);
    const visitor = await openSession(world.settings, null);
    visitor.set('cart', [1]);
    await visitor.save();
    client.cookies.set('sessionid', visitor.sessionKey!);
    await logIn(client);
    const key = client.cookies.get('sessionid')!;
    expect(key).not.toBe(visitor.sessionKey);
    expect((await openSession(world.settings, key)).get('cart')).toEqual([1]);
    expect((await openSession(world.settings, visitor.sessionKey)).isEmpty).toBe(true);
  });

  it('works with the secret in the session (A-089)', async () => {
    const client = browser(await createApp({ csrf: { useSessions: true } }));
    expect((await logIn(client)).status).toBe(200);
    expect(client.cookies.toString()).toMatch(/^sessionid=[a-z0-9]{32}$/);
    expect(await whoIs(client)).toBe('ann');
  });

  it('tells the app, as every log in does', async () => {
    const heard: unknown[] = [];
    const world = await createApp({
      session: {
        onLoggedIn: async (user, request) => void heard.push(user.pk, (await getSession(request)).get('_auth_user_id')),
      },
    });
    await logIn(browser(world));
    expect(heard).toEqual([1, '1']);
  });
});
