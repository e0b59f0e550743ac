import { describe, expect, it } from '@jest/globals';
import { getSession, openSession, Session, SessionCodec, SessionInterrupted } from 'sallyport';
import { call, serve } from '../../support/server';
import { cookieHeader, cookiesOf, secretKey, World } from '../../support/sessions';

/** A session that is stored, with these values. */
async function storedSession(world: World, values: Record<string, unknown> = {}): Promise<Session> {
  const session = await openSession(world.settings, null);
  for (const [name, value] of Object.entries(values)) session.set(name, value);
  await session.save();
  return session;
}

const reopen = async (world: World, session: Session): Promise<Session> =>
  openSession(world.settings, session.sessionKey);
const valuesOf = (session: Session): Record<string, unknown> => Object.fromEntries(session.entries());

describe('a session', () => {
  it('holds values of JSON by name', async () => {
    const session = await openSession(new World().settings, null);
    session.set('cart', [1]);
    session.set('name', 'ann');
    expect(session.get('cart')).toEqual([1]);
    expect(session.has('name')).toBe(true);
    expect(session.pop('name')).toBe('ann');
    expect([session.get('name'), session.has('name'), session.pop('name')]).toEqual([undefined, false, undefined]);
    expect(valuesOf(session)).toEqual({ cart: [1] });
    session.clear();
    expect(valuesOf(session)).toEqual({});
  });

  it('is modified by a change, and by nothing else', async () => {
    const session = await openSession(new World().settings, null);
    session.get('a');
    session.has('a');
    session.delete('a');
    session.pop('a');
    expect(session.modified).toBe(false);
    session.set('a', 1);
    expect(session.modified).toBe(true);
  });

  it('has no key before it is saved, then one of 32 characters that nobody can guess (A-061)', async () => {
    const world = new World();
    const session = await openSession(world.settings, null);
    expect([session.sessionKey, session.isEmpty]).toEqual([null, true]);
    session.set('a', 1);
    expect(session.isEmpty).toBe(false);
    await session.save();
    expect(session.sessionKey).toMatch(/^[a-z0-9]{32}$/);
    expect(valuesOf(await reopen(world, session))).toEqual({ a: 1 });
  });

  it('takes another key where its own is taken', async () => {
    const world = new World();
    const taken: string[] = [];
    const session = await openSession(
      new World({
        session: {
          store: Object.assign(Object.create(world.sessions) as typeof world.sessions, {
            create: (row: { key: string }) => Promise.resolve(taken.push(row.key) === 3),
          }),
        },
      }).settings,
      null,
    );
    session.set('a', 1);
    await session.save();
    expect(new Set(taken).size).toBe(3);
    expect(session.sessionKey).toBe(taken[2]);
  });

  it.each(['short12', '', 'a'.repeat(41), 'a'.repeat(8), 'not stored anywhere', 'abcdefgh\0', 'ä'.repeat(8)])(
    'does not take over the key %j, which it has not given (A-063)',
    async (key) => {
      const world = new World();
      const session = await openSession(world.settings, key);
      expect([session.sessionKey, session.isEmpty]).toEqual([null, true]);
      session.set('a', 1);
      await session.save();
      expect(session.sessionKey).not.toBe(key);
    },
  );

  it('never asks the store for a key that it can not hold', async () => {
    const asked: string[] = [];
    const store = {
      load: async (key: string) => {
        asked.push(key);
        return null;
      },
    };
    const { settings } = new World({ session: { store: store as never } });
    for (const key of ['short12', 'a'.repeat(41), 'abcdefgh\0', 'ä'.repeat(8)]) await openSession(settings, key);
    expect(asked).toEqual([]);
    await openSession(settings, 'a'.repeat(32));
    expect(asked).toHaveLength(1);
  });

  it('is empty, and an error for the log, when its text was damaged (A-067)', async () => {
    const world = new World();
    const session = await storedSession(world, { a: 1 });
    const other = new World({ session: { store: world.sessions, secretKey: 'another' } });
    const damaged = await reopen(other, session);
    expect(valuesOf(damaged)).toEqual({});
    expect(damaged.isEmpty).toBe(false);
    expect(other.log.errors).toHaveLength(1);
  });

  it('is read with a former secret, and saved with the present one (A-067)', async () => {
    const world = new World();
    const session = await storedSession(world, { a: 1 });
    const rotated = new World({
      session: { store: world.sessions, secretKey: 'new', secretKeyFallbacks: [secretKey] },
    });
    const read = await reopen(rotated, session);
    expect(valuesOf(read)).toEqual({ a: 1 });
    await read.save();
    const text = await world.sessions.load(session.sessionKey!, new Date(0));
    expect(new SessionCodec({ key: 'new', clock: world.clock }).decode(text!)).toEqual(new Map([['a', 1]]));
  });

  it('is read with all secrets of before: its own, and those of the app', async () => {
    for (const [session, secretKeyFallbacks] of [
      [{ secretKeyFallbacks: [secretKey] }, ['older']],
      [{}, ['older', secretKey]],
    ] as const) {
      const world = new World();
      const stored = await storedSession(world, { a: 1 });
      const rotated = new World({
        session: { ...session, store: world.sessions },
        settings: { secretKey: 'new', secretKeyFallbacks },
      });
      expect(valuesOf(await reopen(rotated, stored))).toEqual({ a: 1 });
    }
  });

  it('has nothing to do with the secret of the app where it has one of its own', async () => {
    const world = new World();
    const stored = await storedSession(world, { a: 1 });
    const apart = new World({
      session: { store: world.sessions, secretKey: 'of sessions' },
      settings: { secretKey, secretKeyFallbacks: [secretKey] },
    });
    expect(valuesOf(await reopen(apart, stored))).toEqual({});
  });

  it('can’t be opened without a secret, and is not taken for a damaged one', async () => {
    const world = new World();
    const stored = await storedSession(world, { a: 1 });
    const bare = new World({ session: { store: world.sessions }, settings: { secretKey: null } });
    await expect(reopen(bare, stored)).rejects.toThrow("needs the setting 'secretKey'");
    expect(bare.log.errors).toEqual([]);
  });

  it('tells whether a browser takes cookies', async () => {
    const session = await openSession(new World().settings, null);
    expect(session.testCookieWorked()).toBe(false);
    session.setTestCookie();
    expect(session.testCookieWorked()).toBe(true);
    expect(valuesOf(session)).toEqual({ testcookie: 'worked' });
    session.deleteTestCookie();
    expect(session.testCookieWorked()).toBe(false);
  });
});

