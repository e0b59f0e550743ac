import { describe, expect, it } from '@jest/globals';
import {
  authenticate,
  backendOf,
  defineSettings,
  getSession,
  getUser,
  ImproperlyConfigured,
  login,
  logout,
  ModelBackend,
  openSession,
  PermissionDenied,
  updateSessionAuthHash,
  User,
} from 'sallyport';
import type { AuthenticationBackend, BaseUser, HostRequest, LoginOptions, Request, Session } from 'sallyport';
import { fastPasswordHashers, MemoryUserStore } from 'sallyport/testing';
import { call } from '../../support/server';
import type { Answer } from '../../support/server';
import { cookieHeader, cookiesOf, nameOf, secretKey, World } from '../../support/sessions';

const MODEL_BACKEND = 'django.contrib.auth.backends.ModelBackend';

/** Logs a user in by a request of its own, and gives the answer. */
const logIn = (world: World, user: BaseUser, cookie?: string, options?: LoginOptions): Promise<Answer> =>
  call(
    world.plain((request) => login(request, user, options)),
    cookie === undefined ? {} : { headers: { cookie } },
  );

/** Who is logged in on a browser with these cookies. */
async function whoIs(world: World, cookie: string): Promise<Answer & { readonly name: unknown }> {
  const answer = await call(
    world.view(async (request) => ({ name: nameOf(await getUser(request)) })),
    { headers: { cookie } },
  );
  return Object.assign(answer, { name: answer.json.name as unknown });
}

const keyOf = (cookie: string): string => /sessionid=([a-z0-9]+)/.exec(cookie)![1]!;
const sessionOf = async (world: World, cookie: string): Promise<Session> => openSession(world.settings, keyOf(cookie));

