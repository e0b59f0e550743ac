import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  AllowAny,
  APIView,
  csrf,
  extendSettings,
  getToken,
  handle,
  ImproperlyConfigured,
  IsAuthenticated,
  path,
  Response,
  runChecks,
  type AuthenticationClasses,
  type PermissionClasses,
  type Request,
  type Settings,
  type User,
} from 'sallyport';
import {
  AccessToken,
  deleteTokenCookies,
  JWTAuthentication,
  JWTCookieAuthentication,
  jwtCookies,
  RefreshToken,
  setTokenCookies,
  SlidingToken,
  tokenBlacklist,
  tokenObtainPair,
  tokenObtainSliding,
  tokenRefresh,
  tokenRefreshSliding,
  tokenVerify,
  type JWTCookieSettings,
  type JWTSettings,
} from 'sallyport/jwt';
import { APIClient, MemoryRefreshFamilyStore, type TestResponse } from 'sallyport/testing';
import { openBench, type Bench } from './support';

const COOKIES = { cookie: '__Host-access', refreshCookie: '__Secure-refresh', refreshCookiePath: '/api/' };
const GOOD = { username: 'alice', password: 'alice-pass' };

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});

function settingsWith(cookies: Partial<JWTCookieSettings> = {}, options: Partial<JWTSettings> = {}): Settings {
  return extendSettings(bench.with(options), {}, jwtCookies({ ...COOKIES, ...cookies }));
}

class Page extends APIView {
  static override authenticationClasses: AuthenticationClasses = [];
  static override permissionClasses: PermissionClasses = [AllowAny];
  override async get(request: Request): Promise<Response> {
    return new Response({ csrf: await getToken(request) });
  }
}

class Me extends APIView<User> {
  static override authenticationClasses: AuthenticationClasses = [JWTCookieAuthentication];
  static override permissionClasses: PermissionClasses = [IsAuthenticated];
  override get(request: Request<User>): Response {
    return new Response({ user: String(request.user) });
  }
  override post(request: Request<User>): Response {
    return this.get(request);
  }
}

class Public extends Me {
  static override permissionClasses: PermissionClasses = [AllowAny];
}

/** A browser: it keeps cookies, and sends the CSRF token of the page that it has read. */
class Browser {
  readonly client: APIClient;
  #csrf = '';

  constructor(settings: Settings) {
    const routes = handle([
      path('/page', Page.asView({ settings })),
      path('/me', Me.asView({ settings })),
      path('/public', Public.asView({ settings })),
      path('/api/login', tokenObtainPair(settings)),
      path('/api/refresh', tokenRefresh(settings)),
      path('/api/verify', tokenVerify(settings)),
      path('/api/logout', tokenBlacklist(settings)),
      path('/api/sliding', tokenObtainSliding(settings)),
      path('/api/sliding/refresh', tokenRefreshSliding(settings)),
    ]);
    this.client = new APIClient(routes, { enforceCsrfChecks: true, clock: bench.clock });
  }

  /** Reads a page, with its CSRF token. */
  async read(): Promise<this> {
    this.#csrf = (await this.client.get('/page')).data.csrf as string;
    return this;
  }

  post(to: string, body: object = {}, headers: Record<string, string> = {}): Promise<TestResponse> {
    const csrfHeader: Record<string, string> = this.#csrf === '' ? {} : { 'X-CSRFToken': this.#csrf };
    return this.client.post(to, body, { format: 'json', headers: { ...csrfHeader, ...headers } });
  }

  /** What a page of another site can send: cookies go along, a CSRF token doesn't. */
  forge(to: string, body: object = {}): Promise<TestResponse> {
    return this.client.post(to, body, { format: 'json' });
  }

  async login(): Promise<TestResponse> {
    await this.read();
    return this.post('/api/login', GOOD);
  }
}

const cookieLines = ({ headers }: TestResponse): string[] =>
  headers.getSetCookie().filter((line) => !line.startsWith('csrftoken='));
const lineOf = (response: TestResponse, name: string): string =>
  cookieLines(response).find((line) => line.startsWith(`${name}=`)) ?? '';