describe('a new key', () => {
  it('keeps the values, and the old key finds nothing any more (A-072)', async () => {
    const world = new World();
    const session = await storedSession(world, { a: 1 });
    const old = session.sessionKey!;
    session.cycleKey();
    session.set('b', 2);
    await session.save();
    expect(session.sessionKey).not.toBe(old);
    expect(await world.sessions.load(old, new Date(0))).toBeNull();
    expect(valuesOf(await reopen(world, session))).toEqual({ a: 1, b: 2 });
  });

  it('loses nothing that another request wrote meanwhile', async () => {
    const world = new World();
    const session = await storedSession(world, { a: 1 });
    const [first, second] = [await reopen(world, session), await reopen(world, session)];
    first.set('theirs', true);
    await first.save();
    second.cycleKey();
    second.set('mine', true);
    await second.save();
    expect(valuesOf(await reopen(world, second))).toEqual({ a: 1, theirs: true, mine: true });
  });

  it('is given to each of two requests at once', async () => {
    const world = new World();
    const session = await storedSession(world, { a: 1 });
    const both = [await reopen(world, session), await reopen(world, session)];
    for (const [i, one] of both.entries()) {
      one.cycleKey();
      one.set('number', i);
    }
    await Promise.all(both.map((one) => one.save()));
    for (const [i, one] of both.entries()) expect(valuesOf(await reopen(world, one))).toEqual({ a: 1, number: i });
    expect(valuesOf(await reopen(world, session))).toEqual({});
  });
});

