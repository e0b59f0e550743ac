import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { dumps, openSession, TimestampSigner } from 'sallyport';
import type { Handler, User } from 'sallyport';
import { fastPasswordHashers } from 'sallyport/testing';
import { describeWithRedis } from '../../support/redis';
import { call } from '../../support/server';
import type { Answer } from '../../support/server';
import { createSite, engines } from '../../support/session-engines';
import type { Engine, Site } from '../../support/session-engines';
import { cookiesOf, secretKey, World } from '../../support/sessions';

interface Sent {
  readonly cookie?: string;
  readonly token?: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

/** One request, past any browser: an attacker sends what he likes. */
const send = (
  app: Handler,
  method: string,
  path: string,
  { cookie, token, headers, body }: Sent = {},
): Promise<Answer> =>
  call(app, {
    method,
    path,
    headers: {
      Host: 'site.example',
      ...(cookie === undefined ? {} : { Cookie: cookie }),
      ...(token === undefined ? {} : { 'X-CSRFToken': token }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  });

/** A visitor with the cookies of one browser. */
class Visitor {
  readonly jar = new Map<string, string>();
  token = '';
  constructor(readonly site: Site) {}

  get cookie(): string {
    return [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  get sessionCookie(): string | undefined {
    return this.jar.get(this.site.cookieName);
  }

  async send(method: string, path: string, sent: Sent = {}): Promise<Answer> {
    const answer = await send(this.site.app, method, path, { cookie: this.cookie, token: this.token, ...sent });
    for (const [name, line] of Object.entries(cookiesOf(answer))) {
      if (line.includes('Max-Age=0;')) this.jar.delete(name);
      else this.jar.set(name, line.split(';', 1)[0]!);
    }
    this.token = /^\{"csrfToken":"(\w+)"/.exec(answer.text)?.[1] ?? this.token;
    return answer;
  }

  async logIn(username = 'ann'): Promise<Answer> {
    await this.send('GET', '/auth/csrf/');
    return this.send('POST', '/auth/login/', { body: { username, password: 'secret' } });
  }
}

const whoIs = async (site: Site, cookie: string): Promise<string> =>
  (await send(site.app, 'GET', '/account', { cookie })).json.name as string;

function testAttacks(open: () => Promise<Engine>): void {
  let engine: Engine;
  let site: Site;
  let victim: Visitor;
  beforeAll(async () => {
    engine = await open();
  });
  beforeEach(async () => {
    site = await createSite(engine);
    victim = new Visitor(site);
  });
  afterAll(() => engine.close());

  const ann = async (): Promise<User> => (await site.users.getByNaturalKey('ann'))!;

  it.each(['a made-up key', 'a session of the attacker'])(
    'a visitor on whom %s was planted gets another one by the log in (A-063, A-077)',
    async (kind) => {
      const attacker = new Visitor(site);
      await attacker.send('POST', '/cart', { body: ['bait'] });
      const planted = kind === 'a made-up key' ? 'a'.repeat(32) : attacker.sessionCookie!;
      victim.jar.set(site.cookieName, planted);
      expect((await victim.logIn()).status).toBe(200);
      expect(victim.sessionCookie).not.toBe(planted);
      expect(await whoIs(site, `${site.cookieName}=${planted}`)).toBe('');
      expect(await whoIs(site, victim.cookie)).toBe('ann');
    },
  );

  it('an anonymous session that was planted is not kept under its key by writing to it (A-063)', async () => {
    victim.jar.set(site.cookieName, 'b'.repeat(32));
    await victim.send('POST', '/cart', { body: ['mine'] });
    expect(victim.sessionCookie).not.toBe('b'.repeat(32));
    const other = await send(site.app, 'GET', '/cart', { cookie: `${site.cookieName}=${'b'.repeat(32)}` });
    expect(other.json).toEqual({ cart: null });
  });

  it('nobody is logged in by a form of another site (A-111)', async () => {
    const attacker = new Visitor(site);
    await attacker.send('GET', '/auth/csrf/');
    const body = { username: 'bob', password: 'secret' };
    await victim.send('GET', '/auth/csrf/');
    const forged: Sent[] = [
      { cookie: '', body },
      { cookie: victim.cookie, body },
      { cookie: victim.cookie, token: attacker.token, body },
      { cookie: victim.cookie, token: victim.token, body, headers: { Origin: 'https://evil.example' } },
      { cookie: victim.cookie, token: victim.token, body, headers: { Origin: 'null' } },
      // A host below the same domain can give the browser a cookie, but not pages the origin of the site.
      { cookie: attacker.cookie, token: attacker.token, body, headers: { Origin: 'http://evil.site.example' } },
    ];
    for (const sent of forged) {
      const answer = await send(site.app, 'POST', '/auth/login/', sent);
      expect([answer.status, cookiesOf(answer)[site.cookieName]]).toEqual([403, undefined]);
    }
    // What forms can send without asking: no parser takes it for JSON.
    const plain = { cookie: victim.cookie, body: JSON.stringify(body), headers: { 'Content-Type': 'text/plain' } };
    expect((await send(site.app, 'POST', '/auth/login/', plain)).status).toBe(415);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])(
    'a %s of another site does nothing for who is logged in (D-176)',
    async (method) => {
      await victim.logIn();
      for (const headers of [{}, { 'X-Requested-With': 'XMLHttpRequest' }, { 'X-HTTP-Method-Override': 'GET' }]) {
        const answer = await send(site.app, method, '/account?csrfmiddlewaretoken=x', {
          cookie: victim.cookie,
          headers,
        });
        expect([answer.status, answer.json.detail]).toEqual([403, 'CSRF Failed: CSRF token missing.']);
      }
      expect((await victim.send(method, '/account')).json).toEqual({ name: 'ann' });
    },
  );

  it('a token of another browser is worth nothing (A-093)', async () => {
    const attacker = new Visitor(site);
    await Promise.all([victim.logIn('ann'), attacker.logIn('bob')]);
    const answer = await send(site.app, 'POST', '/account', { cookie: victim.cookie, token: attacker.token });
    expect(answer.status).toBe(403);
  });

  it('a token from before the log in is worth nothing after it (A-096)', async () => {
    await victim.send('GET', '/auth/csrf/');
    const before = victim.token;
    await victim.logIn();
    expect((await send(site.app, 'POST', '/account', { cookie: victim.cookie, token: before })).status).toBe(403);
  });

  it('the cookie of before a log out opens nothing after it, nor by any later log in (A-079)', async () => {
    await victim.logIn();
    const stolen = victim.cookie;
    expect((await victim.send('POST', '/auth/logout/')).status).toBe(204);
    expect(await whoIs(site, stolen)).toBe('');
    await victim.logIn();
    expect(await whoIs(site, stolen)).toBe('');
    expect((await send(site.app, 'POST', '/cart', { cookie: stolen, body: ['x'] })).status).toBe(204);
    expect(await whoIs(site, stolen)).toBe('');
  });

  it('who was made inactive is nobody, on every session (A-035, D-175)', async () => {
    await victim.logIn();
    (await ann()).isActive = false;
    expect(await whoIs(site, victim.cookie)).toBe('');
    expect((await victim.logIn()).status).toBe(400);
  });

  it('who was removed is nobody', async () => {
    await victim.logIn();
    site.users.get = () => Promise.resolve(null);
    Object.defineProperty(site.users, 'backends', { value: undefined });
    expect(await whoIs(site, victim.cookie)).toBe('');
  });

  it('with the password all sessions have ended, also if it is changed back (A-076)', async () => {
    const thief = new Visitor(site);
    await Promise.all([victim.logIn(), thief.logIn()]);
    const user = await ann();
    const { password } = user;
    await user.setPassword('better', fastPasswordHashers);
    expect([await whoIs(site, thief.cookie), await whoIs(site, victim.cookie)]).toEqual(['', '']);
    user.password = password;
    expect(await whoIs(site, thief.cookie)).toBe('');
  });

  it('who has come by a session loses it when its owner changes the password, under either key', async () => {
    const other = new Visitor(site);
    await Promise.all([victim.logIn(), other.logIn()]);
    const stolen = victim.cookie;
    const fields = { old_password: 'secret', new_password1: 'long-and-better', new_password2: 'long-and-better' };
    // No page of another site has the browser change it.
    for (const sent of [
      {},
      { token: other.token },
      { token: victim.token, headers: { Origin: 'https://evil.example' } },
    ]) {
      const forged = await send(site.app, 'POST', '/password', { cookie: stolen, body: fields, ...sent });
      expect(forged.status).toBe(403);
    }
    expect((await victim.send('POST', '/password', { body: fields })).status).toBe(204);
    expect(await whoIs(site, victim.cookie)).toBe('ann');
    expect([await whoIs(site, stolen), await whoIs(site, other.cookie)]).toEqual(['', '']);
  });

  it('with the secret all sessions have ended, unless it is kept as a fallback (A-067, A-076)', async () => {
    await victim.logIn();
    const kept = await createSite(engine, { session: { secretKey: 'new', secretKeyFallbacks: [secretKey] } });
    const lost = await createSite(engine, { session: { secretKey: 'new' } });
    for (const each of [kept, lost]) Object.assign((await each.users.get(1))!, { password: (await ann()).password });
    const visitor = new Visitor(kept);
    visitor.jar.set(site.cookieName, victim.sessionCookie!);
    expect((await visitor.send('GET', '/account')).json).toEqual({ name: 'ann' });
    expect(visitor.sessionCookie).not.toBe(victim.sessionCookie);
    expect(await whoIs(lost, visitor.cookie)).toBe('ann');

    const other = new Visitor(site);
    await other.logIn();
    expect(await whoIs(lost, other.cookie)).toBe('');
  });

  it('of several cookies of one name one counts, for the session and for its token', async () => {
    const attacker = new Visitor(site);
    await Promise.all([victim.logIn('ann'), attacker.logIn('bob')]);
    const both = [`${victim.cookie}; ${attacker.cookie}`, `${attacker.cookie}; ${victim.cookie}`];
    for (const cookie of both) {
      const name = await whoIs(site, cookie);
      const own = name === 'ann' ? victim : attacker;
      const other = name === 'ann' ? attacker : victim;
      expect(['ann', 'bob']).toContain(name);
      expect((await send(site.app, 'POST', '/account', { cookie: own.cookie, token: own.token })).json).toEqual({
        name,
      });
      // Never one's session with the other's token.
      const mixed = `${own.cookie}; csrftoken=${other.jar.get('csrftoken')!}`;
      expect((await send(site.app, 'POST', '/account', { cookie: mixed, token: own.token })).status).toBe(403);
    }
  });

  it('a cookie of any shape is nobody and no error', async () => {
    await victim.logIn();
    const key = victim.sessionCookie!;
    const shapes = [
      '',
      '""',
      'x',
      ' ',
      '%00',
      "' OR 1=1 --",
      '../../etc/passwd',
      '*',
      'a'.repeat(8000),
      `${key}x`,
      `x${key}`,
      key.slice(1),
    ];
    for (const shape of shapes) {
      const answer = await send(site.app, 'GET', '/account', { cookie: `${site.cookieName}=${shape}` });
      expect([shape, answer.status, answer.json]).toEqual([shape, 200, { name: '' }]);
    }
    const elsewhere = await send(site.app, 'GET', `/account?${site.cookieName}=${key}`, {
      headers: { [site.cookieName]: key, Authorization: `Session ${key}`, 'X-Session-ID': key },
    });
    expect(elsewhere.json).toEqual({ name: '' });
  });

  it('a large session grows no cookie', async () => {
    const cart = Array.from({ length: 2000 }, (_, i) => `${'item'.repeat(50)}${String(i)}`);
    await victim.send('POST', '/cart', { body: cart });
    expect(victim.sessionCookie!.length).toBeLessThan(100);
    expect((await victim.send('GET', '/cart')).json.cart).toEqual(cart);
  });

  it('of two log ins at once both succeed, and each is one’s own', async () => {
    await victim.send('POST', '/cart', { body: ['mine'] });
    await victim.send('GET', '/auth/csrf/');
    const { cookie, token } = victim;
    const answers = await Promise.all(
      ['ann', 'bob', 'ann', 'bob'].map((username) =>
        send(site.app, 'POST', '/auth/login/', { cookie, token, body: { username, password: 'secret' } }),
      ),
    );
    const keys = answers.map((answer) => cookiesOf(answer)[site.cookieName]!.split(';', 1)[0]!);
    expect(new Set(keys).size).toBe(4);
    const names = await Promise.all(keys.map((key) => whoIs(site, `${site.cookieName}=${key}`)));
    expect(names).toEqual(['ann', 'bob', 'ann', 'bob']);
    expect(await whoIs(site, cookie)).toBe('');
  });
}

describe('With sessions in memory', () => {
  testAttacks(engines.memory);
});
describe('With sessions in PostgreSQL', () => {
  testAttacks(engines.PostgreSQL);
});
describeWithRedis('With sessions in Redis', () => {
  testAttacks(engines.Redis);
});
describe('With sessions of express-session', () => {
  testAttacks(engines['express-session']);
});

describe('The text of a stored session', () => {
  async function stored(data: string): Promise<unknown> {
    const world = new World();
    const key = 'k'.repeat(32);
    await world.sessions.create({ key, data, expires: new Date('2033-01-01') });
    const session = await openSession(world.settings, key);
    return Object.fromEntries(session.entries());
  }
  const clock = { now: () => Date.parse('2023-11-14T22:13:20Z') };
  const salt = 'django.contrib.sessions.SessionStore';
  const good = dumps({ _auth_user_id: '1' }, { key: secretKey, salt, clock });

  it('is believed as it was written', async () => {
    expect(await stored(good)).toEqual({ _auth_user_id: '1' });
  });

  it('is empty with any character changed, taken out or put in (A-065, A-067)', async () => {
    for (let i = 0; i < good.length; i++) {
      const other = good[i] === 'A' ? 'B' : 'A';
      const changed = [
        good.slice(0, i) + other + good.slice(i + 1),
        good.slice(0, i) + good.slice(i + 1),
        good.slice(0, i) + other + good.slice(i),
      ];
      for (const text of changed) expect([text, await stored(text)]).toEqual([text, {}]);
    }
  });

  it.each([
    ['another secret', dumps({ a: 1 }, { key: 'other', salt, clock })],
    ['another purpose', dumps({ a: 1 }, { key: secretKey, salt: 'django.contrib.messages', clock })],
    ['no signature', Buffer.from('{"a":1}').toString('base64url')],
    ['a signature of no time', `${Buffer.from('{"a":1}').toString('base64url')}:x`],
    ['a list', dumps([1], { key: secretKey, salt, clock })],
    ['null', dumps(null, { key: secretKey, salt, clock })],
    [
      'broken JSON',
      new TimestampSigner({ key: secretKey, salt, clock }).sign(Buffer.from('{"a":').toString('base64url')),
    ],
    ['broken compression', new TimestampSigner({ key: secretKey, salt, clock }).sign('.AAAA')],
    ['nothing', ''],
  ])('is empty with %s (A-067)', async (_, text) => {
    expect(await stored(text)).toEqual({});
  });

  it('gives no object a prototype', async () => {
    const text = new TimestampSigner({ key: secretKey, salt, clock }).sign(
      Buffer.from('{"__proto__":{"admin":true},"a":1}').toString('base64url'),
    );
    await stored(text);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});

describe('The cookies', () => {
  const flags = [
    ['Secure', { cookieSecure: true }, /; Secure$/],
    ['no Secure', { cookieSecure: false }, /^((?!Secure).)*$/],
    ['HttpOnly', { cookieHttponly: true }, /; HttpOnly(;|$)/],
    ['no HttpOnly', { cookieHttponly: false }, /^((?!HttpOnly).)*$/],
    ['SameSite=Strict', { cookieSamesite: 'Strict' }, /; SameSite=Strict(;|$)/],
    ['SameSite=None', { cookieSamesite: 'None' }, /; SameSite=None(;|$)/],
    ['no SameSite', { cookieSamesite: null }, /^((?!SameSite).)*$/],
    ['a domain', { cookieDomain: '.example.com' }, /; Domain=\.example\.com(;|$)/],
    ['a path', { cookiePath: '/app' }, /; Path=\/app(;|$)/],
    ['an age', { cookieAge: 60 }, /; Max-Age=60(;|$)/],
    ['a name that browsers guard', { cookieName: '__Host-it' }, /./],
  ] as const;

  it.each(flags)(
    'have %s where the settings say so, and are taken back with the same place (A-061, A-094)',
    async (_, options, expected) => {
      const site = await createSite(await engines.memory(), { session: options, csrf: options });
      // Both can't have one name.
      const named = 'cookieName' in options;
      const own = named ? await createSite(await engines.memory(), { session: options }) : site;
      const cookieName = named ? options.cookieName : 'sessionid';
      const visitor = new Visitor({ ...own, cookieName });
      const lines = cookiesOf(await visitor.logIn());
      expect(lines[cookieName]).toMatch(expected);
      if (!named) expect(lines['csrftoken']).toMatch(expected);
      const gone = cookiesOf(await visitor.send('POST', '/auth/logout/'))[cookieName]!;
      expect(gone).toMatch(/Max-Age=0/);
      const place = (line: string): string[] =>
        line.split('; ').filter((part) => /^(Domain|Path|SameSite)=/.test(part));
      expect(place(gone)).toEqual(place(lines[cookieName]!));
    },
  );
});
