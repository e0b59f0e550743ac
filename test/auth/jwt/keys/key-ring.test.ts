import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import {
  APIView,
  defineSettings,
  handle,
  ImproperlyConfigured,
  path,
  Response,
  type AuthenticationClasses,
  type Request,
  type Settings,
  type User,
} from 'sallyport';
import {
  AccessToken,
  jwks,
  JWKSView,
  jwkThumbprint,
  jwt,
  JWTAuthentication,
  TokenError,
  type JWTSettings,
  type RingKey,
} from 'sallyport/jwt';
import { APIClient, FixedClock } from 'sallyport/testing';
import { openBench, START } from '../support';
import { ecKey, Journal, Publisher } from './support';

const at = (seconds: number): Date => new Date(START + seconds * 1000);
const [first, second] = [ecKey('first'), ecKey('second')];

function settingsOf(
  keyRing: readonly RingKey[],
  options: Partial<JWTSettings> = {},
  clock = new FixedClock(START),
): Settings {
  return defineSettings({ clock }, jwt({ algorithm: 'ES256', keyRing, ...options }));
}

const kidOf = (token: string): string | undefined => decodeProtectedHeader(token).kid;

describe('a ring of keys', () => {
  it('signs with the first, says its name, and verifies with all', () => {
    const old = String(new AccessToken(settingsOf([{ key: first.privateKey }])));
    const settings = settingsOf([{ key: second.privateKey, kid: 'new' }, { key: first.privateKey }]);
    expect(kidOf(old)).toBe(jwkThumbprint(first.jwk));
    expect(kidOf(String(new AccessToken(settings)))).toBe('new');
    expect(AccessToken.decode(settings, old)).toBeInstanceOf(AccessToken);
  });

  it('begins to sign with a key at its date, and ends with it at another', () => {
    const clock = new FixedClock(START);
    const settings = settingsOf(
      [
        { key: first.privateKey, kid: 'first', retires: at(200) },
        { key: second.privateKey, kid: 'second', signsFrom: at(100) },
      ],
      {},
      clock,
    );
    const old = String(new AccessToken(settings));
    expect(kidOf(old)).toBe('first');
    clock.advance(100_000);
    expect(kidOf(String(new AccessToken(settings)))).toBe('second');
    expect(AccessToken.decode(settings, old)).toBeInstanceOf(AccessToken);
    clock.advance(100_000);
    expect(() => AccessToken.decode(settings, old)).toThrow(TokenError);
  });

  it('takes tokens without a kid, of before there was a ring, and of no stranger', () => {
    const before = defineSettings(
      { clock: new FixedClock(START) },
      jwt({ algorithm: 'ES256', signingKey: first.privateKey }),
    );
    const token = String(new AccessToken(before));
    expect(kidOf(token)).toBeUndefined();
    expect(
      AccessToken.decode(settingsOf([{ key: second.privateKey }, { key: first.privateKey }]), token),
    ).toBeInstanceOf(AccessToken);
    expect(() => AccessToken.decode(settingsOf([{ key: second.privateKey }]), token)).toThrow('Token is invalid');
  });

  it('holds keys of several algorithms, each good for its own alone', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const old = String(new AccessToken(settingsOf([{ key: rsa, algorithm: 'RS256' }])));
    const settings = settingsOf([{ key: first.privateKey }, { key: rsa, algorithm: 'RS256' }]);
    expect(AccessToken.decode(settings, old)).toBeInstanceOf(AccessToken);
    const other = settingsOf([{ key: rsa, algorithm: 'PS256' }]);
    expect(() => AccessToken.decode(other, old)).toThrow('Token is invalid');
  });

  it('calls a JWK by its own name', () => {
    const jwk = { ...first.privateKey.export({ format: 'jwk' }), kid: 'mine' };
    expect(kidOf(String(new AccessToken(settingsOf([{ key: jwk }]))))).toBe('mine');
    expect(kidOf(String(new AccessToken(settingsOf([{ key: jwk, kid: 'other' }]))))).toBe('other');
  });

  it('does not show a secret in the name of it', () => {
    const secret = randomBytes(32);
    const kid = kidOf(String(new AccessToken(settingsOf([{ key: secret }], { algorithm: 'HS256' }))));
    expect(kid).toMatch(/^[\w-]{22}$/);
    expect(kid).not.toBe(jwkThumbprint({ kty: 'oct', k: secret.toString('base64url') }).slice(0, 22));
  });

  it('does not end the tokens of a user whose password is the same when another key begins to sign', async () => {
    const bench = await openBench();
    const options = { signingKey: null, algorithm: 'ES256', checkRevokeToken: true } as const;
    const before = bench.with({ ...options, keyRing: [{ key: first.privateKey }] });
    const token = String(await AccessToken.forUser(before, bench.alice));
    const status = async (keyRing: readonly RingKey[]): Promise<number> => {
      const client = whoAmI(bench.with({ ...options, keyRing }));
      return (await client.get('/me', undefined, { headers: { Authorization: `Bearer ${token}` } })).status;
    };
    const [newKey, oldKey] = [{ key: second.privateKey }, { key: first.privateKey }];
    expect(await status([newKey, oldKey])).toBe(200);
    await bench.alice.setPassword('another');
    expect(await status([newKey, oldKey])).toBe(401);
  });

  it.each<[string, readonly RingKey[], Partial<JWTSettings>]>([
    ['two keys of one name', [{ key: first.privateKey }, { key: first.privateKey }], {}],
    ['a public key that is to sign', [{ key: first.jwk }], {}],
    ['a key for another algorithm', [{ key: first.privateKey, algorithm: 'RS256' }], {}],
    ['an algorithm that nobody knows', [{ key: first.privateKey, algorithm: 'none' as never }], {}],
    ['a key beside it', [{ key: first.privateKey }], { signingKey: first.privateKey }],
  ])('is refused with %s', (_what, ring, options) => {
    expect(() => String(new AccessToken(settingsOf(ring, options)))).toThrow(ImproperlyConfigured);
  });

  it('says so where no key may sign yet', () => {
    expect(() => String(new AccessToken(settingsOf([{ key: first.privateKey, signsFrom: at(1) }])))).toThrow(/keyRing/);
    expect(() => String(new AccessToken(settingsOf([{ key: first.jwk, verifyOnly: true }])))).toThrow(/keyRing/);
  });
});

