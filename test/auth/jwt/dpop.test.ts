import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  APIView,
  extendSettings,
  handle,
  ImproperlyConfigured,
  IsAuthenticated,
  MemoryCache,
  path,
  Response,
  runChecks,
  type AuthenticationClasses,
  type Cache,
  type PermissionClasses,
  type Request,
  type Settings,
  type SettingsInput,
  type User,
  type Window,
} from 'sallyport';
import {
  AccessToken,
  dpop,
  DPoPAuthentication,
  DPoPStatelessUserAuthentication,
  JWTAuthentication,
  JWTCookieAuthentication,
  jwtCookies,
  RefreshToken,
  SlidingToken,
  tokenBlacklist,
  tokenObtainPair,
  TokenObtainPairSerializer,
  tokenObtainSliding,
  tokenRefresh,
  tokenRefreshSliding,
  type DPoPSettings,
  type JWTSettings,
  type ValidatedData,
} from 'sallyport/jwt';
import { APIClient, MemoryRefreshFamilyStore, type TestResponse } from 'sallyport/testing';
import { mutate, numbersFrom } from './protocol/support';
import { hashOf, proofKey, type ProofKey } from './protocol/dpop-support';
import { openBench, START, type Bench } from './support';

const ORIGIN = 'http://testserver';
const CHALLENGE = 'DPoP algs="ES256 EdDSA PS256 RS256"';

const key = proofKey();
let bench: Bench;
let number = 0;
beforeEach(async () => {
  bench = await openBench();
});

interface WorldOptions {
  readonly dpop?: Partial<DPoPSettings>;
  readonly jwt?: Partial<JWTSettings>;
  readonly core?: SettingsInput;
  readonly classes?: AuthenticationClasses;
}

/** An app with bound tokens, and a client of it that holds a key. */
class World {
  readonly settings: Settings;
  readonly client: APIClient;

  constructor(options: WorldOptions = {}) {
    const { classes = [DPoPAuthentication, JWTAuthentication] } = options;
    this.settings = extendSettings(bench.with(options.jwt ?? {}, options.core), {}, dpop(options.dpop ?? {}));
    const { settings } = this;
    class Me extends APIView<User> {
      static override authenticationClasses: AuthenticationClasses = classes;
      static override permissionClasses: PermissionClasses = [IsAuthenticated];
      override get(request: Request<User>): Response {
        return new Response({ user: String(request.user) });
      }
      override post(request: Request<User>): Response {
        return this.get(request);
      }
    }
    this.client = new APIClient(
      handle([
        path('/me', Me.asView({ settings })),
        path('/login', tokenObtainPair(settings)),
        path('/refresh', tokenRefresh(settings)),
        path('/sliding', tokenObtainSliding(settings)),
        path('/sliding/refresh', tokenRefreshSliding(settings)),
        path('/logout', tokenBlacklist(settings)),
      ]),
    );
  }

  prove(method: string, to: string, more: object = {}, by: ProofKey = key): Promise<string> {
    const iat = Math.floor(bench.clock.now() / 1000);
    return by.prove({ jti: `p${String(++number)}`, htm: method, htu: ORIGIN + to, iat, ...more });
  }

  async login(more: object = {}): Promise<TestResponse> {
    const proof = await this.prove('POST', '/login', more);
    return this.post('/login', { username: 'alice', password: 'alice-pass' }, proof);
  }

  post(to: string, body: object, proof?: string): Promise<TestResponse> {
    return this.client.post(to, body, { format: 'json', headers: proof === undefined ? {} : { DPoP: proof } });
  }

  get(authorization: string, proof?: string, headers: Record<string, string> = {}): Promise<TestResponse> {
    const withProof: Record<string, string> = proof === undefined ? {} : { DPoP: proof };
    return this.client.get('/me', undefined, { headers: { Authorization: authorization, ...withProof, ...headers } });
  }

  /** An access token that is bound to the key of the client. */
  async boundToken(): Promise<string> {
    const token = await AccessToken.forUser(this.settings, bench.alice);
    token.set('cnf', { jkt: await key.thumbprint() });
    return String(token);
  }

