import { beforeEach, describe, expect, it } from '@jest/globals';
import { handle, ImproperlyConfigured, path, type Credentials, type Settings, type User } from 'sallyport';
import {
  AccessToken,
  RefreshToken,
  SlidingToken,
  tokenBlacklist,
  TokenBlacklistSerializer,
  tokenObtainPair,
  TokenObtainPairSerializer,
  TokenObtainPairView,
  TokenObtainSlidingSerializer,
  tokenObtainSliding,
  tokenRefresh,
  TokenRefreshSerializer,
  TokenRefreshSlidingSerializer,
  tokenRefreshSliding,
  TokenRefreshView,
  tokenVerify,
  TokenVerifySerializer,
  type Attributes,
  type JWTSettings,
  type SerializerClass,
  type SerializerContext,
  type Token,
  type TokenClass,
  type ValidatedData,
} from 'sallyport/jwt';
import { APIClient, type TestResponse } from 'sallyport/testing';
import { openBench, START, type Bench } from './support';

const NOW = START / 1000;
const GOOD = { username: 'alice', password: 'alice-pass' };
const CHALLENGE = 'Bearer realm="api"';

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});

interface Client {
  obtain(body?: object): Promise<TestResponse>;
  refresh(refresh: unknown): Promise<TestResponse>;
  verify(token: unknown): Promise<TestResponse>;
  blacklist(refresh: unknown): Promise<TestResponse>;
  obtainSliding(body?: object): Promise<TestResponse>;
  refreshSliding(token: unknown): Promise<TestResponse>;
  readonly raw: APIClient;
}

function clientOf(settings: Settings): Client {
  const raw = new APIClient(
    handle([
      path('/obtain/', tokenObtainPair(settings)),
      path('/refresh/', tokenRefresh(settings)),
      path('/verify/', tokenVerify(settings)),
      path('/blacklist/', tokenBlacklist(settings)),
      path('/sliding/', tokenObtainSliding(settings)),
      path('/sliding/refresh/', tokenRefreshSliding(settings)),
    ]),
  );
  const post = (to: string, body: object): Promise<TestResponse> => raw.post(to, body, { format: 'json' });
  return {
    raw,
    obtain: (body = GOOD) => post('/obtain/', body),
    refresh: (refresh) => post('/refresh/', { refresh }),
    verify: (token) => post('/verify/', { token }),
    blacklist: (refresh) => post('/blacklist/', { refresh }),
    obtainSliding: (body = GOOD) => post('/sliding/', body),
    refreshSliding: (token) => post('/sliding/refresh/', { token }),
  };
}
const serve = (options: Partial<JWTSettings> = {}): Client => clientOf(bench.with(options));
const read = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;

