import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makePassword, MD5PasswordHasher, openSession, SessionInterrupted } from 'sallyport';
import { Generator } from '../support/generator';
import { errorLog, serve, type TestServer } from '../support/server';
import { settingsOf } from './app/settings';
import { createApp } from './beside/app';
import { Browser, type Answer, type Side } from './beside/browser';
import { openDjango, type DjangoDatabase } from './django';
import { describeWithDjango, startDjango, type DjangoServer } from './real-django';
import { django } from './samples';

const PASSWORD = 'correct horse battery';

describeWithDjango('Beside Django, on one database', () => {
  const log = errorLog();
  let database: DjangoDatabase;
  let djangoServer: DjangoServer;
  let ourServer: TestServer;

  beforeAll(async () => {
    database = await openDjango();
    const secretKey = django.secret_key;
    djangoServer = await startDjango({ url: database.url, secretKey });
    ourServer = await serve(createApp(database.orm, { secretKey, logger: log.logger }));
  });
  afterAll(async () => {
    await djangoServer.stop();
    await ourServer.close();
    await database.close();
    expect(log.errors).toEqual([]);
  });

  const theirs: Side = {
    name: 'Django',
    get port() {
      return djangoServer.port;
    },
  };
  const ours: Side = {
    name: 'Sallyport',
    get port() {
      return ourServer.port;
    },
  };

  interface NewUser {
    readonly id: number;
    readonly username: string;
  }

  /** Makes a user of a name that nobody has. */
  async function createUser(side: Side, fields: object = {}): Promise<NewUser> {
    const username = `user_${randomBytes(6).toString('hex')}`;
    const { data } = await new Browser().post(side, '/users/', { username, password: PASSWORD, ...fields });
    return data as NewUser;
  }

  async function loggedIn(side: Side, { username }: NewUser): Promise<Browser> {
    const browser = new Browser();
    expect((await browser.logIn(side, username, PASSWORD)).status).toBe(200);
    return browser;
  }

  async function passwordOf({ id }: NewUser): Promise<string> {
    const [row] = await database.sql('SELECT password FROM auth_user WHERE id = ?', [id]);
    return row!['password'] as string;
  }

  const bearing = (side: Side, path: string, authorization: string): Promise<Answer> =>
    new Browser().get(side, path, { Authorization: authorization });

  describe.each([
    { one: theirs, other: ours, from: theirs.name, to: ours.name },
    { one: ours, other: theirs, from: ours.name, to: theirs.name },
  ])('from $from to $to', ({ one, other }) => {
    it('who is logged in here is logged in there', async () => {
      const user = await createUser(one);
      const browser = await loggedIn(one, user);
      expect([await browser.user(one), await browser.user(other)]).toEqual([user.id, user.id]);
      expect(await new Browser().user(other)).toBeNull();
    });

    it('who logs out here is logged out there', async () => {
      const browser = await loggedIn(one, await createUser(one));
      const sessionid = browser.cookies.get('sessionid')!;
      const copy = new Browser();
      copy.cookies.set('sessionid', sessionid);
      expect(await copy.user(other)).not.toBeNull();

      expect((await browser.post(other, '/logout/')).status).toBeLessThan(300);
      expect(browser.cookies.has('sessionid')).toBe(false);
      expect([await copy.user(one), await copy.user(other)]).toEqual([null, null]);
      expect(await database.sql('SELECT FROM django_session WHERE session_key = ?', [sessionid])).toEqual([]);
    });

    it('a new password that is set here ends the sessions there, but for that in which it was set', async () => {
      const user = await createUser(one);
      const [here, there] = [await loggedIn(one, user), await loggedIn(other, user)];
      expect((await here.post(one, '/password/', { password: `${PASSWORD} 2` })).status).toBe(200);
      expect([await here.user(one), await here.user(other)]).toEqual([user.id, user.id]);
      expect([await there.user(other), await there.user(one)]).toEqual([null, null]);
      expect((await there.logIn(other, user.username, PASSWORD)).status).toBe(400);
      expect((await there.logIn(other, user.username, `${PASSWORD} 2`)).status).toBe(200);
    });

    it('a log in there on a session from here takes its values along under a new key', async () => {
      const browser = new Browser();
      await browser.post(one, '/values/', { cart: ['Ä'] });
      const before = browser.cookies.get('sessionid');
      const { username, id } = await createUser(one);
      expect((await browser.logIn(other, username, PASSWORD)).status).toBe(200);
      expect(browser.cookies.get('sessionid')).not.toBe(before);
      expect([await browser.user(one), (await browser.get(one, '/values/')).data]).toEqual([id, { cart: ['Ä'] }]);
    });

    it('a CSRF cookie from here is accepted there, and a forged one is not', async () => {
      const { username } = await createUser(one);
      const browser = new Browser();
      const { data } = await browser.get(one, '/csrf/');
      const logIn = (headers: Record<string, string>): Promise<Answer> =>
        browser.send(other, 'POST', '/login/', { body: { username, password: PASSWORD }, headers });
      const foreign = (await new Browser().get(one, '/csrf/')).data as { readonly csrfToken: string };
      for (const headers of [{}, { 'X-CSRFToken': foreign.csrfToken }, { 'X-CSRFToken': 'x' }]) {
        expect((await logIn(headers as Record<string, string>)).status).toBe(403);
      }
      const { csrfToken } = data as { readonly csrfToken: string };
      expect((await logIn({ 'X-CSRFToken': csrfToken })).status).toBe(200);
      // The log in has made a new secret, which is good on both sides.
      expect((await browser.post(one, '/password/', { password: PASSWORD })).status).toBe(200);
    });

    it('a user who was made here logs in there, and keeps the hash', async () => {
      const user = await createUser(one, { email: 'Someone@EXAMPLE.com' });
      const hash = await passwordOf(user);
      expect(hash).toMatch(/^pbkdf2_sha256\$260000\$/);
      for (const side of [other, one]) await loggedIn(side, user);
      expect(await passwordOf(user)).toBe(hash);
      const basic = Buffer.from(`${user.username}:${PASSWORD}`).toString('base64');
      expect(await bearing(other, '/basic/', `Basic ${basic}`)).toEqual({ status: 200, data: { user: user.id } });
    });

    it('an old hash is replaced by a log in here, and the new one is good there', async () => {
      const user = await createUser(one);
      const old = await makePassword(PASSWORD, [new MD5PasswordHasher()]);
      await database.sql('UPDATE auth_user SET password = ? WHERE id = ?', [old, user.id]);
      await loggedIn(one, user);
      expect(await passwordOf(user)).toMatch(/^pbkdf2_sha256\$260000\$/);
      const browser = await loggedIn(other, user);
      expect(await browser.user(one)).toBe(user.id);
    });

    it('a link from here sets a new password there, once', async () => {
      const user = await createUser(one);
      const browser = await loggedIn(one, user); // so that there is a last log in to be remembered
      const link = async (): Promise<object> =>
        (await browser.get(one, `/reset/?username=${user.username}`)).data as object;
      const reset = async (side: Side, fields: object): Promise<number> =>
        (await new Browser().post(side, '/reset/', { ...fields, password: `${PASSWORD} 2` })).status;
      const first = await link();
      expect(await reset(other, { ...(await link()), token: 'x-y' })).toBe(400);
      expect(await reset(other, first)).toBe(200);
      expect([await reset(other, first), await reset(one, first)]).toEqual([400, 400]);
      // A token knows the last log in by the second.
      await database.sql("UPDATE auth_user SET last_login = last_login - interval '1 minute' WHERE id = ?", [user.id]);
      const second = await link();
      expect((await browser.logIn(other, user.username, `${PASSWORD} 2`)).status).toBe(200);
      expect(await reset(other, second)).toBe(400);
    });

    it('a token that is fetched here works there, and is the same there', async () => {
      const { id, username } = await createUser(one);
      const fetchToken = async (side: Side): Promise<string> => {
        const { data } = await new Browser().post(side, '/token/obtain/', { username, password: PASSWORD });
        return (data as { readonly token: string }).token;
      };
      const token = await fetchToken(one);
      expect(await bearing(other, '/token/', `Token ${token}`)).toEqual({ status: 200, data: { user: id } });
      expect(await fetchToken(other)).toBe(token);
    });

    it('a JWT from here works there, and one that was refreshed here is spent there', async () => {
      const { id, username } = await createUser(one);
      const post = async (side: Side, path: string, body: object): Promise<Answer> =>
        new Browser().post(side, path, body);
      const first = (await post(one, '/jwt/obtain/', { username, password: PASSWORD })).data as TokenPair;
      expect(await bearing(other, '/jwt/', `Bearer ${first.access}`)).toEqual({ status: 200, data: { user: id } });

      const refreshed = await post(one, '/jwt/refresh/', { refresh: first.refresh });
      const second = refreshed.data as TokenPair;
      expect(await post(other, '/jwt/refresh/', { refresh: first.refresh })).toMatchObject({
        status: 401,
        data: { code: 'token_not_valid', detail: 'Token is blacklisted' },
      });
      const third = await post(other, '/jwt/refresh/', { refresh: second.refresh });
      expect(await bearing(one, '/jwt/', `Bearer ${(third.data as TokenPair).access}`)).toMatchObject({ status: 200 });
      expect((await post(one, '/jwt/refresh/', { refresh: second.refresh })).status).toBe(401);
    });

    it('who is made inactive here is refused there', async () => {
      const user = await createUser(one);
      const { username } = user;
      const browser = await loggedIn(other, user);
      const { token } = (await new Browser().post(other, '/token/obtain/', { username, password: PASSWORD })).data as {
        readonly token: string;
      };
      await new Browser().send(one, 'PATCH', '/users/', { body: { username, is_active: false } });
      expect(await browser.user(other)).toBeNull();
      expect((await bearing(other, '/token/', `Token ${token}`)).status).toBe(401);
      expect((await new Browser().logIn(other, username, PASSWORD)).status).toBe(400);
    });

    it('what is granted here is granted there', async () => {
      const [person, member, root] = [await createUser(one), await createUser(one), await createUser(one)];
      const may = async (user: NewUser, permission: string): Promise<boolean> => {
        const browser = await loggedIn(other, user);
        return ((await browser.get(other, `/may/?permission=${permission}`)).data as { readonly may: boolean }).may;
      };
      for (const user of [person, member, root]) expect(await may(user, 'auth.add_user')).toBe(false);

      const admin = new Browser();
      const group = `Gruppe ☃ ${person.username}`;
      await admin.post(one, '/grant/', { username: person.username, permission: 'auth.add_user' });
      await admin.post(one, '/grant/', { username: member.username, permission: 'auth.add_user', group });
      await admin.send(one, 'PATCH', '/users/', { body: { username: root.username, is_superuser: true } });
      for (const user of [person, member, root]) expect(await may(user, 'auth.add_user')).toBe(true);
      expect(await Promise.all([person, member, root].map((user) => may(user, 'auth.delete_user')))).toEqual([
        false,
        false,
        true,
      ]);
    });

    it('values of all sorts in a session are the same there', async () => {
      const made = new Generator(20);
      for (let round = 0; round < 40; round++) {
        const browser = new Browser();
        const values = Object.fromEntries(made.list(5, () => [`v${textOf(made)}`, valueOf(made, 3)]));
        await browser.post(one, '/values/', { round, ...values });
        expect((await browser.get(other, '/values/')).data).toEqual({ round, ...values });
        // What one side has written the other writes again.
        await browser.post(other, '/values/', { again: round });
        expect((await browser.get(one, '/values/')).data).toEqual({ round, ...values, again: round });
      }
    });

    it('users with names and passwords of all sorts log in there', async () => {
      const made = new Generator(21);
      for (let round = 0; round < 15; round++) {
        const given = { username: `${textOf(made)}_${randomBytes(4).toString('hex')}`, password: `p${textOf(made)}` };
        const { id, username } = await createUser(one, given);
        expect(username).toBe(given.username.normalize('NFKC'));
        const browser = new Browser();
        expect(await browser.logIn(other, username, `${given.password}x`)).toMatchObject({ status: 400 });
        expect(await browser.logIn(other, username, given.password)).toMatchObject({ status: 200 });
        expect([await browser.user(one), await browser.user(other)]).toEqual([id, id]);
      }
    });
  });

  it('our side never undoes what Django wrote to a session meanwhile', async () => {
    const browser = new Browser();
    await browser.post(theirs, '/values/', { step: 1, kept: true });
    const settings = settingsOf(database.orm, { secretKey: django.secret_key });
    const session = await openSession(settings, browser.cookies.get('sessionid'));
    session.set('ours', 'Ä');
    session.delete('kept');
    await browser.post(theirs, '/values/', { step: 2, theirs: ['ß'] });
    await session.save();
    expect((await browser.get(theirs, '/values/')).data).toEqual({ step: 2, ours: 'Ä', theirs: ['ß'] });
  });

  it('a token that is asked for at once on both sides is one token', async () => {
    for (let round = 0; round < 10; round++) {
      const { username } = await createUser(ours);
      const body = { username, password: PASSWORD };
      const answers = await Promise.all(
        [ours, theirs, ours, theirs].map((side) => new Browser().post(side, '/token/obtain/', body)),
      );
      const tokens = answers.map(({ data }) => (data as { readonly token: string }).token);
      expect(tokens).toEqual(Array(4).fill(expect.stringMatching(/^[0-9a-f]{40}$/)));
      expect(new Set(tokens).size).toBe(1);
    }
  });

  it('a log out at Django is not undone by a request of ours that was under way', async () => {
    const browser = await loggedIn(theirs, await createUser(theirs));
    const key = browser.cookies.get('sessionid')!;
    const session = await openSession(settingsOf(database.orm, { secretKey: django.secret_key }), key);
    session.set('ours', true);
    await browser.post(theirs, '/logout/');
    await expect(session.save()).rejects.toThrow(SessionInterrupted);
    browser.cookies.set('sessionid', key);
    expect(await browser.user(ours)).toBeNull();
  });
});

interface TokenPair {
  readonly access: string;
  readonly refresh: string;
}

const CHARACTERS = [...'aZ09 _-.:$"\'\\/<>{}[]&%\u007f\u00a0äßéñ☃語😀ﬁÅ\u0301Ⅷ'];

function textOf(made: Generator): string {
  return made.list(12, () => made.pick(CHARACTERS)).join('');
}

/** A value of JSON that is as deep as `depth`. */
function valueOf(made: Generator, depth: number): unknown {
  const plain = [null, true, false, 0, -1, 2 ** 53 - 1, 1.5, -1e-7, 1e300, '', textOf(made)];
  switch (made.below(depth === 0 ? 1 : 3)) {
    case 1:
      return made.list(4, () => valueOf(made, depth - 1));
    case 2:
      return Object.fromEntries(made.list(4, () => [textOf(made), valueOf(made, depth - 1)]));
    default:
      return made.pick(plain);
  }
}