describe('flush', () => {
  it('ends the session at once, and what is set afterwards begins another one (A-072)', async () => {
    const world = new World();
    const session = await storedSession(world, { a: 1 });
    const old = session.sessionKey!;
    await session.flush();
    expect(await world.sessions.load(old, new Date(0))).toBeNull();
    expect([session.isEmpty, session.sessionKey, session.modified]).toEqual([true, null, true]);
    session.set('b', 2);
    await session.save();
    expect(session.sessionKey).not.toBe(old);
    expect(valuesOf(await reopen(world, session))).toEqual({ b: 2 });
  });

  it('removes the row of a session whose new key was not saved yet', async () => {
    const world = new World();
    const session = await storedSession(world, { a: 1 });
    const old = session.sessionKey!;
    session.cycleKey();
    await session.flush();
    expect(await world.sessions.load(old, new Date(0))).toBeNull();
  });
});

describe('the end of a session', () => {
  it('is two weeks after the last change, by default (A-061)', async () => {
    const world = new World();
    const session = await storedSession(world, { a: 1 });
    expect(session.getExpiryAge()).toBe(1_209_600);
    expect(session.getExpiryDate()).toEqual(new Date(world.clock.now() + 1_209_600_000));
    world.clock.advance(1_209_599_999);
    expect((await reopen(world, session)).isEmpty).toBe(false);
    world.clock.advance(1);
    expect((await reopen(world, session)).isEmpty).toBe(true);
  });

  it('is set in seconds, as a time, for the browser to decide, or back to the settings (A-073)', async () => {
    const world = new World();
    const session = await openSession(world.settings, null);
    const state = (): unknown[] => [
      session.get('_session_expiry'),
      session.getExpiryAge(),
      session.getExpiryDate().getTime() - world.clock.now(),
      session.getExpireAtBrowserClose(),
    ];
    session.setExpiry(300);
    expect(state()).toEqual([300, 300, 300_000, false]);
    session.setExpiry(0);
    expect(state()).toEqual([0, 1_209_600, 1_209_600_000, true]);
    session.setExpiry(new Date(world.clock.now() + 90_500));
    expect(state()).toEqual(['2023-11-14T22:14:50.500000+00:00', 90, 90_500, false]);
    session.setExpiry(null);
    expect(state()).toEqual([undefined, 1_209_600, 1_209_600_000, false]);
  });

  it('is read from what Django wrote (A-073)', async () => {
    const world = new World();
    const session = await openSession(world.settings, null);
    session.set('_session_expiry', '2023-11-14T22:15:20.678901+00:00');
    expect(session.getExpiryAge()).toBe(120);
    session.set('_session_expiry', null);
    expect(session.getExpiryAge()).toBe(1_209_600);
    session.set('_session_expiry', 'no time');
    expect(session.getExpiryAge()).toBe(1_209_600);
  });

  it('is the browser’s to decide where the settings say so', async () => {
    const world = new World({ session: { expireAtBrowserClose: true, cookieAge: 60 } });
    const session = await openSession(world.settings, null);
    expect([session.getExpireAtBrowserClose(), session.getExpiryAge()]).toEqual([true, 60]);
    session.setExpiry(300);
    expect(session.getExpireAtBrowserClose()).toBe(false);
  });
});