describe('obtaining a pair', () => {
  it('answers a refresh and an access token, in this order (J-001, S-133, S-135)', async () => {
    const { status, data, text } = await serve().obtain();
    expect(status).toBe(200);
    expect(text).toMatch(/^\{"refresh":".+","access":".+"\}$/);
    expect(read(data.refresh)).toMatchObject({ token_type: 'refresh', user_id: '1' });
    expect(read(data.access)).toMatchObject({ token_type: 'access', user_id: '1' });
  });

  it.each([
    ['a wrong password', { username: 'alice', password: 'x' }],
    ['an unknown name', { username: 'nobody', password: 'x' }],
    ['an inactive user', { username: 'carol', password: 'carol-pass' }],
  ])('refuses %s in the same words (J-009, J-010)', async (_what, body) => {
    const response = await serve().obtain(body);
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, CHALLENGE]);
    expect(response.text).toBe('{"detail":"No active account found with the given credentials"}');
  });

  it('names the fields that are missing, blank or null (J-007, J-008)', async () => {
    const client = serve();
    const both = (text: string): object => ({ username: [text], password: [text] });
    expect((await client.obtain({})).data).toEqual(both('This field is required.'));
    expect((await client.obtain({ username: '', password: ' ' })).data).toEqual(both('This field may not be blank.'));
    expect((await client.obtain({ username: null, password: null })).data).toEqual(both('This field may not be null.'));
    expect((await client.obtain([])).data).toEqual({
      non_field_errors: ['Invalid data. Expected a dictionary, but got list.'],
    });
  });

  it('trims name and password, and ignores other fields (J-025, J-026)', async () => {
    expect((await serve().obtain({ username: ' alice ', password: ' alice-pass ', more: 1 })).status).toBe(200);
  });

  it('takes JSON, forms and multipart bodies (J-028)', async () => {
    const { raw } = serve();
    expect((await raw.post('/obtain/', GOOD, { format: 'multipart' })).status).toBe(200);
    const form = await raw.post('/obtain/', 'username=alice&password=alice-pass', {
      contentType: 'application/x-www-form-urlencoded',
    });
    expect(form.status).toBe(200);
  });

  it('asks for the field of the name that users have (J-027)', async () => {
    const client = serve({ usernameField: 'email' });
    expect((await client.obtain({})).data).toHaveProperty('email');
  });

  it('does not look at a header that is no good any more', async () => {
    const { raw } = serve();
    raw.credentials({ Authorization: 'Bearer rubbish' });
    expect((await raw.post('/obtain/', GOOD, { format: 'json' })).status).toBe(200);
  });

  it('answers POST alone', async () => {
    const response = await serve().raw.get('/obtain/');
    expect([response.status, response.data]).toEqual([405, { detail: 'Method "GET" not allowed.' }]);
  });

  it('notes the log in where the settings say so (J-114, J-126)', async () => {
    await serve().obtain();
    expect(bench.alice.lastLogin).toBeNull();
    await serve({ updateLastLogin: true }).obtain();
    expect(bench.alice.lastLogin).toEqual(new Date(START));
    const heard: unknown[] = [];
    bench.alice.lastLogin = null;
    await serve({ updateLastLogin: true, onLoginSuccess: (user) => void heard.push(user) }).obtain();
    expect([heard, bench.alice.lastLogin]).toEqual([[bench.alice], null]);
  });

  it('tells of failures without their passwords (J-127, J-188)', async () => {
    const heard: Credentials[] = [];
    const client = serve({ onLoginFailed: (credentials) => void heard.push(credentials) });
    await client.obtain({ username: 'alice', password: 'a typo' });
    await client.obtain();
    expect(heard).toEqual([{ username: 'alice', password: '*'.repeat(20) }]);
  });

  it('asks the rule who may have tokens (J-044, J-125)', async () => {
    const client = serve({ userAuthenticationRule: async (user) => user !== bench.alice });
    expect((await client.obtain()).status).toBe(401);
  });

  it('ends the guessing of a password (J-187)', async () => {
    const settings = bench.with({}, { defaultThrottleRates: { failed_login: '2/minute' } });
    const client = clientOf(settings);
    const statuses: number[] = [];
    for (const password of ['a', 'b', 'c', 'alice-pass']) {
      statuses.push((await client.obtain({ username: 'alice', password })).status);
    }
    expect(statuses).toEqual([401, 401, 429, 429]);
    expect((await client.obtain({ username: 'dora', password: 'x' })).status).toBe(401);
  });
});