  /** Asks with a good proof for a token. */
  async ask(token: string, more: object = {}): Promise<TestResponse> {
    return this.get(`DPoP ${token}`, await this.prove('GET', '/me', { ath: hashOf(token), ...more }));
  }
}

/** A cache that tells which proofs it was asked to remember. */
class WatchedCache extends MemoryCache {
  readonly proofs: string[] = [];

  override hit(key: string, window: Window): ReturnType<MemoryCache['hit']> {
    if (key.startsWith('dpop:')) this.proofs.push(key);
    return super.hit(key, window);
  }
}

const read = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;
const challengeOf = ({ headers }: TestResponse): string | null => headers.get('www-authenticate');

describe('a log in with a proof', () => {
  it('binds both tokens to the key of the client', async () => {
    const world = new World();
    const { data } = await world.login();
    const cnf = { jkt: await key.thumbprint() };
    expect(read(data.access)).toMatchObject({ cnf });
    expect(read(data.refresh)).toMatchObject({ cnf });
    expect((await world.ask(data.access)).data).toEqual({ user: 'alice' });
  });

  it('binds sliding tokens too', async () => {
    const world = new World({ jwt: { authTokenClasses: [SlidingToken] } });
    const good = { username: 'alice', password: 'alice-pass' };
    const { data } = await world.post('/sliding', good, await world.prove('POST', '/sliding'));
    expect((await world.ask(data.token)).status).toBe(200);
    expect((await world.post('/sliding/refresh', { token: data.token })).status).toBe(401);
    const proof = await world.prove('POST', '/sliding/refresh');
    expect((await world.post('/sliding/refresh', { token: data.token }, proof)).status).toBe(200);
  });

  it('is what a log in without one is not, unless all tokens are bound', async () => {
    const good = { username: 'alice', password: 'alice-pass' };
    const { data } = await new World().post('/login', good);
    expect(read(data.access)).not.toHaveProperty('cnf');
    const refused = await new World({ dpop: { binding: 'always' } }).post('/login', good);
    expect([refused.status, refused.data]).toEqual([
      401,
      { detail: 'There is no proof in the header DPoP.', code: 'invalid_dpop_proof' },
    ]);
    expect(challengeOf(refused)).toBe(`DPoP error="invalid_dpop_proof", ${CHALLENGE.slice(5)}`);
  });

  it('that is bad is refused before the password is looked at', async () => {
    const world = new World();
    const proof = await world.prove('GET', '/login');
    const response = await world.post('/login', { username: 'alice', password: 'wrong' }, proof);
    expect(response.data).toEqual({ detail: 'The proof is for another method.', code: 'invalid_dpop_proof' });
    expect(challengeOf(response)).toContain('error="invalid_dpop_proof"');
  });
});

describe('the proof of a log in', () => {
  const good = { username: 'alice', password: 'alice-pass' };

  it('is not remembered for strangers, who could fill the cache with theirs', async () => {
    const cache = new WatchedCache({ clock: bench.clock });
    const world = new World({ core: { cache } });
    const proof = await world.prove('POST', '/login');
    for (const body of [{ ...good, password: 'wrong' }, { username: 'nobody', password: 'x' }, { username: 'alice' }]) {
      expect((await world.post('/login', body, proof)).status).toBeGreaterThanOrEqual(400);
    }
    expect(cache.proofs).toEqual([]);
    expect((await world.post('/login', good, proof)).status).toBe(200);
    expect(cache.proofs).toHaveLength(1);
  });

  it('opens one log in, of many that come at the same time too', async () => {
    const world = new World();
    const proof = await world.prove('POST', '/login');
    const answers = await Promise.all(Array.from({ length: 5 }, () => world.post('/login', good, proof)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await world.post('/login', good, proof)).data.detail).toBe('The proof was sent before.');
  });

  it('counts once where a serializer makes several tokens, and where it checks the password its own way', async () => {
    const cache = new WatchedCache({ clock: bench.clock });
    class ByCode extends TokenObtainPairSerializer {
      override async validate(): Promise<ValidatedData> {
        const tokens = [await this.getToken(bench.alice), await this.getToken(bench.alice)];
        return { tokens: tokens.map(String) };
      }
    }
    const world = new World({ core: { cache }, jwt: { tokenObtainSerializer: ByCode } });
    const proof = await world.prove('POST', '/login');
    const { data } = await world.post('/login', good, proof);
    const cnf = { jkt: await key.thumbprint() };
    expect(data.tokens.map((token: string) => read(token)['cnf'])).toEqual([cnf, cnf]);
    expect(cache.proofs).toHaveLength(1);
    expect((await world.post('/login', good, proof)).data.detail).toBe('The proof was sent before.');
  });

  it('must still be good when the password was found good, however long that took', async () => {
    const userAuthenticationRule = (): boolean => {
      bench.clock.advance(60_000);
      return true;
    };
    const response = await new World({ jwt: { userAuthenticationRule } }).login();
    expect([response.status, response.data.detail]).toEqual([401, 'The proof is too old.']);
  });
});

