import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  APIView,
  extendSettings,
  BasicAuthentication,
  handle,
  path,
  Response,
  reverse,
  runChecks,
  ScopedRateThrottle,
  session,
  SessionAuthentication,
  withSession,
  login,
  type AuthenticationClasses,
  type PermissionClasses,
  type Request,
  type Settings,
  AllowAny,
  type User,
  type ViewClass,
} from 'sallyport';
import {
  createAuthToken,
  LoginView,
  LogoutView,
  PasswordLoginView,
  TokenAuthentication,
  urls,
  UserSerializer,
  type AuthToken,
} from 'sallyport/knox';
import { APIClient, MemorySessionStore } from 'sallyport/testing';
import { basic, openWorld, routesOf, type World } from './support';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
const clientOf = (view: ViewClass, settings: Settings = world.settings): APIClient =>
  new APIClient(handle([path('/', APIView.asView.call(view, { settings }))]));

describe('LoginView', () => {
  it('answers with the end and the token, which it never shows again (K-001, K-002, K-005, K-014, S-145)', async () => {
    const { status, text, data } = await world.login('ann');
    expect(status).toBe(200);
    expect(text).toBe(`{"expiry":"2026-11-23T08:37:26.620000Z","token":"${data.token as string}"}`);
    expect(data.token).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(await world.store.list(world.ann))).not.toContain(data.token);
  });

  it('gives each client a token of its own (S-145)', async () => {
    const [phone, laptop] = [await world.token('ann'), await world.token('ann')];
    expect((await world.send(`Token ${phone}`, '/auth/logout/')).status).toBe(204);
    expect([(await world.send(`Token ${phone}`)).status, (await world.send(`Token ${laptop}`)).status]).toEqual([
      401, 200,
    ]);
    const tablet = await world.token('ann');
    expect((await world.send(`Token ${tablet}`, '/auth/logoutall/')).status).toBe(204);
    for (const token of [laptop, tablet]) expect((await world.send(`Token ${token}`)).status).toBe(401);
  });

  it.each([
    [{ tokenTtl: null }, 'UTC', null],
    [{ tokenTtl: null, expiryDatetimeFormat: null }, 'UTC', null],
    [{ expiryDatetimeFormat: null }, 'America/Chicago', '2026-11-23T08:37:26.620000Z'],
    [{ expiryDatetimeFormat: '%d/%m/%y %H:%M' }, 'UTC', '23/11/26 08:37'],
    [{ expiryDatetimeFormat: '%d/%m/%y %H:%M %z' }, 'America/Chicago', '23/11/26 02:37 -0600'],
    [{}, 'America/Chicago', '2026-11-23T02:37:26.620000-06:00'],
    [{}, 'Europe/Vienna', '2026-11-23T09:37:26.620000+01:00'],
    [{ expiryDatetimeFormat: '%H:%M %Z' }, '+05:30', '14:07 +05:30'],
  ])('writes the end as the settings say: %j in %s (K-004, K-005, K-084)', async (options, timeZone, expiry) => {
    expect((await world.login('ann', world.with(options, { timeZone }))).data.expiry).toBe(expiry);
  });

  it('writes Python’s directives', async () => {
    const expiryDatetimeFormat = '%A %a %B %b %j %I%p %f %z %Z %% %Y-%m-%d %F %T %D %R %c %x %X %w %u %y %M %S %Q';
    const settings = world.with({ expiryDatetimeFormat, tokenTtl: 12 * 86_400 });
    expect((await world.login('ann', settings)).data.expiry).toBe(
      'Friday Fri December Dec 338 10PM 620000 +0000 UTC % 2026-12-04 2026-12-04 22:37:26 12/04/26 22:37 ' +
        'Fri Dec  4 22:37:26 2026 12/04/26 22:37:26 5 5 26 37 26 %Q',
    );
  });

  it('shows the user if there is a serializer (K-003, K-078)', async () => {
    class Full extends UserSerializer {
      override get data() {
        const { email } = this.user as User;
        return { email, path: this.context.request.path, format: this.context.format };
      }
    }
    const answer = async (userSerializer: typeof UserSerializer): Promise<unknown> =>
      (await world.login('ann', world.with({ userSerializer }))).data;
    expect(Object.keys((await answer(UserSerializer)) as object)).toEqual(['expiry', 'token', 'user']);
    expect(await answer(UserSerializer)).toMatchObject({ user: { username: 'ann' } });
    expect(await answer(Full)).toMatchObject({
      user: { email: 'ann@example.com', path: '/auth/login/', format: null },
    });
  });

  it('refuses a token beyond the limit, under the key `error` (K-006, K-079)', async () => {
    const settings = world.with({ tokenLimitPerUser: 1 });
    expect((await world.login('ann', settings)).status).toBe(200);
    const { status, text } = await world.login('ann', settings);
    expect([status, text]).toEqual([403, '{"error":"Maximum amount of tokens allowed per user exceeded."}']);
    expect((await world.login('bob', settings)).status).toBe(200);
    world.clock.advance(36_000_000);
    expect((await world.login('ann', settings)).status).toBe(200);
  });

  it('counts tokens without an end, unless told otherwise (K-007)', async () => {
    await createAuthToken(world.settings, world.ann, { expiry: null });
    const [all, expiring] = [{}, { tokenLimitCounts: 'expiring' as const }].map((more) =>
      world.with({ tokenLimitPerUser: 1, ...more }),
    );
    expect([(await world.login('ann', all)).status, (await world.login('ann', expiring)).status]).toEqual([403, 200]);
  });

  it('ends the oldest token beyond the limit, if told to', async () => {
    const settings = world.with({ tokenLimitPerUser: 2, onTokenLimit: 'dropOldest' });
    const tokens: string[] = [];
    for (let i = 0; i < 3; i++) {
      tokens.push(await world.token('ann', settings));
      world.clock.advance(1000);
    }
    const answers = await Promise.all(tokens.map((token) => world.send(`Token ${token}`)));
    expect(answers.map(({ status }) => status)).toEqual([401, 200, 200]);
  });

  it('refuses who is not known, and other methods (K-001, K-010, K-015)', async () => {
    const client = new APIClient(handle(routesOf(world.settings)));
    const anonymous = await client.post('/auth/login/');
    expect([anonymous.status, anonymous.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="api"']);
    for (const route of ['login', 'logout', 'logoutall']) {
      const headers = route === 'login' ? basic('ann') : { Authorization: `Token ${await world.token('ann')}` };
      expect((await client.get(`/auth/${route}/`, null, { headers })).status).toBe(405);
    }
    for (const route of ['logout', 'logoutall']) {
      const { status, data, headers } = await client.post(`/auth/${route}/`, undefined, { headers: basic('ann') });
      expect([status, data.detail, headers.get('www-authenticate')]).toEqual([
        401,
        'Authentication credentials were not provided.',
        'Token',
      ]);
    }
  });

  it('takes a session, with the CSRF check (K-011)', async () => {
    const options = { store: new MemorySessionStore(), secretKey: 'a secret of the tests, long enough' };
    const settings = world.with({}, { defaultAuthenticationClasses: [SessionAuthentication] });
    const withSessions = extendSettings(settings, {}, session(options));
    const enter = withSession(withSessions, async (raw) => {
      await login(raw, world.ann);
      return new globalThis.Response(null, { status: 204 });
    });
    const routes = handle([path('/enter', enter), path('/login', LoginView.asView({ settings: withSessions }))]);
    const client = new APIClient(routes, { enforceCsrfChecks: true });
    await client.post('/enter');
    expect((await client.post('/login')).status).toBe(403);
    const token = client.cookies.get('csrftoken')!;
    expect((await client.post('/login', undefined, { headers: { 'X-CSRFToken': token } })).status).toBe(200);
  });

  it('notes the log in, and tells of it and of the log outs (K-097)', async () => {
    const told: unknown[] = [];
    const hear = (what: string) => (user: unknown, request: { readonly method?: string | undefined }) =>
      void told.push([what, String(user), request.method]);
    const settings = world.with({ onLoggedIn: hear('in'), onLoggedOut: hear('out') });
    const [one, two] = [await world.token('ann', settings), await world.token('ann', settings)];
    expect(world.ann.lastLogin).toEqual(new Date(world.clock.now()));
    await world.send(`Token ${one}`, '/auth/logout/', settings);
    await world.send(`Token ${two}`, '/auth/logoutall/', settings);
    await world.send('Token x', '/auth/logout/', settings);
    expect(told).toEqual([
      ['in', 'ann', 'POST'],
      ['in', 'ann', 'POST'],
      ['out', 'ann', 'POST'],
      ['out', 'ann', 'POST'],
    ]);
  });

  it('limits guesses (K-106)', async () => {
    const settings = world.with({}, { defaultThrottleRates: { failed_login: '2/h' }, numProxies: 0 });
    const client = new APIClient(handle(routesOf(settings)));
    const attempt = (password: string) => client.post('/auth/login/', undefined, { headers: basic('ann', password) });
    expect([await attempt('a'), await attempt('b'), await attempt('secret')].map(({ status }) => status)).toEqual([
      401, 401, 429,
    ]);
  });

  it('is limited by a rate of its scope, where there is one (K-106)', async () => {
    const core = { defaultThrottleClasses: [ScopedRateThrottle], numProxies: 0 };
    const limited = world.with({}, { ...core, defaultThrottleRates: { 'knox-login': '1/h', 'knox-logout': '1/h' } });
    expect([(await world.login('ann')).status, (await world.login('ann')).status]).toEqual([200, 200]);
    const answers = [await world.login('ann', limited), await world.login('ann', limited)];
    expect(answers.map(({ status }) => status)).toEqual([200, 429]);
    const token = `Token ${await world.token('ann', world.with({}, core))}`;
    expect((await world.send(token, '/auth/logout/', limited)).status).toBe(204);
    const other = `Token ${await world.token('ann')}`;
    expect((await world.send(other, '/auth/logoutall/', limited)).status).toBe(429);
  });

  it('has a step for each part of its answer (K-095, K-098)', async () => {
    class PhoneLogin extends LoginView<User> {
      static override authenticationClasses: AuthenticationClasses = [BasicAuthentication];
      override getTokenTtl(): number {
        return this.request.headers.get('user-agent') === 'phone' ? 60 : 30;
      }
      override getTokenPrefix = (): string => 'p_';
      override getTokenLimitPerUser = (): number => 2;
      override getTokenName = (): string => 'phone';
      override getTokenScopes = (): string[] => ['read'];
      override getExpiryDatetimeFormat = (): string => '%M:%S';
      override getUserSerializerClass = () => UserSerializer;
      override formatExpiryDatetime(expiry: Date | null): unknown {
        return `at ${String(super.formatExpiryDatetime(expiry))}`;
      }
      override async getPostResponseData(request: Request<User, AuthToken>, token: string, instance: AuthToken) {
        const data = await super.getPostResponseData(request, token, instance);
        return { ...data, name: instance.name, scopes: instance.scopes, context: Object.keys(this.getContext()) };
      }
      override async getPostResponse(request: Request<User, AuthToken>, token: string, instance: AuthToken) {
        return new Response((await super.getPostResponse(request, token, instance)).data, { status: 201 });
      }
    }
    const client = clientOf(PhoneLogin);
    const post = (agent: string) => client.post('/', undefined, { headers: { ...basic('ann'), 'User-Agent': agent } });
    const { status, data } = await post('phone');
    expect([status, data]).toEqual([
      201,
      {
        expiry: 'at 38:26',
        token: expect.stringMatching(/^p_/),
        user: { username: 'ann' },
        name: 'phone',
        scopes: ['read'],
        context: ['request', 'format', 'view'],
      },
    ]);
    expect((await post('other')).data.expiry).toBe('at 37:56');
    expect((await post('phone')).status).toBe(403);
  });

  it('gives for a token one that may be used for no more', async () => {
    const settings = world.with({}, { defaultAuthenticationClasses: [TokenAuthentication] });
    for (const scopes of [['notes:read'], [], null]) {
      const [, text] = await createAuthToken(settings, world.ann, { scopes });
      const { data } = await world.send(`Token ${text}`, '/auth/login/', settings);
      expect((await world.send(`Token ${data.token}`)).data).toMatchObject({ user: 'ann', scopes });
    }
  });

  it('gives nobody a token whom nobody knows, whatever a subclass permits', async () => {
    class Open extends LoginView {
      static override permissionClasses: PermissionClasses = [AllowAny];
    }
    expect((await clientOf(Open).post('/')).status).toBe(401);
  });
});

describe('LogoutView', () => {
  it('may answer in another way (K-096)', async () => {
    class Goodbye extends LogoutView {
      override getPostResponse(): Response {
        return new Response({ goodbye: true });
      }
    }
    const headers = { Authorization: `Token ${await world.token('ann')}` };
    expect((await clientOf(Goodbye).post('/', undefined, { headers })).data).toEqual({ goodbye: true });
    expect((await clientOf(Goodbye).post('/', undefined, { headers })).status).toBe(401);
  });

  it('answers with nothing (K-008, K-009)', async () => {
    for (const route of ['/auth/logout/', '/auth/logoutall/']) {
      const { status, bytes } = await world.send(`Token ${await world.token('ann')}`, route);
      expect([status, bytes.length]).toEqual([204, 0]);
    }
  });
});

describe('PasswordLoginView', () => {
  const post = (body: object, settings = world.settings, headers = {}) =>
    clientOf(PasswordLoginView, settings).post('/', body, { format: 'json', headers });

  it('takes a name and a password, and looks at no token (K-012)', async () => {
    const { status, data } = await post({ username: 'ann', password: 'secret' }, world.settings, {
      Authorization: 'Token old',
    });
    expect([status, (await world.send(`Token ${data.token as string}`)).data.user]).toEqual([200, 'ann']);
    expect(world.ann.lastLogin).not.toBeNull();
  });

  it('refuses with the texts of DRF, and limits guesses (K-012, K-106)', async () => {
    const settings = world.with({}, { defaultThrottleRates: { failed_login: '2/h' }, numProxies: 0 });
    const wrong = await post({ username: 'ann', password: 'x' }, settings);
    expect([wrong.status, wrong.data]).toEqual([
      400,
      { non_field_errors: ['Unable to log in with provided credentials.'] },
    ]);
    expect((await post({ username: 'ann' }, settings)).data).toEqual({ password: ['This field is required.'] });
    expect((await post({ username: 'ann', password: 'secret' }, settings)).status).toBe(429);
  });

  it('has the limit of tokens too (K-006)', async () => {
    const settings = world.with({ tokenLimitPerUser: 0 });
    expect((await post({ username: 'ann', password: 'secret' }, settings)).status).toBe(403);
  });
});

describe('the routes', () => {
  it('have the names of knox (K-001)', async () => {
    class Names extends APIView {
      override get(request: Request): Response {
        return new Response(['login', 'logout', 'logoutall'].map((name) => reverse(`knox_${name}`, { request })));
      }
    }
    const client = new APIClient(handle([path('/auth', urls(world.settings)), path('/names', Names.asView())]));
    expect((await client.get('/names')).data).toEqual(
      ['login', 'logout', 'logoutall'].map((name) => expect.stringMatching(new RegExp(`/auth/${name}/$`))),
    );
  });
});

describe('the checks', () => {
  const found = (settings: Settings): string[] =>
    runChecks([path('/auth', urls(settings))], { deploy: true })
      .filter(({ id }) => /W0(09|10|14|20|21)/.test(id))
      .map(({ id }) => id);

  it('find what is insecure in a set-up (K-013)', () => {
    const sound = { secureProxySslHeader: ['X-Forwarded-Proto', 'https'] as const };
    expect(found(world.with({}, sound))).toEqual([]);
    expect(found(world.with({}))).toEqual(['sallyport.W014']);
    expect(found(world.with({ tokenTtl: null }, sound))).toEqual(['sallyport.W020']);
    expect(found(world.with({ authTokenCharacterLength: 16 }, sound))).toEqual(['sallyport.W010']);
    expect(found(world.with({}, { ...sound, defaultThrottleRates: { failed_login: null } }))).toEqual([
      'sallyport.W009',
    ]);
    expect(found(world.with({}, { ...sound, defaultAuthenticationClasses: [TokenAuthentication] }))).toEqual([
      'sallyport.W021',
    ]);
  });
});