describe('a serializer of your own', () => {
  class NamedSerializer extends TokenObtainPairSerializer {
    override async getToken(user: User): Promise<Token> {
      const token = await super.getToken(user);
      token.set('name', user.username);
      return token;
    }
    override async validate(attributes: Attributes): Promise<ValidatedData> {
      return { ...(await super.validate(attributes)), lifetime: this.options.accessTokenLifetime };
    }
  }

  it('adds claims and answers, named by the settings or by the view (J-023, J-071, J-133, J-141)', async () => {
    class NamedView extends TokenObtainPairView {
      static override serializerClass = NamedSerializer;
    }
    const byView = new APIClient(handle([path('/obtain/', NamedView.asView({ settings: bench.settings }))]));
    const answers = [
      await serve({ tokenObtainSerializer: NamedSerializer }).obtain(),
      await byView.post('/obtain/', GOOD, { format: 'json' }),
    ];
    for (const { data } of answers) {
      expect(data.lifetime).toBe(300);
      expect(read(data.access)).toMatchObject({ name: 'alice' });
      expect(read((await serve().refresh(data.refresh)).data.access)).toMatchObject({ name: 'alice' });
    }
  });

  it.each([
    ['tokenObtainSerializer', TokenObtainPairSerializer, (client) => client.obtain()],
    ['slidingTokenObtainSerializer', TokenObtainSlidingSerializer, (client) => client.obtainSliding()],
    [
      'tokenRefreshSerializer',
      TokenRefreshSerializer,
      async (client) => client.refresh((await client.obtain()).data.refresh),
    ],
    [
      'slidingTokenRefreshSerializer',
      TokenRefreshSlidingSerializer,
      async (client) => client.refreshSliding((await client.obtainSliding()).data.token),
    ],
    [
      'tokenVerifySerializer',
      TokenVerifySerializer,
      async (client) => client.verify((await client.obtain()).data.access),
    ],
    [
      'tokenBlacklistSerializer',
      TokenBlacklistSerializer,
      async (client) => client.blacklist((await client.obtain()).data.refresh),
    ],
  ] satisfies [keyof JWTSettings, SerializerClass, (client: Client) => Promise<TestResponse>][])(
    'can stand in the place of %s (J-133, J-140)',
    async (option, Built, ask) => {
      // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the six have nothing but their base in common
      class Extended extends (Built as any) {
        async validate(attributes: Attributes): Promise<ValidatedData> {
          return { ...(await super.validate(attributes)), more: true };
        }
      }
      const response = await ask(serve({ [option]: Extended }));
      expect([response.status, response.data.more]).toEqual([200, true]);
    },
  );

  it('can choose the field of the name, the class of the tokens and the words (J-140)', async () => {
    class ShortRefreshToken extends RefreshToken {
      static override lifetime(): number {
        return 60;
      }
    }
    class OwnSerializer extends TokenObtainPairSerializer {
      override get noActiveAccount(): string {
        return 'Nobody.';
      }
      protected override get tokenClass(): TokenClass<RefreshToken> {
        return ShortRefreshToken;
      }
    }
    const client = serve({ tokenObtainSerializer: OwnSerializer });
    expect(read((await client.obtain()).data.refresh)['exp']).toBe(NOW + 60);
    expect((await client.obtain({ ...GOOD, password: 'x' })).data).toEqual({ detail: 'Nobody.' });
    class LoginSerializer extends TokenObtainPairSerializer {
      override get usernameField(): string {
        return 'login';
      }
    }
    expect((await serve({ tokenObtainSerializer: LoginSerializer }).obtain({})).data).toHaveProperty('login');
  });

  it('is refused as an answer, since it holds the password (D-136)', () => {
    const serializer = new NamedSerializer(GOOD, { settings: bench.settings });
    expect(() => JSON.stringify(serializer)).toThrow('A serializer was given to a Response.');
  });

  it('works without a request, and checks once (J-029, J-145)', async () => {
    const serializer = new NamedSerializer(GOOD, { settings: bench.settings });
    expect(() => serializer.validatedData).toThrow('isValid() was not called');
    expect([await serializer.isValid(), await serializer.isValid()]).toEqual([true, true]);
    expect(Object.keys(serializer.validatedData)).toEqual(['refresh', 'access', 'lifetime']);
    expect(bench.blacklist.outstanding).toHaveLength(1);
    const empty = new NamedSerializer({}, { settings: bench.settings });
    expect(await empty.isValid()).toBe(false);
    expect(Object.keys(empty.errors)).toEqual(['username', 'password']);
  });
});