describe('login', () => {
  it('leaves in the session what Django leaves there (A-068, A-077)', async () => {
    const world = new World();
    const user = await world.createUser();
    const answer = await logIn(world, user);
    expect(answer.headers['vary']).toBe('Cookie');
    expect(Object.fromEntries((await sessionOf(world, cookieHeader(answer))).entries())).toEqual({
      _auth_user_id: '1',
      _auth_user_backend: MODEL_BACKEND,
      _auth_user_hash: user.getSessionAuthHash(secretKey),
    });
    expect((await whoIs(world, cookieHeader(answer))).name).toBe('ann');
  });

  it('gives the session a new key, and keeps what an anonymous visitor had (A-077)', async () => {
    const world = new World();
    const user = await world.createUser();
    const before = cookieHeader(
      await call(world.plain(async (request) => (await getSession(request)).set('cart', [1]))),
    );
    const after = cookieHeader(await logIn(world, user, before));
    expect(keyOf(after)).not.toBe(keyOf(before));
    expect((await sessionOf(world, after)).get('cart')).toEqual([1]);
    expect((await whoIs(world, before)).name).toBe('');
  });

  it('lets nobody in who has planted a session on a visitor (A-063, A-077)', async () => {
    const world = new World();
    const planted = [
      `sessionid=${'a'.repeat(32)}`,
      cookieHeader(await call(world.plain(async (request) => (await getSession(request)).set('a', 1)))),
    ];
    for (const [i, cookie] of planted.entries()) {
      const victim = await logIn(world, await world.createUser(`victim${String(i)}`), cookie);
      expect(keyOf(cookieHeader(victim))).not.toBe(keyOf(cookie));
      expect((await whoIs(world, cookie)).name).toBe('');
    }
  });

  it('changes the CSRF secret in the same answer (A-096)', async () => {
    const world = new World();
    const held = 'abcdefghijklmnopqrstuvwxyzABCDEF';
    const answer = await logIn(world, await world.createUser(), `csrftoken=${held}`);
    expect(Object.keys(cookiesOf(answer)).sort()).toEqual(['csrftoken', 'sessionid']);
    expect(cookiesOf(answer)['csrftoken']).toMatch(/^[a-zA-Z0-9]{32}; /);
    expect(cookiesOf(answer)['csrftoken']).not.toContain(held);
  });

  it('keeps the key for the same user (A-077)', async () => {
    const world = new World();
    const user = await world.createUser();
    const first = cookieHeader(await logIn(world, user));
    const second = cookieHeader(await logIn(world, user, first));
    expect(keyOf(second)).toBe(keyOf(first));
  });

  it('gives up the session of another user, and of another password (A-077)', async () => {
    const world = new World();
    const ann = await world.createUser('ann');
    const bob = await world.createUser('bob');
    const mark = world.plain(async (request) => (await getSession(request)).set('private', true));
    for (const [i, change] of [
      (): BaseUser => bob,
      (): BaseUser => Object.assign(ann, { password: 'other' }),
    ].entries()) {
      const cookie = cookieHeader(await logIn(world, ann));
      await call(mark, { headers: { cookie } });
      const next = cookieHeader(await logIn(world, change(), cookie));
      expect(keyOf(next)).not.toBe(keyOf(cookie));
      expect((await sessionOf(world, next)).has('private')).toBe(false);
      expect((await sessionOf(world, cookie)).isEmpty).toBe(true);
      expect((await whoIs(world, next)).name).toBe(['bob', 'ann'][i]);
    }
  });

  it('is seen by the same request, however it asks (D-115)', async () => {
    const world = new World();
    const user = await world.createUser();
    const answer = await call(
      world.view(async (request) => {
        const before = nameOf(await getUser(request));
        await login(request, user);
        return [before, nameOf(request.user), nameOf(await getUser(request)), request.auth];
      }),
    );
    expect(answer.json).toEqual(['', 'ann', 'ann', null]);
  });

  it('sets the user of the host’s request, for middleware of the host (D-102)', async () => {
    const world = new World();
    const user = await world.createUser();
    const request: HostRequest = { headers: {} };
    await login(request, user, { settings: world.settings });
    expect(request.user).toBe(user);
    const seen: unknown[] = [];
    await call(async (raw, response) => {
      await world.view((wrapped) => login(wrapped, user))(raw, response);
      seen.push(raw.user);
    });
    expect(seen).toEqual([user]);
  });

  it('stores when it was, and tells the app (A-077, A-107, A-108)', async () => {
    const heard: unknown[] = [];
    const world = new World({
      session: { onLoggedIn: (user, request) => void heard.push([user, 'headers' in request]) },
    });
    const user = await world.createUser();
    await logIn(world, user);
    expect(user.lastLogin).toEqual(new Date(world.clock.now()));
    expect(heard).toEqual([[user, true]]);
  });

  it('opens nothing where the app refuses, whatever the answer is', async () => {
    for (const onLoggedIn of [
      () => {
        throw new PermissionDenied('Not today.');
      },
      () => Promise.reject(new PermissionDenied('Not today.')),
    ]) {
      const world = new World({ session: { onLoggedIn } });
      const user = await world.createUser();
      const answer = await call(
        world.view(async (request) => {
          await login(request, user).catch(() => undefined);
          return { name: nameOf(await getUser(request)), user: nameOf(request.user) };
        }),
      );
      expect(answer.json).toEqual({ name: '', user: '' });
      expect((await logIn(world, user)).status).toBe(403);
      expect((await whoIs(world, cookieHeader(answer))).name).toBe('');
      expect(cookiesOf(answer)['sessionid']).toBeUndefined();
    }
  });

  it('fails with what the app throws then (A-109)', async () => {
    const world = new World({
      session: {
        onLoggedIn: () => {
          throw new Error('no');
        },
      },
    });
    const user = await world.createUser();
    await expect(login({ headers: {} }, user, { settings: world.settings })).rejects.toThrow('no');
  });

  it('takes users that have no password, and stores without last log ins', async () => {
    const robot: BaseUser = { pk: 7, isActive: true, isAuthenticated: true };
    const users = { get: async (pk: unknown) => (pk === '7' ? robot : null), getByNaturalKey: async () => null };
    const world = new World({ settings: { users: { ...users, authenticate: () => null } } });
    const answer = await logIn(world, robot);
    const cookie = cookieHeader(answer);
    expect((await sessionOf(world, cookie)).get('_auth_user_hash')).toBe('');
    const seen: unknown[] = [];
    await call(
      world.plain(async (request) => seen.push(await getUser(request))),
      { headers: { cookie } },
    );
    expect(seen).toEqual([robot]);
  });

  it('refuses a user that was not saved', async () => {
    const world = new World();
    const user = Object.assign(new User(), { username: 'new' });
    await expect(login({ headers: {} }, user, { settings: world.settings })).rejects.toThrow('was saved');
  });
});

