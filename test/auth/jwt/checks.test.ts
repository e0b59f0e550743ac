import { beforeEach, describe, expect, it } from '@jest/globals';
import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { APIView, IsAuthenticated, path, runChecks, type AuthenticationClasses, type Settings } from 'sallyport';
import { JWTAuthentication, tokenObtainPair, tokenRefresh, type JWTSettings } from 'sallyport/jwt';
import { openBench, type Bench } from './support';

const STRONG = 'k8#fW2!qLr9@ZxTn5^uYb7*Hc3&JmPd6$sVe4%Ga1+oXi0=zRt';

let bench: Bench;
beforeEach(async () => {
  bench = await openBench({ signingKey: STRONG });
});

function findingsOf(settings: Settings, deploy = false): { id: string; where: string; message: string }[] {
  class Me extends APIView {
    static override authenticationClasses: AuthenticationClasses = [JWTAuthentication];
    static override permissionClasses = [IsAuthenticated];
  }
  const routes = [
    path('/me/', Me.asView({ settings })),
    path('/token/', tokenObtainPair(settings)),
    path('/refresh/', tokenRefresh(settings)),
  ];
  return runChecks(routes, { deploy }).map(({ id, where, message }) => ({ id, where, message }));
}

describe('the check of JSON web tokens', () => {
  it('finds nothing where the secret is a good one, or the key is of a pair', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    for (const options of [{}, { algorithm: 'ES256', signingKey: privateKey }] satisfies Partial<JWTSettings>[]) {
      expect(findingsOf(bench.with(options)).filter(({ id }) => id !== 'sallyport.W001')).toEqual([]);
    }
  });

  it.each([
    [
      'that Django made for development',
      'django-insecure-k8#fW2!qLr9@ZxTn5^uYb7*Hc3&JmPd6$sVe4%Ga1',
      'django-insecure-',
    ],
    ['that is short', STRONG.slice(0, 40), 'is shorter than 50 characters'],
    ['of few characters', 'ab'.repeat(40), 'fewer than 5 different characters'],
    ['of few bytes', Buffer.alloc(64, 1), 'fewer than 5 different bytes'],
    ['in a KeyObject', createSecretKey(Buffer.alloc(64, 1)), 'fewer than 5 different bytes'],
    ['in a JWK', { kty: 'oct', k: Buffer.alloc(64, 1).toString('base64url') }, 'fewer than 5 different bytes'],
  ])('names a secret %s, once for all views, and quotes none of it (J-103)', (_what, signingKey, words) => {
    const found = findingsOf(bench.with({ signingKey })).filter(({ id }) => id === 'sallyport.W010');
    expect(found).toEqual([
      { id: 'sallyport.W010', where: 'the setting jwt.signingKey', message: expect.stringContaining(words) },
    ]);
    if (typeof signingKey === 'string') expect(found[0]!.message).not.toContain(signingKey);
  });

  it('leaves it to the app to name a secret of its own, so that it is named once', () => {
    const secretKey = STRONG.slice(0, 40);
    for (const signingKey of [null, secretKey]) {
      const found = findingsOf(bench.with({ signingKey }, { secretKey })).filter(({ id }) => id === 'sallyport.W010');
      expect(found.map(({ where }) => where)).toEqual(['the setting secretKey']);
    }
  });

  it('names a secret that only the switch for older systems lets through (J-103)', () => {
    const found = findingsOf(bench.with({ algorithm: 'HS512', signingKey: STRONG, allowShortSigningKey: true }));
    expect(found.map(({ message }) => message)).toContainEqual(expect.stringContaining('64 bytes of HS512'));
  });

  it('names a key set that is fetched without TLS', () => {
    const url = 'http://keys.example.com/jwks.json';
    const options = { algorithm: 'ES256', signingKey: null, jwkUrl: { url, allowHttp: true } } as const;
    expect(findingsOf(bench.with(options), true)).toContainEqual(
      expect.objectContaining({ id: 'sallyport.W028', where: 'the setting jwt.jwkUrl' }),
    );
    const safe = bench.with({ ...options, jwkUrl: url.replace('http', 'https') });
    expect(findingsOf(safe, true).map(({ id }) => id)).not.toContain('sallyport.W028');
  });

  it('looks at each key of a ring', () => {
    const keyRing = [{ key: STRONG }, { key: STRONG.slice(0, 40), kid: 'old' }];
    const found = findingsOf(bench.with({ signingKey: null, keyRing }));
    expect(found.filter(({ id }) => id === 'sallyport.W010')).toMatchObject([{ where: 'the setting jwt.keyRing[1]' }]);
  });

  it('names passwords that can be guessed without end (J-187)', () => {
    const settings = bench.with({}, { defaultThrottleRates: { failed_login: null } });
    expect(findingsOf(settings)).toContainEqual(
      expect.objectContaining({ id: 'sallyport.W009', where: 'TokenObtainPairView at /token/' }),
    );
  });

  it('names a blacklist that is gone with the process', () => {
    expect(findingsOf(bench.settings, true)).toContainEqual(
      expect.objectContaining({ id: 'sallyport.W016', where: 'the setting jwt.blacklist' }),
    );
  });
});
