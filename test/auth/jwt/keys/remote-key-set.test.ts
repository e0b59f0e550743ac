import { setTimeout as delay } from 'node:timers/promises';
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLocalJWKSet, jwtVerify, SignJWT } from 'jose';
import { defineSettings, ImproperlyConfigured, type Settings } from 'sallyport';
import { AccessToken, jwt, TokenError, type JWTSettings } from 'sallyport/jwt';
import { ecKey, NOW, Publisher, verifierOf, type NamedKey } from './support';

let publisher: Publisher;
beforeEach(async () => {
  publisher = await new Publisher().open();
});
afterEach(() => publisher.close());

function sign({ privateKey, kid }: NamedKey, header: object = {}): Promise<string> {
  return new SignJWT({ token_type: 'access', jti: 'a1', user_id: '7' })
    .setProtectedHeader({ alg: 'ES256', kid, ...header })
    .setExpirationTime(NOW + 100_000)
    .sign(privateKey);
}

const read = async (settings: Settings, token: string): Promise<unknown> =>
  (await AccessToken.decode(settings, token)).get('user_id');

/** 'ok', or what the client is told. */
const outcome = async (settings: Settings, token: string): Promise<string> => {
  try {
    await AccessToken.decode(settings, token);
    return 'ok';
  } catch (error) {
    if (error instanceof TokenError) return error.message;
    throw error;
  }
};

const [one, two] = [ecKey('one'), ecKey('two')];

describe('the keys of another server', () => {
  it('verify the tokens that name them (J-098, J-120)', async () => {
    publisher.keys = [one.jwk, two.jwk];
    const { settings } = verifierOf(publisher);
    expect(await read(settings, await sign(one))).toBe('7');
    expect(await read(settings, await sign(two))).toBe('7');
  });

  it('agree with jose about the same set', async () => {
    publisher.keys = [one.jwk, two.jwk];
    const token = await sign(two);
    const theirs = await jwtVerify(token, createLocalJWKSet({ keys: [one.jwk, two.jwk] as never }), {
      currentDate: new Date(NOW * 1000),
    });
    const ours = await AccessToken.decode(verifierOf(publisher).settings, token);
    expect(ours.payload).toEqual(theirs.payload);
  });

  it('are fetched once by many who ask at the same time, and read without waiting from then on', async () => {
    publisher.keys = [one.jwk];
    const { settings } = verifierOf(publisher);
    const token = await sign(one);
    await Promise.all(Array.from({ length: 30 }, () => read(settings, token)));
    expect(publisher.asked).toBe(1);
    expect(AccessToken.decode(settings, token)).toBeInstanceOf(AccessToken);
  });

  it.each([
    ['another signature', async () => `${(await sign(one)).slice(0, -8)}AAAAAAAA`],
    ['no kid', () => sign(one, { kid: undefined })],
    ['a kid that nobody knows', () => sign({ ...one, kid: 'other' })],
    ['the kid of another key', () => sign({ ...one, kid: 'two' })],
  ])('refuse a token with %s, and never fail with a server error (J-098, J-012)', async (_what, make) => {
    publisher.keys = [one.jwk, two.jwk];
    expect(await outcome(verifierOf(publisher).settings, await make())).toBe('Token is invalid');
  });

  it('are asked for again when the time of the set is over (J-098)', async () => {
    publisher.keys = [one.jwk];
    const { settings, clock } = verifierOf(publisher);
    const token = await sign(one);
    await read(settings, token);
    clock.advance(299_000);
    await read(settings, token);
    expect(publisher.asked).toBe(1);
    publisher.keys = [two.jwk];
    clock.advance(1000);
    expect(await outcome(settings, token)).toBe('Token is invalid');
    expect(publisher.asked).toBe(2);
  });

  it('are found when they are new, but nobody can have the set fetched all the time', async () => {
    publisher.keys = [one.jwk];
    const { settings, clock } = verifierOf(publisher, { coolDown: 30 });
    await read(settings, await sign(one));
    publisher.keys = [one.jwk, two.jwk];
    for (let i = 0; i < 20; i++) await outcome(settings, await sign({ ...one, kid: `made up ${String(i)}` }));
    expect(publisher.asked).toBe(1);
    clock.advance(30_000);
    expect(await read(settings, await sign(two))).toBe('7');
    expect(publisher.asked).toBe(2);
  });

  it.each<[string, string, number]>([
    ['max-age=600', 'max-age=600', 600],
    ['nothing', 'public', 300],
    ['that it is not to be kept', 'no-store, max-age=600', 30],
    ['a year', 'public, max-age=31536000', 86_400],
  ])('are kept as their server says, where that is wanted: %s', async (_what, cacheControl, seconds) => {
    publisher.answer = (response) =>
      response.setHeader('Cache-Control', cacheControl).end(JSON.stringify({ keys: [one.jwk] }));
    const { settings, clock } = verifierOf(publisher, { maxAge: null });
    const token = await sign(one);
    await read(settings, token);
    clock.advance(seconds * 1000 - 1);
    await read(settings, token);
    expect(publisher.asked).toBe(1);
    clock.advance(1);
    await outcome(settings, token);
    expect(publisher.asked).toBe(2);
  });
});