describe('the backend of a log in', () => {
  class Other extends ModelBackend<User> {
    override readonly path: string = 'app.Other';
  }
  const hashers = fastPasswordHashers;
  const two = (): MemoryUserStore =>
    new MemoryUserStore({
      hashers,
      backends: (store) => [new Other(store, { hashers }), new ModelBackend(store, { hashers })],
    });
  const worldWith = (users: MemoryUserStore): World => new World({ settings: { users } });
  const pathIn = async (world: World, answer: Answer): Promise<unknown> =>
    (await sessionOf(world, cookieHeader(answer))).get('_auth_user_backend');

  it('is the one that let the user in, or the one that is named (A-028, A-069, A-078)', async () => {
    const users = two();
    const world = worldWith(users);
    await users.createUser({ username: 'ann', password: 'secret' });
    const user = (await users.authenticate({ username: 'ann', password: 'secret' }))!;
    expect(backendOf(user)).toBe('app.Other');
    expect(Object.keys(user)).not.toContain('backend');
    expect(await pathIn(world, await logIn(world, user))).toBe('app.Other');
    const named = await logIn(world, user, undefined, { backend: MODEL_BACKEND });
    expect(await pathIn(world, named)).toBe(MODEL_BACKEND);
    expect((await whoIs(world, cookieHeader(named))).name).toBe('ann');
  });

  it('is the only one there is (A-078)', async () => {
    const users = new MemoryUserStore({ hashers, backends: (store) => [new Other(store, { hashers })] });
    const world = worldWith(users);
    const user = await users.createUser({ username: 'ann' });
    expect(backendOf(user)).toBeUndefined();
    expect(await pathIn(world, await logIn(world, user))).toBe('app.Other');
  });

  it('is asked for where there are several (A-078)', async () => {
    const users = two();
    const user = await users.createUser({ username: 'ann' });
    await expect(login({ headers: {} }, user, { settings: worldWith(users).settings })).rejects.toThrow(
      'You have multiple authentication backends configured and therefore must provide the `backend` argument',
    );
  });

  it('needs a name', async () => {
    const nameless: AuthenticationBackend<User> = { authenticate: () => null, getUser: () => null };
    const users = new MemoryUserStore({ backends: () => [nameless] });
    const user = await users.createUser({ username: 'ann' });
    const settings = worldWith(users).settings;
    await expect(login({ headers: {} }, user, { settings })).rejects.toThrow(ImproperlyConfigured);
  });

  it('may be anybody’s for a user that can’t be marked', async () => {
    const frozen = Object.freeze({ pk: 1, isActive: true, isAuthenticated: true }) satisfies BaseUser;
    const backend: AuthenticationBackend = { path: 'app.Other', authenticate: () => frozen, getUser: () => frozen };
    expect(await authenticate([backend], {})).toBe(frozen);
    expect(backendOf(frozen)).toBeUndefined();
  });
});