describe('the views, with tokens in cookies', () => {
  it('set cookies that scripts do not see, and leave the tokens out of the body', async () => {
    const response = await new Browser(settingsWith()).login();
    expect([response.status, response.text]).toEqual([200, '{}']);
    expect(lineOf(response, '__Host-access')).toMatch(
      /^__Host-access=[\w.-]+; expires=Sun, 22 Nov 2026 [\d:]{8} GMT; HttpOnly; Max-Age=300; Path=\/; SameSite=Lax; Secure$/,
    );
    expect(lineOf(response, '__Secure-refresh')).toMatch(
      /^__Secure-refresh=[\w.-]+; expires=[^;]+; HttpOnly; Max-Age=86400; Path=\/api\/; SameSite=Lax; Secure$/,
    );
  });

  it('set the attributes that the options name', async () => {
    const settings = settingsWith({
      cookie: 'access',
      refreshCookie: 'refresh',
      cookieDomain: 'example.com',
      secure: false,
      httponly: false,
      samesite: 'Strict',
    });
    const response = await new Browser(settings).login();
    expect(lineOf(response, 'access')).toMatch(
      /^access=[^;]+; Domain=example\.com; expires=[^;]+; Max-Age=300; Path=\/; SameSite=Strict$/,
    );
  });

  it('leave the access token in the body where only the refresh token has a cookie', async () => {
    const response = await new Browser(settingsWith({ cookie: null })).login();
    expect(Object.keys(response.data as object)).toEqual(['access']);
    expect(cookieLines(response)).toHaveLength(1);
  });

  it('refresh by the cookie, and set both anew where refresh tokens are used once', async () => {
    const browser = new Browser(settingsWith({}, { families: new MemoryRefreshFamilyStore() }));
    const before = lineOf(await browser.login(), '__Secure-refresh');
    bench.clock.advance(60_000);
    const response = await browser.post('/api/refresh');
    expect([response.status, response.text]).toEqual([200, '{}']);
    expect(lineOf(response, '__Secure-refresh')).not.toBe(before);
    expect(cookieLines(response)).toHaveLength(2);
    expect(response.headers.get('vary')).toContain('Cookie');
  });

  it('take the token of the body before that of the cookie', async () => {
    const browser = new Browser(settingsWith());
    await browser.login();
    expect((await browser.post('/api/refresh', { refresh: 'x' })).status).toBe(401);
    expect((await browser.post('/api/verify')).text).toBe('{}');
    expect((await browser.post('/api/verify', { token: 'x' })).status).toBe(401);
  });

  it('ask for the field where there is no cookie either, and take forms', async () => {
    const browser = await new Browser(settingsWith()).read();
    expect((await browser.post('/api/refresh')).data).toEqual({ refresh: ['This field is required.'] });
    const refresh = String(await RefreshToken.forUser(settingsWith(), bench.alice));
    browser.client.cookies.set('__Secure-refresh', refresh);
    const { csrf: token } = (await browser.client.get('/page')).data as { csrf: string };
    const form = await browser.client.post('/api/refresh', `csrfmiddlewaretoken=${token}`, {
      contentType: 'application/x-www-form-urlencoded',
    });
    expect(form.status).toBe(200);
  });

  it('log out: the token is called back and both cookies go, with the attributes that they came with', async () => {
    const browser = new Browser(settingsWith());
    await browser.login();
    const response = await browser.post('/api/logout');
    expect([response.status, response.text]).toEqual([200, '{}']);
    expect(cookieLines(response)).toEqual([
      '__Host-access=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax; Secure',
      '__Secure-refresh=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/api/; SameSite=Lax; Secure',
    ]);
    expect(bench.blacklist.outstanding).toHaveLength(1);
    expect(await bench.blacklist.isBlacklisted(bench.blacklist.outstanding[0]!.jti)).toBe(true);
    expect((await browser.client.get('/me')).status).toBe(401);
  });

  it('take the cookies away at a log out whose token is no good any more', async () => {
    const browser = new Browser(settingsWith());
    await browser.login();
    bench.clock.advance(86_000_000);
    browser.client.cookies.set('__Secure-refresh', 'x.y.z');
    const response = await browser.post('/api/logout');
    expect(response.status).toBe(401);
    expect(cookieLines(response)).toHaveLength(2);
  });

  it('take the cookies away when the token of one is refused', async () => {
    const browser = await new Browser(settingsWith()).read();
    browser.client.cookies.set('__Secure-refresh', 'x.y.z');
    const response = await browser.post('/api/refresh');
    expect(response.status).toBe(401);
    expect(cookieLines(response)).toHaveLength(2);
    const withBody = await browser.post('/api/refresh', { refresh: 'x.y.z' });
    expect(cookieLines(withBody)).toEqual([]);
  });

  it('put sliding tokens into the first cookie', async () => {
    const browser = await new Browser(settingsWith({}, { authTokenClasses: [SlidingToken] })).read();
    const response = await browser.post('/api/sliding', GOOD);
    expect([response.text, cookieLines(response).length]).toEqual(['{}', 1]);
    expect((await browser.post('/api/sliding/refresh')).text).toBe('{}');
    expect((await browser.client.get('/me')).data).toEqual({ user: 'alice' });
  });

  it.each(['/api/login', '/api/refresh', '/api/logout', '/api/sliding', '/api/sliding/refresh'])(
    '%s refuses what a page of another site sends, with a token in the body too',
    async (to) => {
      const browser = new Browser(settingsWith());
      await browser.login();
      const refresh = String(await RefreshToken.forUser(settingsWith(), bench.alice));
      for (const body of [{}, GOOD, { refresh }]) {
        const response = await browser.forge(to, body);
        expect([response.status, response.data]).toEqual([403, { detail: 'CSRF Failed: CSRF token missing.' }]);
        expect(cookieLines(response)).toEqual([]);
      }
    },
  );

  it('leave bodies and answers as they are where no cookie has a name', async () => {
    const browser = new Browser(bench.settings);
    const { data } = await browser.forge('/api/login', GOOD);
    expect(Object.keys(data as object)).toEqual(['refresh', 'access']);
    browser.client.cookies.set('refresh', data.refresh as string);
    expect((await browser.forge('/api/refresh')).status).toBe(400);
  });
});