describe('the view of public keys', () => {
  const get = (settings: Settings, headers = {}) =>
    new APIClient(handle([path('/.well-known/jwks.json', jwks(settings))])).get('/.well-known/jwks.json', undefined, {
      headers,
    });

  it('answers a JWK set that may be kept, with no private member', async () => {
    const response = await get(settingsOf([{ key: second.privateKey }, { key: first.privateKey, kid: 'old' }]));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/jwk-set+json');
    expect(response.headers.get('cache-control')).toBe('public, max-age=300');
    const { kty, crv, x, y } = second.jwk;
    const kid = jwkThumbprint(second.jwk);
    expect(response.data.keys[0]).toEqual({ kty, crv, x, y, use: 'sig', alg: 'ES256', kid });
    expect(response.data.keys[1]).toMatchObject({ kid: 'old' });
    expect(response.text).not.toContain('"d"');
  });

  it.each(['application/jwk-set+json', 'application/json', 'text/html', '*/*'])(
    'does so for Accept: %s',
    async (accept) => {
      const response = await get(settingsOf([{ key: first.privateKey }]), { Accept: accept });
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/jwk-set+json']);
    },
  );

  it('shows a key before it signs, and no more when it has retired', async () => {
    const ring = [
      { key: first.privateKey, kid: 'first', retires: at(100) },
      { key: second.privateKey, kid: 'second', signsFrom: at(50) },
    ];
    const clock = new FixedClock(START);
    const settings = settingsOf(ring, {}, clock);
    const kids = async () => (await get(settings)).data.keys.map(({ kid }: { kid: string }) => kid) as unknown;
    expect(await kids()).toEqual(['first', 'second']);
    clock.advance(100_000);
    expect(await kids()).toEqual(['second']);
  });

  it('never shows a secret', async () => {
    const ring: RingKey[] = [{ key: randomBytes(32), algorithm: 'HS256' }, { key: first.privateKey }];
    expect((await get(settingsOf(ring))).data.keys).toHaveLength(1);
    expect(() => jwks(settingsOf([{ key: randomBytes(32), algorithm: 'HS256' }]))).toThrow(ImproperlyConfigured);
    expect(() => JWKSView.asView({ settings: defineSettings({}, jwt({ signingKey: randomBytes(32) })) })).toThrow(
      /keyRing/,
    );
  });

  it('gives jose all that it needs', async () => {
    const settings = settingsOf([{ key: second.privateKey }, { key: first.privateKey }]);
    const set = createLocalJWKSet((await get(settings)).data);
    const { payload } = await jwtVerify(String(new AccessToken(settings)), set, { currentDate: at(0) });
    expect(payload).toMatchObject({ token_type: 'access' });
  });

  it('gives another server of ours all that it needs, over a change of keys', async () => {
    const publisher = await new Publisher().open();
    const clock = new FixedClock(START);
    const issuer = settingsOf(
      [
        { key: first.privateKey, retires: at(1000) },
        { key: second.privateKey, signsFrom: at(500) },
      ],
      { accessTokenLifetime: 100 },
      clock,
    );
    publisher.answer = (response) => void get(issuer).then(({ text }) => response.end(text));
    const verifier = defineSettings(
      { clock, logger: new Journal() },
      jwt({ algorithm: 'ES256', jwkUrl: { url: publisher.url, allowHttp: true } }),
    );
    try {
      for (const seconds of [0, 490, 20, 700]) {
        clock.advance(seconds * 1000);
        const token = new AccessToken(issuer);
        expect((await AccessToken.decode(verifier, String(token))).payload).toEqual(token.payload);
      }
      expect(publisher.asked).toBe(3);
    } finally {
      await publisher.close();
    }
  });
});

function whoAmI(settings: Settings): APIClient {
  class WhoAmI extends APIView {
    static override authenticationClasses: AuthenticationClasses = [JWTAuthentication];
    override get(request: Request<User>): Response {
      return new Response({ user: String(request.user) });
    }
  }
  return new APIClient(handle([path('/me', WhoAmI.asView({ settings }))]));
}