describe('getUser', () => {
  it('reads the session of a Django that has the same secret (A-068, A-069, A-076)', async () => {
    const world = new World();
    // Recorded from Django's login() at this time, of the user and password that follow.
    const data =
      '.eJxVjDsOgzAQRK-CtkbIH2wMZfqcIERoba8D-RgJcIW4e0CioZli3ptZweG0QPPg-QoRfwQNtIkxqtskGLqsTd5Ivycxlh2kCrA9c-gwLX2XZpq6we-jUsCltOg-FA_i3xhfY-HGuEyDLQ6lOOlc3EdP39vpXg56nPt9XZVG1hiC07UXHHUVtEFdCikNkicrjVekjWCV4lwLpxS3XHBtSxmMIgbbH_5hR-U:1r31eq:cw9vA097gpPwIpZGTLjMrguXMbb8iUz0z4C8S60DVJ0';
    const key = 'lwz8idu3jpiem9clhg6s8wyn6b31zglb';
    await world.sessions.create({ key, data, expires: new Date('2023-11-28T22:13:20Z') });
    const user = await world.users.createUser({ id: 42, username: 'john' });
    user.password = 'pbkdf2_sha256$1000$NaClNaClNaCl$wNSIo3Xxn40jMATTAInliPE1puSKz/kEHTcfdsEYyRw=';
    expect((await whoIs(world, `sessionid=${key}`)).name).toBe('john');
  });

  it('gives the same user at each call of one request, and asks once (A-075)', async () => {
    const world = new World();
    const cookie = cookieHeader(await logIn(world, await world.createUser()));
    let looks = 0;
    const users = Object.create(world.users) as MemoryUserStore;
    Object.defineProperty(users, 'backends', { value: undefined });
    users.get = (pk) => {
      looks++;
      return world.users.get(pk);
    };
    const same = new World({ session: { store: world.sessions }, settings: { users } });
    const answer = await call(
      same.view(async (request) => {
        const [a, b, c] = [await getUser(request), await getUser(request), request.user];
        return [a === b, a === c, nameOf(a)];
      }),
      { headers: { cookie } },
    );
    expect(answer.json).toEqual([true, true, 'ann']);
    expect(looks).toBe(1);
  });

  it('is anonymous without a log in, and leaves the session alone', async () => {
    const world = new World();
    const cookie = cookieHeader(await call(world.plain(async (request) => (await getSession(request)).set('a', 1))));
    const answer = await whoIs(world, cookie);
    expect([answer.name, answer.headers['set-cookie']]).toEqual(['', undefined]);
  });

  it.each<[string, (user: User, world: World) => unknown]>([
    ['is inactive (A-035)', (user) => (user.isActive = false)],
    ['is gone', (_user, world) => (world.users.get = () => Promise.resolve(null))],
  ])('is anonymous while the user %s; the session lives on', async (_, change) => {
    const world = new World();
    const user = await world.createUser();
    const cookie = cookieHeader(await logIn(world, user));
    const { get } = world.users;
    change(user, world);
    const answer = await whoIs(world, cookie);
    expect([answer.name, answer.headers['set-cookie']]).toEqual(['', undefined]);
    Object.assign(user, { isActive: true });
    world.users.get = get;
    expect((await whoIs(world, cookie)).name).toBe('ann');
  });

  it('is anonymous where the backend is none of ours (A-076)', async () => {
    const world = new World();
    const cookie = cookieHeader(await logIn(world, await world.createUser(), undefined, { backend: 'gone.Backend' }));
    expect((await whoIs(world, cookie)).name).toBe('');
    const store = Object.create(world.users) as MemoryUserStore;
    Object.defineProperty(store, 'backends', { value: undefined });
    const other = new World({ session: { store: world.sessions }, settings: { users: store } });
    expect((await whoIs(other, cookie)).name).toBe('');
  });

  it.each([
    ['another password', (user: User) => Object.assign(user, { password: 'changed' })],
    ['an unusable password', (user: User) => user.setUnusablePassword()],
  ])('ends the session of a user with %s (A-076)', async (_, change) => {
    const world = new World();
    const user = await world.createUser();
    const cookie = cookieHeader(await logIn(world, user));
    change(user);
    const answer = await whoIs(world, cookie);
    expect(answer.name).toBe('');
    expect(cookiesOf(answer)['sessionid']).toContain('Max-Age=0');
    expect((await sessionOf(world, cookie)).isEmpty).toBe(true);
  });

  it.each([
    ['no hash', (session: Session) => session.delete('_auth_user_hash')],
    ['an empty hash', (session: Session) => session.set('_auth_user_hash', '')],
    ['a hash of another kind', (session: Session) => session.set('_auth_user_hash', 1)],
    ['a user of another kind', (session: Session) => session.set('_auth_user_id', [1])],
    ['a half user', (session: Session) => session.set('_auth_user_id', 1.5)],
    ['no backend', (session: Session) => session.delete('_auth_user_backend')],
  ])('believes no session with %s', async (_, change) => {
    const world = new World();
    const cookie = cookieHeader(await logIn(world, await world.createUser()));
    const session = await sessionOf(world, cookie);
    change(session);
    await session.save();
    expect((await whoIs(world, cookie)).name).toBe('');
  });

  it('reads the number of a user too, as Django does (A-076)', async () => {
    const world = new World();
    const cookie = cookieHeader(await logIn(world, await world.createUser()));
    const session = await sessionOf(world, cookie);
    session.set('_auth_user_id', 1);
    await session.save();
    expect((await whoIs(world, cookie)).name).toBe('ann');
  });

  it('gives a session of a former secret a new key and hash (A-019, A-076)', async () => {
    const world = new World();
    const user = await world.createUser();
    const cookie = cookieHeader(await logIn(world, user));
    const rotated = new World({
      session: { store: world.sessions, secretKey: 'new', secretKeyFallbacks: ['older', secretKey] },
      settings: { users: world.users },
    });
    const answer = await whoIs(rotated, cookie);
    expect(answer.name).toBe('ann');
    const next = cookieHeader(answer);
    expect(keyOf(next)).not.toBe(keyOf(cookie));
    expect((await sessionOf(rotated, next)).get('_auth_user_hash')).toBe(user.getSessionAuthHash('new'));
    const later = new World({
      session: { store: world.sessions, secretKey: 'new' },
      settings: { users: world.users },
    });
    expect((await whoIs(later, next)).name).toBe('ann');
  });

  it('reads the session of a host’s request with the settings that it is given', async () => {
    const world = new World();
    const user = await world.createUser();
    const cookie = cookieHeader(await logIn(world, user));
    expect(await getUser({ headers: { cookie } }, world.settings)).toBe(user);
    await expect(getUser({ headers: { cookie } })).rejects.toThrow(ImproperlyConfigured);
  });

  it('needs sessions and users in the settings (A-081)', async () => {
    await expect(getUser({ headers: {} }, defineSettings())).rejects.toThrow("The settings of 'session' lack 'store'");
    const world = new World();
    const cookie = cookieHeader(await logIn(world, await world.createUser()));
    const lacking = new World({ session: { store: world.sessions }, settings: { users: null } });
    await expect(getUser({ headers: { cookie } }, lacking.settings)).rejects.toThrow('users: userStore(orm)');
  });
});