describe('a bound refresh token', () => {
  it('gives bound tokens to whoever holds the key', async () => {
    const world = new World({ jwt: { families: new MemoryRefreshFamilyStore() } });
    const { refresh } = (await world.login()).data as { refresh: string };
    const { data } = await world.post('/refresh', { refresh }, await world.prove('POST', '/refresh'));
    const cnf = { jkt: await key.thumbprint() };
    expect(read(data.access)).toMatchObject({ cnf });
    expect(read(data.refresh)).toMatchObject({ cnf });
  });

  it('is worth nothing to anybody else, and is not used up by them', async () => {
    const world = new World({ jwt: { families: new MemoryRefreshFamilyStore() } });
    const { refresh } = (await world.login()).data as { refresh: string };
    const byThief = await world.prove('POST', '/refresh', {}, proofKey());
    expect((await world.post('/refresh', { refresh })).data.code).toBe('invalid_dpop_proof');
    expect((await world.post('/refresh', { refresh }, byThief)).data).toEqual({
      detail: 'The proof is by another key.',
      code: 'invalid_dpop_proof',
    });
    bench.clock.advance(60_000);
    expect((await world.post('/refresh', { refresh }, await world.prove('POST', '/refresh'))).status).toBe(200);
  });

  it('can be called back by whoever has it', async () => {
    const world = new World();
    const { refresh } = (await world.login()).data as { refresh: string };
    expect((await world.post('/logout', { refresh })).status).toBe(200);
  });

  it('that is bound in a way that nobody here can check is refused', async () => {
    const world = new World();
    const token = await RefreshToken.forUser(world.settings, bench.alice);
    for (const cnf of [{ 'x5t#S256': 'abc' }, { jkt: 7 }, 'text', null, []]) {
      token.set('cnf', cnf);
      expect((await world.post('/refresh', { refresh: String(token) })).data).toEqual({
        detail: 'Token is invalid',
        code: 'token_not_valid',
      });
    }
  });
});