describe('while the other server fails', () => {
  it('tokens are invalid, the logger hears of it, and it is tried again soon (J-098)', async () => {
    publisher.answer = (response) => response.writeHead(503).end();
    const { settings, clock, journal } = verifierOf(publisher);
    const token = await sign(one);
    expect(await outcome(settings, token)).toBe('Token is invalid');
    expect(await outcome(settings, token)).toBe('Token is invalid');
    expect(publisher.asked).toBe(1);
    expect(journal.lines).toMatchObject([{ message: 'A remote key set could not be fetched.' }]);
    publisher.answer = null;
    publisher.keys = [one.jwk];
    clock.advance(1000);
    expect(await outcome(settings, token)).toBe('ok');
  });

  it('the keys of before are good for a while, and then no more', async () => {
    publisher.keys = [one.jwk];
    const { settings, clock } = verifierOf(publisher, { staleFor: 600 });
    const token = await sign(one);
    await read(settings, token);
    publisher.answer = (response) => response.destroy();
    clock.advance(899_000);
    expect(await outcome(settings, token)).toBe('ok');
    clock.advance(1000);
    expect(await outcome(settings, token)).toBe('Token is invalid');
    expect(publisher.asked).toBe(2);
  });

  it.each<[string, Publisher['answer']]>([
    ['that lead elsewhere', (response) => response.writeHead(302, { Location: 'https://example.com/' }).end()],
    ['that are too long', (response) => response.end(JSON.stringify({ keys: [], padding: 'x'.repeat(3000) }))],
    ['that are no JSON', (response) => response.end('<html>')],
    ['that are no set', (response) => response.end('{"keys":{}}')],
    ['that say a name twice', (response) => response.end('{"keys":[],"keys":[]}')],
    ['with too many keys', (response) => response.end(JSON.stringify({ keys: Array(101).fill(1) }))],
  ])('answers %s are not taken', async (_what, answer) => {
    publisher.answer = answer;
    const { settings, journal } = verifierOf(publisher, { maxSize: 2000 });
    expect(await outcome(settings, await sign(one))).toBe('Token is invalid');
    expect(journal.lines).toHaveLength(1);
  });

  it('nobody waits longer than the time limit', async () => {
    publisher.answer = (response) => void delay(5000, undefined, { ref: false }).then(() => response.end());
    const { settings } = verifierOf(publisher, { timeout: 0.05 });
    const started = performance.now();
    expect(await outcome(settings, await sign(one))).toBe('Token is invalid');
    expect(performance.now() - started).toBeLessThan(3000);
  });
});

describe('of a set with all kinds of keys', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });

  it.each<[string, object]>([
    ['encryption', { use: 'enc' }],
    ['signing alone', { key_ops: ['sign'] }],
    ['another algorithm', { alg: 'ES384' }],
  ])('one that is for %s verifies nothing', async (_what, members) => {
    const key = ecKey('x', members);
    publisher.keys = [key.jwk];
    expect(await outcome(verifierOf(publisher).settings, await sign(key))).toBe('Token is invalid');
  });

  it('a private key and a secret are left out, and the logger hears of them without seeing them', async () => {
    const leaked = ecKey('leaked');
    const jwk = { ...leaked.privateKey.export({ format: 'jwk' }), kid: 'leaked' };
    publisher.keys = [jwk, { kty: 'oct', k: 'c2VjcmV0', kid: 'secret' }, one.jwk];
    const { settings, journal } = verifierOf(publisher);
    expect(await outcome(settings, await sign(leaked))).toBe('Token is invalid');
    expect(await outcome(settings, await sign(one))).toBe('ok');
    expect(journal.lines).toHaveLength(1);
    expect(JSON.stringify(journal.lines)).not.toMatch(/c2VjcmV0|"d"/);
    expect(JSON.stringify(journal.lines)).not.toContain(jwk.d);
  });

  it('what is no key is passed over', async () => {
    publisher.keys = [
      null,
      1,
      'x',
      [],
      {},
      { kid: 1 },
      { kid: 'x' },
      { kid: 'x', kty: 'EC' },
      { ...rsa, kid: 'x' },
      one.jwk,
    ];
    expect(await outcome(verifierOf(publisher).settings, await sign(one))).toBe('ok');
  });

  it('two may have one name', async () => {
    publisher.keys = [{ ...rsa, kid: 'one' }, { ...two.jwk, kid: 'one' }, one.jwk];
    const { settings } = verifierOf(publisher);
    expect(await outcome(settings, await sign(one))).toBe('ok');
    expect(await outcome(settings, await sign({ ...two, kid: 'one' }))).toBe('ok');
  });

  it('a public key is no secret: HS256 with it is another algorithm (J-097)', async () => {
    publisher.keys = [one.jwk];
    const secret = Buffer.from(JSON.stringify(one.jwk));
    const token = await new SignJWT({ token_type: 'access', jti: 'a', user_id: '1' })
      .setProtectedHeader({ alg: 'HS256', kid: 'one' })
      .setExpirationTime(NOW + 60)
      .sign(secret);
    expect(await outcome(verifierOf(publisher).settings, token)).toBe('Token is invalid');
  });

  it("the algorithm is the option's, whatever the set says (J-098)", async () => {
    publisher.keys = [{ ...rsa, kid: 'one', alg: 'RS256' }];
    const { settings } = verifierOf(publisher, {}, { algorithm: 'PS256' });
    expect(await outcome(settings, await sign(one))).toBe('Token is invalid');
  });
});

describe('the option jwkUrl', () => {
  it.each<[string, Partial<JWTSettings>]>([
    ['plain http', { jwkUrl: 'http://example.com/jwks.json' }],
    ['another scheme', { jwkUrl: 'file:///etc/passwd' }],
    ['a password in it', { jwkUrl: 'https://a:b@example.com/' }],
    ['no URL', { jwkUrl: 'example.com' }],
    ['secrets', { jwkUrl: 'https://example.com/', algorithm: 'HS256' }],
    ['another source of keys', { jwkUrl: 'https://example.com/', verifyingKey: one.jwk }],
  ])('is refused with %s', (_what, options) => {
    const settings = defineSettings({}, jwt({ algorithm: 'ES256', ...options }));
    expect(() => AccessToken.decode(settings, 'a.b.c')).toThrow(ImproperlyConfigured);
  });
});