describe('refreshing', () => {
  const obtain = async (): Promise<string> => (await serve().obtain()).data.refresh as string;

  it('answers an access token, again and again (J-002, S-135)', async () => {
    const client = serve();
    const refresh = await obtain();
    for (let i = 0; i < 2; i++) {
      const { data } = await client.refresh(refresh);
      expect(Object.keys(data)).toEqual(['access']);
    }
  });

  it('says of a bad token what is bad about it (J-011)', async () => {
    const client = serve();
    const access = String(await AccessToken.forUser(bench.settings, bench.alice));
    const response = await client.refresh(access);
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, CHALLENGE]);
    expect(response.text).toBe('{"detail":"Token has wrong type","code":"token_not_valid"}');
    expect((await client.refresh('x')).data).toEqual({ detail: 'Token is invalid', code: 'token_not_valid' });
  });

  it('with rotation answers a new refresh token with the same claims (J-112, J-142, J-143)', async () => {
    const client = serve({ rotateRefreshTokens: true });
    const old = await RefreshToken.forUser(bench.settings, bench.alice);
    old.set('name', 'x');
    bench.clock.advance(60_000);
    const { data } = await client.refresh(String(old));
    expect(Object.keys(data)).toEqual(['access', 'refresh']);
    const fresh = read(data.refresh);
    expect(fresh).toMatchObject({ ...old.payload, jti: fresh['jti'], exp: NOW + 60 + 86_400, iat: NOW + 60 });
    expect(fresh['jti']).not.toBe(old.get('jti'));
    expect(bench.blacklist.outstanding.map(({ jti, userPk }) => [jti, userPk])).toContainEqual([fresh['jti'], 1]);
    expect((await client.refresh(String(old))).status).toBe(200);
  });

  it('calls the old one back where the settings say so (J-113)', async () => {
    const client = serve({ rotateRefreshTokens: true, blacklistAfterRotation: true });
    const old = await obtain();
    const { data } = await client.refresh(old);
    expect((await client.refresh(old)).data).toEqual({ detail: 'Token is blacklisted', code: 'token_not_valid' });
    expect((await client.refresh(data.refresh)).status).toBe(200);
  });

  it('many times at once gives new tokens once (J-183)', async () => {
    const client = serve({ rotateRefreshTokens: true, blacklistAfterRotation: true });
    const old = await obtain();
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.refresh(old)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(19).fill(401)]);
  });

  it('ends for users who are gone, or may have no tokens any more (J-020, J-196)', async () => {
    const expected = { detail: 'No active account found for the given token.' };
    const gone = new RefreshToken(bench.settings);
    gone.set('user_id', '99');
    const refresh = await obtain();
    bench.alice.isActive = false;
    for (const token of [String(gone), refresh]) {
      const response = await serve().refresh(token);
      expect([response.status, response.data]).toEqual([401, expected]);
    }
  });

  it('ends with the password, and calls the token back (J-021, J-196)', async () => {
    const client = serve({ checkRevokeToken: true });
    const { data } = await client.obtain();
    expect((await client.refresh(data.refresh)).status).toBe(200);
    bench.alice.password = 'another hash';
    expect((await client.refresh(data.refresh)).data).toEqual({ detail: "The user's password has been changed." });
    expect((await client.refresh(data.refresh)).data).toMatchObject({ detail: 'Token is blacklisted' });
  });
});

describe('verifying', () => {
  it('answers nothing for any good token, and 401 for others (J-003)', async () => {
    const client = serve();
    for (const token of [new AccessToken(bench.settings), new RefreshToken(bench.settings)]) {
      const response = await client.verify(String(token));
      expect([response.status, response.text]).toEqual([200, '{}']);
    }
    expect((await client.verify('x')).data).toEqual({ detail: 'Token is invalid', code: 'token_not_valid' });
    expect((await client.verify(undefined)).data).toEqual({ token: ['This field is required.'] });
  });

  it('asks the blacklist, unless the settings say that simplejwt would not (J-022, J-190)', async () => {
    const refresh = await RefreshToken.forUser(bench.settings, bench.alice);
    await refresh.blacklist(bench.alice);
    const response = await serve().verify(String(refresh));
    expect([response.status, response.data]).toEqual([400, { non_field_errors: ['Token is blacklisted'] }]);
    const old = { verifyChecksBlacklist: 'afterRotation' } as const;
    expect((await serve(old).verify(String(refresh))).status).toBe(200);
    expect((await serve({ ...old, blacklistAfterRotation: true }).verify(String(refresh))).status).toBe(400);
  });
});