describe('DPoPAuthentication', () => {
  it('lets in whoever proves to hold the key of the token', async () => {
    const world = new World();
    expect((await world.ask(await world.boundToken())).data).toEqual({ user: 'alice' });
  });

  it('takes the name of the scheme in any case', async () => {
    const world = new World();
    const token = await world.boundToken();
    expect((await world.get(`dpop ${token}`, await world.prove('GET', '/me', { ath: hashOf(token) }))).status).toBe(
      200,
    );
  });

  it('believes a token without a look at the table of users in its stateless form', async () => {
    const world = new World({ classes: [DPoPStatelessUserAuthentication] });
    const token = new AccessToken(world.settings);
    token.set('user_id', '7');
    token.set('cnf', { jkt: await key.thumbprint() });
    expect((await world.ask(String(token))).data).toEqual({ user: 'TokenUser 7' });
  });

  it('names the algorithms in its challenge, and what was wrong with a proof', async () => {
    const world = new World({ dpop: { algorithms: ['ES256'] } });
    expect(challengeOf(await world.client.get('/me'))).toBe('DPoP algs="ES256"');
    const refused = await world.get(`DPoP ${await world.boundToken()}`);
    expect([refused.status, challengeOf(refused)]).toEqual([401, 'DPoP error="invalid_dpop_proof", algs="ES256"']);
    expect(refused.data).toEqual({ detail: 'There is no proof in the header DPoP.', code: 'invalid_dpop_proof' });
  });

  it('stands beside the challenge of others where all are shown', async () => {
    const world = new World({ core: { challengePolicy: 'all' } });
    expect(challengeOf(await world.client.get('/me'))).toBe(`${CHALLENGE}, Bearer realm="api"`);
  });

  it.each(['DPoP', 'DPoP a b'])('refuses %j as no pair of words', async (header) => {
    expect((await new World().get(header)).data.code).toBe('bad_authorization_header');
  });

  it('refuses a token that is bound to no key, or that is no good', async () => {
    const world = new World();
    const unbound = String(await AccessToken.forUser(world.settings, bench.alice));
    expect((await world.ask(unbound)).data).toEqual({ detail: 'Token is not bound to a key', code: 'token_not_valid' });
    expect((await world.ask('x.y.z')).data.code).toBe('token_not_valid');
  });

  it.each<[string, object]>([
    ['another token', { ath: hashOf('other') }],
    ['no token', { ath: undefined }],
    ['another URL', { htu: `${ORIGIN}/other` }],
    ['another method', { htm: 'POST' }],
    ['another time', { iat: START / 1000 - 60 }],
  ])('refuses a proof for %s', async (_what, more) => {
    const world = new World();
    const response = await world.ask(await world.boundToken(), more);
    expect([response.status, response.data.code]).toEqual([401, 'invalid_dpop_proof']);
  });

  it('refuses a proof by another key', async () => {
    const world = new World();
    const token = await world.boundToken();
    const proof = await world.prove('GET', '/me', { ath: hashOf(token) }, proofKey());
    expect((await world.get(`DPoP ${token}`, proof)).data.detail).toBe('The proof is by another key.');
  });

  it('takes each proof once, of many that come at the same time too', async () => {
    const world = new World();
    const token = await world.boundToken();
    const proof = await world.prove('GET', '/me', { ath: hashOf(token) });
    const answers = await Promise.all(Array.from({ length: 30 }, () => world.get(`DPoP ${token}`, proof)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    bench.clock.advance(59_000);
    const late = await world.get(`DPoP ${token}`, proof);
    expect(late.data).toEqual({ detail: 'The proof was sent before.', code: 'invalid_dpop_proof' });
  });

  it('remembers a proof for as long as it could be sent again', async () => {
    const world = new World();
    const token = await world.boundToken();
    const proof = await world.prove('GET', '/me', { ath: hashOf(token), iat: START / 1000 + 5 });
    expect((await world.get(`DPoP ${token}`, proof)).status).toBe(200);
    bench.clock.advance(64_999);
    expect((await world.get(`DPoP ${token}`, proof)).data.detail).toBe('The proof was sent before.');
    bench.clock.advance(1);
    expect((await world.get(`DPoP ${token}`, proof)).data.detail).toBe('The proof is too old.');
  });

  it('stands in the cache under keys of one length, whatever number it has', async () => {
    const cache = new WatchedCache({ clock: bench.clock });
    const world = new World({ core: { cache } });
    const token = await world.boundToken();
    const numbers = ['1', 'é:\0', 'x'.repeat(2000), `${'x'.repeat(2000)}y`];
    for (const jti of numbers) expect((await world.ask(token, { jti })).status).toBe(200);
    const jkt = await key.thumbprint();
    expect(cache.proofs).toEqual(numbers.map((jti) => `dpop:${jkt}:${hashOf(jti)}`));
    for (const jti of numbers) expect((await world.ask(token, { jti })).status).toBe(401);
  });

  it('remembers a proof while strangers fill the cache', async () => {
    const world = new World({ core: { cache: new MemoryCache({ maxEntries: 3, clock: bench.clock }) } });
    const token = await world.boundToken();
    const proof = await world.prove('GET', '/me', { ath: hashOf(token) });
    expect((await world.get(`DPoP ${token}`, proof)).status).toBe(200);
    for (let i = 0; i < 10; i++) {
      await world.post(
        '/login',
        { username: `made-up-${String(i)}`, password: 'x' },
        await world.prove('POST', '/login'),
      );
    }
    expect((await world.get(`DPoP ${token}`, proof)).data.detail).toBe('The proof was sent before.');
  });

  it('fails closed where the memory is full of proofs that still count, until they are too old', async () => {
    const world = new World({ core: { cache: new MemoryCache({ maxEntries: 2, clock: bench.clock }) } });
    const token = await world.boundToken();
    const proof = await world.prove('GET', '/me', { ath: hashOf(token) });
    expect((await world.get(`DPoP ${token}`, proof)).status).toBe(200);
    expect((await world.ask(token)).status).toBe(200);
    await expect(world.ask(token)).rejects.toThrow('full of hits that must be kept');
    expect((await world.get(`DPoP ${token}`, proof)).status).toBe(401);
    bench.clock.advance(66_000);
    expect((await world.ask(token)).status).toBe(200);
  });

  it('fails closed where proofs can not be remembered, whatever is said about throttles', async () => {
    const cache: Cache = {
      ...({} as Cache),
      hit: () => {
        throw new Error('the cache is down');
      },
    };
    const world = new World({ core: { cache, onCacheError: 'open' } });
    await expect(world.ask(await world.boundToken())).rejects.toThrow('the cache is down');
  });

  it('lets the URL be what a trusted proxy says', async () => {
    const world = new World({
      core: {
        secureProxySslHeader: ['X-Forwarded-Proto', 'https'],
        useXForwardedHost: true,
        allowedHosts: ['api.example.com'],
      },
    });
    const token = await world.boundToken();
    const forwarded = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'api.example.com' };
    const proof = await world.prove('GET', '/me', { ath: hashOf(token), htu: 'https://api.example.com/me' });
    expect((await world.get(`DPoP ${token}`, proof, forwarded)).status).toBe(200);
  });

  it('does not let the URL be what a client says of itself', async () => {
    const world = new World();
    const token = await world.boundToken();
    const forwarded = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'api.example.com' };
    const proof = await world.prove('GET', '/me', { ath: hashOf(token), htu: 'https://api.example.com/me' });
    expect((await world.get(`DPoP ${token}`, proof, forwarded)).status).toBe(401);
  });
});

