import { beforeEach, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { defineSettings, ImproperlyConfigured, User, type Settings } from 'sallyport';
import {
  AccessToken,
  ExpiredTokenError,
  jwt,
  RefreshToken,
  SlidingToken,
  Token,
  TokenBackend,
  tokenBackend,
  TokenError,
  UntypedToken,
  type JWTSettings,
} from 'sallyport/jwt';
import { KEY, openBench, START, type Bench } from './support';

const NOW = START / 1000;
const GOLDEN_CLAIMS = {
  token_type: 'access',
  exp: 1795349754,
  iat: 1795349454,
  jti: 'f3ffdcf2847d489489ce488cedb79450',
  user_id: '1',
};
const GOLDEN =
  'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ0b2tlbl90eXBlIjoiYWNjZXNzIiwiZXhwIjoxNzk1MzQ5NzU0LCJpYXQiOjE3OTUzNDk0NTQsImp0aSI6ImYzZmZkY2YyODQ3ZDQ4OTQ4OWNlNDg4Y2VkYjc5NDUwIiwidXNlcl9pZCI6IjEifQ.T0hZw5iRelPRmzWkBFCMkBpCU5nbzmH0vMmbyycOl5I';

let bench: Bench;
let settings: Settings;
beforeEach(async () => {
  bench = await openBench();
  settings = bench.settings;
});

async function textOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'nothing thrown';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('a fresh token', () => {
  it('has a type, an expiry, a time of issue and a number, in this order (J-051, J-081)', () => {
    const { payload } = new AccessToken(settings);
    expect(payload).toEqual({ token_type: 'access', exp: NOW + 300, iat: NOW, jti: expect.any(String) });
    expect(Object.keys(payload)).toEqual(['token_type', 'exp', 'iat', 'jti']);
  });

  it('has a UUID of version 4 as its number, in 32 digits (J-056)', () => {
    const jti = new AccessToken(settings).get('jti');
    expect(jti).toMatch(/^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
    expect(new AccessToken(settings).get('jti')).not.toBe(jti);
  });

  it('of the sliding kind can be refreshed for a while (J-068)', async () => {
    const token = await SlidingToken.forUser(settings, bench.alice);
    expect(Object.keys(token.payload)).toEqual(['token_type', 'exp', 'iat', 'jti', 'refresh_exp', 'user_id']);
    expect(token.payload).toMatchObject({ token_type: 'sliding', exp: NOW + 300, refresh_exp: NOW + 86_400 });
  });

  it('of no type has expired at once (J-070)', () => {
    expect(new UntypedToken(settings).payload).toMatchObject({ token_type: 'untyped', exp: NOW });
  });

  it('has lifetimes and claims by the names of the settings (J-110, J-111, J-129)', () => {
    const other = bench.with({
      accessTokenLifetime: 60,
      refreshTokenLifetime: 600,
      tokenTypeClaim: 'typ',
      jtiClaim: 'jid',
    });
    expect(new AccessToken(other).payload).toEqual({ typ: 'access', exp: NOW + 60, iat: NOW, jid: expect.any(String) });
    expect(new RefreshToken(other).get('exp')).toBe(NOW + 600);
  });

  it('has no type and no number where there is no claim for them (J-057)', async () => {
    const other = bench.with({ tokenTypeClaim: null, jtiClaim: null, blacklist: null });
    const token = new AccessToken(other);
    expect(token.payload).toEqual({ exp: NOW + 300, iat: NOW });
    expect((await AccessToken.decode(other, String(token))).payload).toEqual(token.payload);
  });

  it("can't be made of a class without type or lifetime (J-050)", () => {
    class Nameless extends Token {
      static override lifetime(): number {
        return 1;
      }
    }
    class Endless extends Token {
      static override readonly tokenType: string = 'endless';
    }
    expect(() => new Nameless(settings)).toThrow('Cannot create token with no type or lifetime');
    expect(() => new Endless(settings)).toThrow('Cannot create token with no type or lifetime');
  });

  it('reads the clock once (J-053)', () => {
    const token = new AccessToken(settings);
    bench.clock.advance(10_000);
    token.setExp();
    token.setIat();
    expect(token.payload).toMatchObject({ exp: NOW + 300, iat: NOW });
  });

  it('is a map of claims (J-054, J-055)', () => {
    const token = new AccessToken(settings, { a: 1 });
    token.set('b', 2);
    expect([token.get('a'), token.get('c'), token.has('b'), token.has('toString')]).toEqual([
      1,
      undefined,
      true,
      false,
    ]);
    expect([token.delete('a'), token.delete('a')]).toEqual([true, false]);
    expect(token.payload).toEqual({ b: 2 });
    expect(inspect(token)).toBe('AccessToken { b: 2 }');
  });

  it('sets any claim to a moment, and checks it (J-058, J-059)', () => {
    const token = new AccessToken(bench.with({ leeway: 5 }), {});
    expect(() => token.checkExp('x')).toThrow("Token has no 'x' claim");
    token.setExp({ claim: 'x', from: 100, lifetime: 50 });
    token.setIat({ claim: 'y', at: 99.9 });
    expect(token.payload).toEqual({ x: 150, y: 99 });
    expect(() => token.checkExp('x', 154.9)).not.toThrow();
    expect(() => token.checkExp('x', 155)).toThrow("Token 'x' claim has expired");
    token.set('x', 'soon');
    expect(() => token.checkExp('x')).toThrow('Token is invalid');
  });
});

describe('the text of a token', () => {
  it('is that of the Python package, byte for byte (J-080, J-087, J-088)', () => {
    expect(String(new AccessToken(settings, GOLDEN_CLAIMS))).toBe(GOLDEN);
  });

  it('writes what Python writes of texts outside ASCII', () => {
    const [, payload] = String(new AccessToken(settings, { name: 'Zoë' })).split('.') as [string, string];
    expect(Buffer.from(payload, 'base64url').toString()).toBe('{"name":"Zo\\u00eb"}');
  });

  it('writes dates, and what the encoder of the settings knows (J-100, J-119)', () => {
    class Money {
      constructor(readonly cents: number) {}
    }
    const jsonEncoder = (value: object): unknown => (value instanceof Money ? value.cents : undefined);
    const claims = { at: new Date(0), price: new Money(5), nested: { price: new Money(6) } };
    const text = String(new AccessToken(bench.with({ jsonEncoder }), claims));
    const payload = Buffer.from(text.split('.')[1]!, 'base64url').toString();
    expect(payload).toBe('{"at":"1970-01-01T00:00:00Z","price":5,"nested":{"price":6}}');
  });

  it('names audience and issuer, and is asked for them (J-082, J-083, J-084, J-118)', async () => {
    const ours = bench.with({ audience: ['a', 'b'], issuer: 'us' });
    const text = String(new AccessToken(ours));
    expect((await AccessToken.decode(ours, text)).payload).toMatchObject({ aud: ['a', 'b'], iss: 'us' });
    expect((await AccessToken.decode(bench.with({ audience: 'b' }), text)).get('iss')).toBe('us');
    expect((await AccessToken.decode(settings, text)).get('iss')).toBe('us');
    for (const other of [{ audience: 'c' }, { issuer: 'u' }, { issuer: 'us ' }]) {
      expect(await textOf(() => AccessToken.decode(bench.with(other), text))).toBe('Token is invalid');
    }
  });
});

describe('a token that is read', () => {
  it('is there at once where no table has to be asked (J-164)', () => {
    expect(AccessToken.decode(settings, GOLDEN)).toBeInstanceOf(AccessToken);
  });

  it('is refused with the words of simplejwt (J-012 to J-017, J-061, J-102)', async () => {
    const sign = (claims: object): string => String(new AccessToken(settings, { ...GOLDEN_CLAIMS, ...claims }));
    const without = (claim: keyof typeof GOLDEN_CLAIMS): string => {
      const token = new AccessToken(settings, GOLDEN_CLAIMS);
      token.delete(claim);
      return String(token);
    };
    const read = (text: string): Promise<string> => textOf(() => AccessToken.decode(settings, text));
    expect(await read('x')).toBe('Token is invalid');
    expect(await read(sign({ exp: NOW }))).toBe('Token is expired');
    expect(await read(sign({ exp: '1' }))).toBe('Token is invalid');
    expect(await read(sign({ jti: 1 }))).toBe('Token is invalid');
    expect(await read(sign({ nbf: NOW + 1 }))).toBe('Token is invalid');
    expect(await read(sign({ token_type: 'refresh' }))).toBe('Token has wrong type');
    expect(await read(without('token_type'))).toBe('Token has no type');
    expect(await read(without('jti'))).toBe('Token has no id');
    expect(await read(without('exp'))).toBe("Token has no 'exp' claim");
    expect(() => AccessToken.decode(settings, sign({ exp: NOW }))).toThrow(ExpiredTokenError);
    expect(() => AccessToken.decode(settings, sign({ exp: NOW }))).toThrow(TokenError);
  });

  it('is checked for its end first, then its number, then its type (J-060)', async () => {
    const wrong = { token_type: 'refresh', exp: NOW - 10 };
    const read = (token: Token): Promise<string> => textOf(() => token.verify());
    const token = new AccessToken(settings, wrong);
    expect(await read(token)).toBe("Token 'exp' claim has expired");
    token.setExp();
    expect(await read(token)).toBe('Token has no id');
    token.setJti();
    expect(await read(token)).toBe('Token has wrong type');
    const listed = new RefreshToken(settings, { exp: NOW - 10, jti: 'a' });
    await bench.blacklist.blacklist({ jti: 'a', token: '', userPk: null, createdAt: null, expiresAt: new Date(START) });
    expect(await read(listed)).toBe('Token is blacklisted');
  });

  it('is invalid, not expired, when it is both expired and edited (J-181)', async () => {
    const [header, , signature] = String(new AccessToken(settings, { ...GOLDEN_CLAIMS, exp: 1 })).split('.');
    const edited = Buffer.from(JSON.stringify({ ...GOLDEN_CLAIMS, exp: 1, user_id: '2' })).toString('base64url');
    const text = [header, edited, signature].join('.');
    expect(await textOf(() => AccessToken.decode(settings, text))).toBe('Token is invalid');
  });

  it('lasts as long as the leeway says (J-085, J-121)', async () => {
    const lenient = bench.with({ leeway: 30 });
    bench.clock.advance(329_000);
    expect(await textOf(() => AccessToken.decode(lenient, GOLDEN))).toBe('nothing thrown');
    bench.clock.advance(1000);
    expect(await textOf(() => AccessToken.decode(lenient, GOLDEN))).toBe('Token is expired');
  });

  it('is not checked when nobody asks for it (J-052)', () => {
    const text = GOLDEN.replace(/\.[^.]+$/, '.');
    expect(AccessToken.decode(settings, text, { verify: false })).toMatchObject({ payload: GOLDEN_CLAIMS });
  });

  it('may have any type where the type does not matter (J-070)', async () => {
    expect((await UntypedToken.decode(settings, GOLDEN)).payload).toEqual(GOLDEN_CLAIMS);
  });

  it('is signed and read with a key of its class (J-065)', async () => {
    class Invitation extends AccessToken {
      static override readonly tokenType: string = 'invitation';
      static override backend(own: Settings): TokenBackend {
        return new TokenBackend({ ...jwt.of(own), signingKey: 'a key of invitations, and of nothing else' });
      }
    }
    const text = String(new Invitation(settings));
    expect(await textOf(() => Invitation.decode(settings, text))).toBe('nothing thrown');
    expect(await textOf(() => UntypedToken.decode(settings, text))).toBe('Token is invalid');
  });
});

describe('a token as simplejwt 5.2 has it', () => {
  const old = (): Settings => bench.with({ simplejwtVersion: '5.2' });

  it('names a user by a number where the key is one (J-062, J-195)', async () => {
    expect((await AccessToken.forUser(old(), bench.alice)).get('user_id')).toBe(1);
    const byName = bench.with({ simplejwtVersion: '5.2', userIdField: 'username' });
    expect((await AccessToken.forUser(byName, bench.alice)).get('user_id')).toBe('alice');
  });

  it('may have that number in `sub`, which is to be a text by now (J-086, J-195)', async () => {
    const options = { userIdClaim: 'sub' } as const;
    const settings52 = bench.with({ ...options, simplejwtVersion: '5.2' });
    const text = String(await AccessToken.forUser(settings52, bench.alice));
    expect((await AccessToken.decode(settings52, text)).get('sub')).toBe(1);
    expect(await textOf(() => AccessToken.decode(bench.with(options), text))).toBe('Token is invalid');
  });

  it('gives its time of issue to the access tokens that it buys (J-066, J-195)', async () => {
    const refresh = await RefreshToken.forUser(old(), bench.alice);
    bench.clock.advance(60_000);
    const read = await RefreshToken.decode(old(), String(refresh));
    expect(read.accessToken.payload).toMatchObject({ iat: NOW, exp: NOW + 360 });
  });

  it('is refused in the same words, whether it is bad or has expired (J-012, J-013, J-195)', async () => {
    for (const text of ['x', String(new AccessToken(settings, { ...GOLDEN_CLAIMS, exp: NOW }))]) {
      expect(await textOf(() => AccessToken.decode(old(), text))).toBe('Token is invalid or expired');
    }
    const expired = String(new AccessToken(settings, { ...GOLDEN_CLAIMS, exp: NOW }));
    expect(() => AccessToken.decode(old(), expired)).toThrow(ExpiredTokenError);
  });
});

describe('a token for a user', () => {
  it('names the user as text (J-062, J-072)', async () => {
    expect((await AccessToken.forUser(settings, bench.alice)).get('user_id')).toBe('1');
    const byName = bench.with({ userIdField: 'username', userIdClaim: 'sub' });
    expect((await AccessToken.forUser(byName, bench.alice)).get('sub')).toBe('alice');
  });

  it("isn't made for one who is inactive, unless somebody insists (J-063, J-180, J-190)", async () => {
    const heard: unknown[] = [];
    const logger = { error: () => undefined, warn: (...words: unknown[]) => void heard.push(words) };
    const logged = bench.with({}, { logger });
    await expect(AccessToken.forUser(logged, bench.carol)).rejects.toThrow(TokenError);
    expect(heard).toEqual([]);
    expect((await AccessToken.forUser(logged, bench.carol, { allowInactive: true })).get('user_id')).toBe('2');
    expect(heard).toEqual([[{ user: 2 }, 'A token is made for an inactive user.']]);
    expect((await AccessToken.forUser(bench.with({ checkUserIsActive: false }), bench.carol)).get('user_id')).toBe('2');
  });

  it('tells of the password by a digest that only the key can make (J-064, J-089, J-134)', async () => {
    bench.alice.password = 'pbkdf2_sha256$260000$abc$def';
    const claimOf = async (options: Partial<JWTSettings>): Promise<unknown> =>
      (await AccessToken.forUser(bench.with({ checkRevokeToken: true, ...options }), bench.alice)).get('hash_password');
    expect(await claimOf({ revokeTokenDigest: 'md5' })).toBe('11B127D58380EB313318373578BD93A2');
    const keyed = await claimOf({});
    expect(keyed).toMatch(/^[\w-]{43}$/);
    expect(await claimOf({ signingKey: `${KEY}x` })).not.toBe(keyed);
    expect((await AccessToken.forUser(settings, bench.alice)).has('hash_password')).toBe(false);
  });

  it('is remembered where it can be called back (J-153, J-157)', async () => {
    const refresh = await RefreshToken.forUser(settings, bench.alice);
    const sliding = await SlidingToken.forUser(settings, bench.alice);
    await AccessToken.forUser(settings, bench.alice);
    expect(bench.blacklist.outstanding).toEqual([
      {
        jti: refresh.get('jti'),
        token: String(refresh),
        userPk: 1,
        createdAt: new Date(START),
        expiresAt: new Date(START + 86_400_000),
      },
      expect.objectContaining({ jti: sliding.get('jti'), expiresAt: new Date(START + 300_000) }),
    ]);
  });
});

describe('a refresh token', () => {
  it('gives an access token with its claims, but for those of its own (J-066, J-067)', async () => {
    const refresh = await RefreshToken.forUser(settings, bench.alice);
    refresh.set('roles', ['staff']);
    bench.clock.advance(5000);
    const { payload } = refresh.accessToken;
    expect(payload).toEqual({
      token_type: 'access',
      exp: NOW + 300,
      iat: NOW + 5,
      jti: expect.any(String),
      user_id: '1',
      roles: ['staff'],
    });
    expect(payload['jti']).not.toBe(refresh.get('jti'));
  });

  it('gives tokens of another class, and keeps claims to itself, where a class says so (J-066, J-067)', () => {
    class ShortToken extends AccessToken {
      static override lifetime(): number {
        return 1;
      }
    }
    class PrivateRefreshToken extends RefreshToken {
      override get accessTokenClass(): typeof ShortToken {
        return ShortToken;
      }
      override get noCopyClaims(): readonly (string | null)[] {
        return [...super.noCopyClaims, 'secret'];
      }
    }
    const refresh = new PrivateRefreshToken(settings);
    refresh.set('secret', 1);
    expect(refresh.accessToken).toBeInstanceOf(ShortToken);
    expect(refresh.accessToken.has('secret')).toBe(false);
  });

  it('is called back once, and refused from then on (J-019, J-154, J-155)', async () => {
    const refresh = await RefreshToken.forUser(settings, bench.alice);
    expect(await textOf(() => RefreshToken.decode(settings, String(refresh)))).toBe('nothing thrown');
    expect([await refresh.blacklist(bench.alice), await refresh.blacklist(bench.alice)]).toEqual([true, false]);
    expect(await textOf(() => RefreshToken.decode(settings, String(refresh)))).toBe('Token is blacklisted');
  });

  it('without a number is refused before anybody asks for it (J-184)', async () => {
    const text = String(new RefreshToken(settings, { token_type: 'refresh', exp: NOW + 9, user_id: '1' }));
    expect(await textOf(() => RefreshToken.decode(settings, text))).toBe('Token has no id');
  });

  it.each([
    ['a NUL', 'a\0'],
    ['more than the column holds', 'x'.repeat(256)],
    ['nothing', ''],
  ])('with a number of %s is refused, and no table is asked', async (_what, jti) => {
    const text = String(new RefreshToken(settings, { token_type: 'refresh', exp: NOW + 9, jti }));
    expect(await textOf(() => RefreshToken.decode(settings, text))).toBe('Token is invalid');
  });

  it("can't be called back without a table", async () => {
    const refresh = new RefreshToken(bench.with({ blacklist: null }));
    await expect(async () => refresh.blacklist(null)).rejects.toThrow(ImproperlyConfigured);
  });
});

describe('the options', () => {
  const made = (options: Partial<JWTSettings>): string | undefined => {
    try {
      tokenBackend(defineSettings({}, jwt(options)));
      return undefined;
    } catch (error) {
      expect(error).toBeInstanceOf(ImproperlyConfigured);
      return (error as Error).message;
    }
  };
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });

  it('need a key that fits (J-095, J-096, J-103, J-115, J-116, J-117)', () => {
    expect(made({})).toContain("lack 'signingKey'");
    expect(made({ signingKey: 'short' })).toContain('allowShortSigningKey');
    expect(made({ signingKey: 'short', allowShortSigningKey: true })).toBeUndefined();
    expect(made({ algorithm: 'RS256' })).toContain("'verifyingKey' where no token is made");
    expect(made({ algorithm: 'RS256', verifyingKey: pair.privateKey })).toBeUndefined();
    expect(made({ algorithm: 'ES256', signingKey: pair.privateKey })).toContain("The option 'signingKey'");
    expect(made({ algorithm: 'none' as 'HS256', signingKey: KEY })).toBe("Unrecognized algorithm type 'none'");
  });

  it('take the secret of the app where they name no key, as simplejwt does (J-095)', async () => {
    const ofApp = bench.with({ signingKey: null }, { secretKey: KEY });
    const token = String(await AccessToken.forUser(ofApp, bench.alice));
    expect((await AccessToken.decode(settings, token)).get('user_id')).toBe('1');
    const apart = bench.with({ signingKey: `${KEY}-apart` }, { secretKey: KEY });
    await expect(async () => AccessToken.decode(apart, token)).rejects.toThrow(TokenError);
  });

  it('are prepared for each secret of an app, though the options be the same', async () => {
    const [one, other] = [KEY, `${KEY}-other`].map((secretKey) => defineSettings({ secretKey, clock: bench.clock }));
    const token = String(await AccessToken.forUser(one!, bench.alice));
    expect((await AccessToken.decode(one!, token)).get('user_id')).toBe('1');
    await expect(async () => AccessToken.decode(other!, token)).rejects.toThrow(TokenError);
  });

  it('never take the secret of the app for a public key, nor beside a ring or a set of keys', () => {
    const core = { secretKey: KEY };
    const backend = (options: Partial<JWTSettings>) => () =>
      tokenBackend(bench.with({ signingKey: null, ...options }, core));
    expect(backend({ algorithm: 'RS256' })).toThrow("lack a key for RS256: 'signingKey'");
    const ring = backend({ keyRing: [{ key: `${KEY}-ring` }] })();
    expect(ring.digests('test', '', NOW)).toEqual(
      new TokenBackend({ ...jwt.of(settings), signingKey: null, keyRing: [{ key: `${KEY}-ring` }] }).digests(
        'test',
        '',
        NOW,
      ),
    );
    const remote = backend({ algorithm: 'ES256', jwkUrl: 'https://keys.example/jwks' })();
    expect(() => remote.encode({}, NOW)).toThrow('tokens can only be verified');
  });

  it('need a leeway in seconds (J-101)', () => {
    expect(made({ signingKey: KEY, leeway: null })).toBeUndefined();
    expect(made({ signingKey: KEY, leeway: '5' as unknown as number })).toContain(
      "Unrecognized type 'string', 'leeway'",
    );
    expect(made({ signingKey: KEY, leeway: -1 })).toContain("'leeway' must be");
  });

  it('need a table where old tokens are to be called back (J-113, J-144)', () => {
    expect(made({ signingKey: KEY, blacklistAfterRotation: true })).toContain('blacklistStore(orm)');
    expect(made({ signingKey: KEY, blacklist: bench.blacklist, jtiClaim: null })).toContain('by their number');
  });

  it.each(['authHeaderType', 'authTokenClass', 'secretKey', 'tokenBackendClass'])(
    'know no %s any more (J-136)',
    (name) => {
      expect(() => jwt({ [name]: 'x' })).toThrow(`Unknown option '${name}' in the settings of 'jwt'`);
    },
  );

  it('belong to an app, so that two in one process differ (J-137)', async () => {
    const other = bench.with({ signingKey: `${KEY} of another app` });
    expect(await textOf(() => AccessToken.decode(other, GOLDEN))).toBe('Token is invalid');
    expect(await textOf(() => AccessToken.decode(settings, GOLDEN))).toBe('nothing thrown');
  });

  it('let a service verify that has no key to sign with (J-096)', async () => {
    const issuing = bench.with({ algorithm: 'RS256', signingKey: pair.privateKey });
    const verifying = bench.with({ algorithm: 'RS256', signingKey: null, verifyingKey: pair.publicKey });
    const text = String(await AccessToken.forUser(issuing, bench.alice));
    expect((await AccessToken.decode(verifying, text)).get('user_id')).toBe('1');
    expect(() => String(new AccessToken(verifying))).toThrow("Without a 'signingKey'");
  });
});

describe('a user class without a password', () => {
  it('has no tokens that end with it', async () => {
    const user = Object.assign(new User(), { id: 1, password: null });
    await expect(AccessToken.forUser(bench.with({ checkRevokeToken: true }), user)).rejects.toThrow("field 'password'");
  });
});