describe('logout', () => {
  it('ends the session, and has the browser forget it (A-079)', async () => {
    const world = new World();
    const cookie = cookieHeader(await logIn(world, await world.createUser()));
    const answer = await call(
      world.view(async (request) => {
        await logout(request);
        return [nameOf(request.user), nameOf(await getUser(request))];
      }),
      { headers: { cookie } },
    );
    expect(answer.json).toEqual(['', '']);
    expect(cookiesOf(answer)['sessionid']).toContain('Max-Age=0');
    expect((await sessionOf(world, cookie)).isEmpty).toBe(true);
    expect((await whoIs(world, cookie)).name).toBe('');
  });

  it('ends the session also where the rest of the request fails', async () => {
    const world = new World();
    const cookie = cookieHeader(await logIn(world, await world.createUser()));
    const answer = await call(
      world.plain(async (request) => {
        await logout(request);
        throw new Error('bug');
      }),
      { headers: { cookie } },
    );
    expect(answer.status).toBe(500);
    expect((await whoIs(world, cookie)).name).toBe('');
  });

  it('is done also where the app fails to hear of it', async () => {
    const world = new World({ session: { onLoggedOut: () => Promise.reject(new Error('no mail')) } });
    const cookie = cookieHeader(await logIn(world, await world.createUser()));
    await expect(
      call(
        world.plain(async (request) => logout(request)),
        { headers: { cookie } },
      ),
    ).resolves.toMatchObject({
      status: 500,
    });
    expect((await whoIs(world, cookie)).name).toBe('');
  });

  it('tells the app who it was, before it happens (A-079, A-107)', async () => {
    const heard: unknown[] = [];
    const world = new World({
      session: {
        onLoggedOut: async (user, request) => void heard.push([user, (await getSession(request)).isEmpty]),
      },
    });
    const user = await world.createUser();
    const cookie = cookieHeader(await logIn(world, user));
    await call(
      world.plain((request) => logout(request)),
      { headers: { cookie } },
    );
    await call(world.plain((request) => logout(request)));
    expect(heard).toEqual([
      [user, false],
      [null, true],
    ]);
  });
});

describe('updateSessionAuthHash', () => {
  it('keeps this session alive over a change of the password, and ends the others (A-080)', async () => {
    const world = new World();
    const user = await world.createUser();
    const mine = cookieHeader(await logIn(world, user));
    const others = cookieHeader(await logIn(world, user));
    const answer = await call(
      world.view(async (request: Request) => {
        await user.setPassword('new', fastPasswordHashers);
        await updateSessionAuthHash(request, user);
      }),
      { headers: { cookie: mine } },
    );
    const next = cookieHeader(answer);
    expect(keyOf(next)).not.toBe(keyOf(mine));
    expect((await whoIs(world, next)).name).toBe('ann');
    expect((await whoIs(world, mine)).name).toBe('');
    expect((await whoIs(world, others)).name).toBe('');
  });

  it('does nothing for the password of somebody else but give a new key', async () => {
    const world = new World();
    const ann = await world.createUser('ann');
    const bob = await world.createUser('bob');
    const cookie = cookieHeader(await logIn(world, ann));
    const answer = await call(
      world.plain((request) => updateSessionAuthHash(request, bob)),
      { headers: { cookie } },
    );
    expect((await whoIs(world, cookieHeader(answer))).name).toBe('ann');
  });
});