describe('JWTCookieAuthentication', () => {
  it('knows whoever has the cookie', async () => {
    const browser = new Browser(settingsWith());
    await browser.login();
    const response = await browser.client.get('/me');
    expect(response.data).toEqual({ user: 'alice' });
    expect(response.headers.get('vary')).toContain('Cookie');
  });

  it('takes neither header nor cookie for no attempt', async () => {
    const { client } = new Browser(settingsWith());
    const response = await client.get('/me');
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="api"']);
    expect((await client.post('/public')).data).toEqual({ user: 'AnonymousUser' });
  });

  it('judges a request with a header by that alone, without CSRF', async () => {
    const browser = new Browser(settingsWith());
    await browser.login();
    const bob = await bench.users.createUser({ username: 'bob' });
    const token = String(await AccessToken.forUser(bench.settings, bob));
    const send = (authorization: string): Promise<TestResponse> =>
      browser.client.post('/me', {}, { format: 'json', headers: { Authorization: authorization } });
    expect((await send(`Bearer ${token}`)).data).toEqual({ user: 'bob' });
    expect((await send('Bearer x')).status).toBe(401);
    expect((await send('Basic x')).status).toBe(401);
  });

  it('refuses a forged request with a cookie, and lets the page of the site itself', async () => {
    const browser = new Browser(settingsWith());
    await browser.login();
    const forged = await browser.forge('/me');
    expect([forged.status, forged.data]).toEqual([403, { detail: 'CSRF Failed: CSRF token missing.' }]);
    expect((await browser.post('/me')).data).toEqual({ user: 'alice' });
    const elsewhere = await browser.post('/me', {}, { Origin: 'https://evil.example' });
    expect(elsewhere.status).toBe(403);
  });

  it('takes the origins that the CSRF options trust', async () => {
    const settings = extendSettings(settingsWith(), {}, csrf({ trustedOrigins: ['https://app.example.com'] }));
    const browser = new Browser(settings);
    await browser.login();
    expect((await browser.post('/me', {}, { Origin: 'https://app.example.com' })).status).toBe(200);
  });

  it('answers a cookie that is no good with 401, before it asks for a CSRF token (J-036)', async () => {
    const { client } = new Browser(settingsWith());
    client.cookies.set('__Host-access', 'x.y.z');
    for (const response of [await client.get('/me'), await client.post('/me')]) {
      expect([response.status, (response.data as { code: string }).code]).toEqual([401, 'token_not_valid']);
    }
  });

  it('asks for a CSRF token of nobody in particular where that is wanted', async () => {
    const browser = new Browser(settingsWith({ enforceCsrfOnUnauthenticated: true }));
    expect((await browser.forge('/public')).status).toBe(403);
    await browser.read();
    expect((await browser.post('/public')).status).toBe(200);
  });

  it('asks for none where the app has decided so', async () => {
    const browser = new Browser(settingsWith({ useCsrf: false }));
    await browser.forge('/api/login', GOOD);
    expect((await browser.forge('/me')).data).toEqual({ user: 'alice' });
  });

  it('does not take a refresh token for an access token', async () => {
    const { client } = new Browser(settingsWith());
    client.cookies.set('__Host-access', String(await RefreshToken.forUser(settingsWith(), bench.alice)));
    expect((await client.get('/me')).status).toBe(401);
  });

  it('is not what JWTAuthentication does: it never looks at cookies', async () => {
    const settings = settingsWith();
    const client = new APIClient(
      handle([path('/me', Me.asView({ settings, authenticationClasses: [JWTAuthentication] }))]),
    );
    client.cookies.set('__Host-access', String(await AccessToken.forUser(settings, bench.alice)));
    expect((await client.get('/me')).status).toBe(401);
  });
});