describe('two requests that change one session at once', () => {
  it('both keep what they wrote', async () => {
    const world = new World();
    const session = await storedSession(world, { count: 1, cart: ['a'], old: true });
    const [first, second] = [await reopen(world, session), await reopen(world, session)];
    first.set('mine', 1);
    first.set('count', 2);
    second.set('theirs', 2);
    (second.get('cart') as string[]).push('b');
    second.delete('old');
    await Promise.all([first.save(), second.save()]);
    expect(valuesOf(await reopen(world, session))).toEqual({ count: 2, cart: ['a', 'b'], mine: 1, theirs: 2 });
  });

  it('are as many as there may be', async () => {
    const world = new World();
    const session = await storedSession(world);
    const requests = await Promise.all(Array.from({ length: 64 }, () => reopen(world, session)));
    for (const [i, one] of requests.entries()) one.set(`n${String(i)}`, i);
    await Promise.all(requests.map((one) => one.save()));
    expect((await reopen(world, session)).has('n63')).toBe(true);
    expect([...(await reopen(world, session)).entries()]).toHaveLength(64);
  });

  it('do not bring a session back that one of them has ended (A-070)', async () => {
    const world = new World();
    const session = await storedSession(world, { a: 1 });
    const [first, second] = [await reopen(world, session), await reopen(world, session)];
    second.set('b', 2);
    await first.flush();
    await expect(second.save()).rejects.toThrow(SessionInterrupted);
    expect((await reopen(world, session)).isEmpty).toBe(true);
  });

  it('end where a store never takes what it is given', async () => {
    const world = new World();
    const session = await storedSession(world, { a: 1 });
    const stubborn = new World({
      session: {
        store: Object.assign(Object.create(world.sessions) as typeof world.sessions, {
          load: (key: string, now: Date) => world.sessions.load(key, now),
          replace: () => Promise.resolve('changed'),
        }),
      },
    });
    const again = await reopen(stubborn, session);
    again.set('b', 2);
    await expect(again.save()).rejects.toThrow('could not be saved');
  });
});