describe('calling back', () => {
  it('answers nothing, and the token is refused from then on (J-004, S-133)', async () => {
    const client = serve();
    const { data } = await client.obtain();
    expect((await client.blacklist(data.refresh)).text).toBe('{}');
    expect((await client.refresh(data.refresh)).status).toBe(401);
    expect((await client.blacklist(data.refresh)).data).toMatchObject({ detail: 'Token is blacklisted' });
  });

  it('keeps whose a token was that was not known (J-154)', async () => {
    const refresh = new RefreshToken(bench.settings);
    refresh.set('user_id', '1');
    await serve().blacklist(String(refresh));
    expect(bench.blacklist.outstanding).toMatchObject([{ jti: refresh.get('jti'), userPk: 1 }]);
  });

  it('is not offered without a table (J-156)', () => {
    expect(() => tokenBlacklist(bench.with({ blacklist: null }))).toThrow('TokenBlacklistView needs a table');
  });
});

describe('a sliding token', () => {
  it('is obtained, and refreshed with its own number and end (J-005, J-006, J-069)', async () => {
    const client = serve();
    const { data } = await client.obtainSliding();
    expect(Object.keys(data)).toEqual(['token']);
    bench.clock.advance(60_000);
    const refreshed = read((await client.refreshSliding(data.token)).data.token);
    expect(refreshed).toEqual({ ...read(data.token), exp: NOW + 360, iat: NOW + 60 });
  });

  it('says why it cannot be refreshed (J-018, J-131, J-132)', async () => {
    const client = serve();
    const token = await SlidingToken.forUser(bench.settings, bench.alice);
    token.set('refresh_exp', NOW);
    expect((await client.refreshSliding(String(token))).data).toMatchObject({
      detail: "Token 'refresh_exp' claim has expired",
    });
    token.delete('refresh_exp');
    expect((await client.refreshSliding(String(token))).data).toMatchObject({
      detail: "Token has no 'refresh_exp' claim",
    });
    bench.alice.isActive = false;
    expect((await client.refreshSliding(String(token))).data).toEqual({
      detail: 'No active account found for the given token.',
    });
  });
});

describe('the views', () => {
  it('say at the start what their settings lack', () => {
    expect(() => tokenObtainPair(bench.with({ signingKey: null }))).toThrow(ImproperlyConfigured);
    expect(() => tokenRefresh(bench.with({}, { users: null }))).toThrow('TokenRefreshView needs the user table');
  });

  it('tell their fields to OPTIONS (J-024)', async () => {
    const { data } = await serve().raw.options('/refresh/');
    expect(data.actions.POST).toEqual({
      refresh: { type: 'string', required: true, read_only: false, label: 'Refresh' },
      access: { type: 'string', required: false, read_only: true, label: 'Access' },
    });
  });

  it('can be classes of an app', async () => {
    class LoudSerializer extends TokenVerifySerializer {
      constructor(data: unknown, context: SerializerContext) {
        super(data, context);
      }
      override async validate(attributes: Attributes): Promise<ValidatedData> {
        return { ...(await super.validate(attributes)), good: true };
      }
    }
    const token = String(new AccessToken(bench.settings));
    expect((await serve({ tokenVerifySerializer: LoudSerializer }).verify(token)).data).toEqual({ good: true });
    class KeptSerializer extends TokenRefreshSerializer {}
    class KeptView extends TokenRefreshView {
      static override serializerClass = KeptSerializer;
    }
    expect(new KeptView().serializerClass).toBe(KeptSerializer);
  });
});