describe('views of your own', () => {
  it('set and delete the same cookies', async () => {
    const settings = settingsWith();
    class Own extends APIView {
      static override authenticationClasses: AuthenticationClasses = [];
      override async post(request: Request): Promise<Response> {
        const refresh = await RefreshToken.forUser(settings, bench.alice);
        setTokenCookies(request, { access: String(refresh.accessToken), refresh: String(refresh) });
        return new Response({ user: 'alice' });
      }
      override delete(request: Request): Response {
        deleteTokenCookies(request);
        return new Response(null, { status: 204 });
      }
    }
    const client = new APIClient(handle([path('/own', Own.asView({ settings }))]));
    expect(cookieLines(await client.post('/own'))).toHaveLength(2);
    expect(client.cookies.get('__Host-access')).toBeDefined();
    await client.delete('/own');
    expect(client.cookies.get('__Host-access')).toBeUndefined();
  });
});

describe('the options of cookies', () => {
  it.each<[string, Partial<JWTCookieSettings>]>([
    ['two cookies of one name', { cookie: 'jwt', refreshCookie: 'jwt' }],
    ['__Host- with a domain', { cookieDomain: 'example.com' }],
    ['__Host- without Secure', { secure: false }],
    ['__Host- with a path', { refreshCookie: '__Host-refresh' }],
    ['__Secure- without Secure', { cookie: null, secure: false }],
  ])('are refused with %s', (_what, options) => {
    expect(() => tokenObtainPair(settingsWith(options))).toThrow(ImproperlyConfigured);
    expect(() => Me.asView({ settings: settingsWith(options) })).toThrow(ImproperlyConfigured);
  });

  it.each<[string, Partial<JWTCookieSettings>, readonly string[]]>([
    ['as they are', {}, []],
    ['without Secure', { secure: false }, ['sallyport.W023']],
    ['with SameSite=None and without Secure', { secure: false, samesite: 'None' }, ['sallyport.W023']],
    ['open to scripts', { httponly: false }, ['sallyport.W024']],
    ['without CSRF', { useCsrf: false }, ['sallyport.W025']],
  ])('are looked at before a deployment: %s', (_what, options, ids) => {
    const settings = settingsWith({ cookie: 'access', refreshCookie: 'refresh', ...options });
    const found = runChecks([path('/me', Me.asView({ settings })), path('/login', tokenObtainPair(settings))], {
      deploy: true,
    });
    expect(found.map(({ id }) => id).filter((id) => /W02[345]/.test(id))).toEqual(ids);
  });
});