describe('a token that is bound to a key', () => {
  it('is no bearer token: without a proof, and with one, it is refused', async () => {
    const world = new World();
    const token = await world.boundToken();
    const refused = await world.get(`Bearer ${token}`, await world.prove('GET', '/me', { ath: hashOf(token) }));
    expect([refused.status, refused.data]).toEqual([
      401,
      { detail: 'Token is bound to a key', code: 'token_not_valid' },
    ]);
    expect((await new World({ classes: [JWTAuthentication] }).get(`Bearer ${token}`)).status).toBe(401);
  });

  it('is no cookie either', async () => {
    const world = new World({ classes: [JWTCookieAuthentication] });
    const settings = extendSettings(world.settings, {}, jwtCookies({ cookie: 'access' }));
    class Me extends APIView {
      static override authenticationClasses: AuthenticationClasses = [JWTCookieAuthentication];
      override get(): Response {
        return new Response({});
      }
    }
    const client = new APIClient(handle([path('/me', Me.asView({ settings }))]));
    client.cookies.set('access', await world.boundToken());
    expect((await client.get('/me')).data).toEqual({ detail: 'Token is bound to a key', code: 'token_not_valid' });
  });

  it('in a way that nobody here knows is refused by all', async () => {
    const world = new World();
    const token = await AccessToken.forUser(world.settings, bench.alice);
    token.set('cnf', { 'x5t#S256': 'abc' });
    expect((await world.get(`Bearer ${String(token)}`)).status).toBe(401);
    expect((await world.ask(String(token))).status).toBe(401);
  });
});