describe('over HTTP, a session', () => {
  it('is saved with the answer, and its cookie has the attributes of Django (A-061, A-070, A-071)', async () => {
    const world = new World();
    const answer = await call(world.plain(async (request) => (await getSession(request)).set('a', 1)));
    expect(answer.headers['vary']).toBe('Cookie');
    expect(cookiesOf(answer)['sessionid']).toMatch(
      /^[a-z0-9]{32}; expires=Tue, 28 Nov 2023 22:13:20 GMT; HttpOnly; Max-Age=1209600; Path=\/; SameSite=Lax$/,
    );
    const cookie = cookieHeader(answer);
    const seen = await call(
      world.view(async (request) => (await getSession(request)).get('a')),
      { headers: { cookie } },
    );
    expect(seen.text).toBe('1');
    expect(cookiesOf(seen)).toEqual({});
  });

  it('has the cookie that the settings describe (A-061)', async () => {
    const world = new World({
      session: {
        cookieName: '__Secure-sid',
        cookieAge: 60,
        cookieDomain: '.example.com',
        cookiePath: '/app',
        cookieSecure: true,
        cookieHttponly: false,
        cookieSamesite: 'None',
      },
    });
    const set = await call(world.plain(async (request) => (await getSession(request)).set('a', 1)));
    expect(set.headers['set-cookie']).toEqual([
      expect.stringMatching(
        /^__Secure-sid=[a-z0-9]{32}; Domain=\.example\.com; expires=Tue, 14 Nov 2023 22:14:20 GMT; Max-Age=60; Path=\/app; SameSite=None; Secure$/,
      ),
    ]);
    const cookie = cookieHeader(set);
    const deleted = await call(
      world.plain(async (request) => (await getSession(request)).flush()),
      { headers: { cookie } },
    );
    expect(deleted.headers['set-cookie']).toEqual([
      '__Secure-sid=""; Domain=.example.com; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/app; SameSite=None; Secure',
    ]);
  });

  it('has a cookie without an end where the browser decides (A-073)', async () => {
    const world = new World();
    const answer = await call(world.plain(async (request) => (await getSession(request)).setExpiry(0)));
    expect(cookiesOf(answer)['sessionid']).toMatch(/^[a-z0-9]{32}; HttpOnly; Path=\/; SameSite=Lax$/);
    const custom = await call(world.plain(async (request) => (await getSession(request)).setExpiry(90)));
    expect(cookiesOf(custom)['sessionid']).toContain('Max-Age=90');
  });

  it('is neither loaded nor mentioned where nobody asks for it (A-071)', async () => {
    const loads: string[] = [];
    const world = new World({
      session: {
        store: {
          load: async (key: string) => {
            loads.push(key);
            return null;
          },
        } as never,
      },
      settings: { defaultAuthenticationClasses: [] },
    });
    const headers = { cookie: `sessionid=${'a'.repeat(32)}` };
    for (const handler of [world.plain(() => undefined), world.view(() => 'ok')]) {
      const answer = await call(handler, { headers });
      expect(answer.headers['vary']).toBeUndefined();
      expect(answer.headers['set-cookie']).toBeUndefined();
    }
    expect(loads).toEqual([]);
  });

  it('that is only read is not saved, but the answer varies on the cookie (A-070, A-071)', async () => {
    const world = new World();
    const { sessionKey } = await storedSession(world, { a: 1 });
    const before = await world.sessions.load(sessionKey!, new Date(0));
    world.clock.advance(60_000);
    const headers = { cookie: `sessionid=${sessionKey!}` };
    const answer = await call(
      world.plain(async (request) => void (await getSession(request)).get('a')),
      { headers },
    );
    expect([answer.headers['vary'], answer.headers['set-cookie']]).toEqual(['Cookie', undefined]);
    expect(await world.sessions.load(sessionKey!, new Date(0))).toBe(before);
  });

  it('is saved at each read where the settings say so (A-070)', async () => {
    const world = new World({ session: { saveEveryRequest: true } });
    const { sessionKey } = await storedSession(world, { a: 1 });
    world.clock.advance(60_000);
    const headers = { cookie: `sessionid=${sessionKey!}` };
    const read = world.plain(async (request) => void (await getSession(request)).get('a'));
    expect(cookiesOf(await call(read, { headers }))['sessionid']).toContain('Max-Age=1209600');
    world.clock.advance(1_209_600_000 - 1);
    expect((await openSession(world.settings, sessionKey)).isEmpty).toBe(false);
    expect((await call(read)).headers['set-cookie']).toBeUndefined();
  });

  it('that does not exist costs its cookie (A-071)', async () => {
    const world = new World();
    for (const key of ['a'.repeat(32), 'short', '']) {
      const answer = await call(
        world.plain(async (request) => void (await getSession(request))),
        { headers: { cookie: `sessionid=${key}` } },
      );
      expect(answer.headers['vary']).toBe('Cookie');
      expect(answer.headers['set-cookie']).toEqual([
        'sessionid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax',
      ]);
    }
    const without = await call(world.plain(async (request) => void (await getSession(request))));
    expect([without.headers['vary'], without.headers['set-cookie']]).toEqual(['Cookie', undefined]);
  });

  it('is not saved when the answer is an error of the server (A-070)', async () => {
    const world = new World();
    const { sessionKey } = await storedSession(world, { a: 1 });
    const headers = { cookie: `sessionid=${sessionKey!}` };
    const failures = [
      world.plain(async (request) => {
        (await getSession(request)).set('a', 2);
        return new globalThis.Response(null, { status: 503 });
      }),
      world.plain(async (request) => {
        (await getSession(request)).set('a', 2);
        throw new Error('bug');
      }),
      world.view(async (request) => {
        (await getSession(request)).set('a', 2);
        throw new Error('bug');
      }),
    ];
    for (const failure of failures) {
      const answer = await call(failure, { headers });
      expect(answer.status).toBeGreaterThanOrEqual(500);
      expect([answer.headers['vary'], answer.headers['set-cookie']]).toEqual(['Cookie', undefined]);
    }
    expect((await openSession(world.settings, sessionKey)).get('a')).toBe(1);
  });

  it('is saved when the answer is an error of the client', async () => {
    const world = new World();
    const { sessionKey } = await storedSession(world, { a: 1 });
    const answer = await call(
      world.plain(async (request) => {
        (await getSession(request)).set('a', 2);
        return new globalThis.Response(null, { status: 404 });
      }),
      { headers: { cookie: `sessionid=${sessionKey!}` } },
    );
    expect(answer.status).toBe(404);
    expect((await openSession(world.settings, sessionKey)).get('a')).toBe(2);
  });

  it('that was ended meanwhile is answered with 400, by the server or by its host (A-070)', async () => {
    const world = new World();
    const change = world.plain(async (request) => {
      const session = await getSession(request);
      session.set('a', 2);
      await world.sessions.delete(session.sessionKey!);
    });
    const headers = async (): Promise<{ cookie: string }> => ({
      cookie: `sessionid=${(await storedSession(world, { a: 1 })).sessionKey!}`,
    });
    const answer = await call(change, { headers: await headers() });
    expect([answer.status, answer.json, answer.headers['set-cookie']]).toEqual([
      400,
      { error: 'Bad Request (400)' },
      undefined,
    ]);
    expect(world.log.errors).toEqual([]);

    const passed: unknown[] = [];
    await call(
      async (request, response) => {
        await change(request, response, (error) => {
          passed.push(error);
          response.statusCode = (error as { status: number }).status;
          response.end();
        });
      },
      { headers: await headers() },
    );
    expect(passed).toEqual([expect.any(SessionInterrupted)]);
  });

  it('fails loudly, and sets no cookie, when the store does', async () => {
    const world = new World({ session: { store: { load: () => Promise.reject(new Error('no database')) } as never } });
    const answer = await call(
      world.plain((request) => getSession(request)),
      { headers: { cookie: `sessionid=${'a'.repeat(32)}` } },
    );
    expect([answer.status, answer.headers['vary'], answer.headers['set-cookie']]).toEqual([500, 'Cookie', undefined]);
    expect(world.log.errors).toHaveLength(1);
  });

  it('is one for all who ask on the same request', async () => {
    const world = new World();
    const inner = world.view(async (request) => (await getSession(request)).set('inner', true));
    const answer = await call(async (request, response) => {
      (await getSession(request, world.settings)).set('outer', true);
      const [a, b] = await Promise.all([getSession(request), getSession(request)]);
      expect(a).toBe(b);
      await inner(request, response);
    });
    expect(answer.headers['set-cookie']).toHaveLength(1);
    const session = await openSession(world.settings, /sessionid=(\w+)/.exec(cookieHeader(answer))![1]);
    expect(valuesOf(session)).toEqual({ outer: true, inner: true });
  });

  it('keeps the writes of two requests that overlap', async () => {
    const world = new World();
    const { sessionKey } = await storedSession(world);
    let arrived = 0;
    let open = (): void => undefined;
    const bothHere = new Promise<void>((resolve) => (open = resolve));
    const server = await serve(
      world.plain(async (request) => {
        const session = await getSession(request);
        if (++arrived === 2) open();
        await bothHere;
        session.set(request.url!, true);
      }),
    );
    const headers = { cookie: `sessionid=${sessionKey!}` };
    await Promise.all(['/a', '/b'].map((path) => server.request({ path, headers }))).finally(() => server.close());
    expect(valuesOf(await openSession(world.settings, sessionKey))).toEqual({ '/a': true, '/b': true });
  });

  it('needs settings to be found by', async () => {
    await expect(getSession({ headers: {} })).rejects.toThrow('withSession(settings, handler)');
    await expect(getSession({ headers: {} }, new World().settings)).resolves.toBeInstanceOf(Session);
  });
});