describe('where proofs must hold a nonce', () => {
  const nonceOf = ({ headers }: TestResponse): string | null => headers.get('dpop-nonce');

  it('the first answer gives one, and with it the next request is good', async () => {
    const world = new World({ dpop: { requireNonce: true } });
    const token = await world.boundToken();
    const refused = await world.ask(token);
    expect([refused.status, challengeOf(refused)]).toEqual([401, `DPoP error="use_dpop_nonce", ${CHALLENGE.slice(5)}`]);
    expect(refused.data.code).toBe('use_dpop_nonce');
    expect(refused.headers.get('cache-control')).toBe('no-store');
    const nonce = nonceOf(refused);
    const answer = await world.ask(token, { nonce });
    expect([answer.status, nonceOf(answer)]).toEqual([200, null]);
  });

  it('the same goes for a log in and a refresh', async () => {
    const world = new World({ dpop: { requireNonce: true } });
    const refused = await world.login();
    expect([refused.status, refused.data.code]).toEqual([401, 'use_dpop_nonce']);
    const nonce = nonceOf(refused);
    const { refresh } = (await world.login({ nonce })).data as { refresh: string };
    const proof = await world.prove('POST', '/refresh', { nonce });
    expect((await world.post('/refresh', { refresh }, proof)).status).toBe(200);
  });

  it('a new one is given in time, and one that has ended is refused', async () => {
    const world = new World({ dpop: { requireNonce: true } });
    const token = await world.boundToken();
    const nonce = nonceOf(await world.ask(token));
    bench.clock.advance(150_000);
    const answer = await world.ask(token, { nonce });
    expect(answer.status).toBe(200);
    expect(nonceOf(answer)).not.toBe(nonce);
    bench.clock.advance(149_999);
    expect((await world.ask(token, { nonce })).status).toBe(200);
    bench.clock.advance(1);
    expect((await world.ask(await world.boundToken(), { nonce })).data.code).toBe('use_dpop_nonce');
  });

  it.each(['', 'x', 'zzz.', `tqrb7i.${'A'.repeat(43)}`])('the nonce %j is none of this server', async (nonce) => {
    const world = new World({ dpop: { requireNonce: true } });
    const { status, data } = await world.ask(await world.boundToken(), { nonce });
    expect(status).toBe(401);
    expect(data.code).toMatch(/use_dpop_nonce|invalid_dpop_proof/);
  });

  it('a server that only verifies needs a secret for them', () => {
    const onlyVerifies = { signingKey: null, algorithm: 'ES256', verifyingKey: key.jwk } as const;
    expect(() => new World({ jwt: onlyVerifies, dpop: { requireNonce: true } })).toThrow(ImproperlyConfigured);
    const nonceSecret = 'a secret of this server alone, that is long enough';
    const settings = extendSettings(bench.with(onlyVerifies), {}, dpop({ requireNonce: true, nonceSecret }));
    expect(() => DPoPAuthentication.checkSettings(settings)).not.toThrow();
  });
});

describe('attacks on proofs', () => {
  it('300 mutated proofs: none is taken, and none fails with a server error', async () => {
    const world = new World();
    const token = await world.boundToken();
    const proof = await world.prove('GET', '/me', { ath: hashOf(token) });
    const random = numbersFrom('proofs');
    for (let i = 0; i < 300; i++) {
      const mutated = mutate(proof, random).replace(/[^\x20-\x7e]/g, '?');
      expect([(await world.get(`DPoP ${token}`, mutated)).status, mutated]).toEqual([401, mutated]);
    }
    expect((await world.get(`DPoP ${token}`, proof)).status).toBe(200);
  });
});

describe('the check of an app', () => {
  it('names a cache in which each process finds its own proofs alone', () => {
    const world = new World();
    class Me extends APIView {
      static override authenticationClasses: AuthenticationClasses = [DPoPAuthentication];
    }
    const found = runChecks([path('/me', Me.asView({ settings: world.settings }))], { deploy: true });
    expect(found).toContainEqual(expect.objectContaining({ id: 'sallyport.W016', where: 'the setting cache' }));
  });

  it('names a secret of nonces that is easy to guess', () => {
    const { settings } = new World({ dpop: { nonceSecret: 'x'.repeat(60) } });
    expect(DPoPAuthentication.check(settings)).toContainEqual(
      expect.objectContaining({ id: 'sallyport.W010', where: 'the setting dpop.nonceSecret' }),
    );
  });
});
