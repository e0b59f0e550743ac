import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  APIView,
  defineSettings,
  getSession,
  handle,
  ImproperlyConfigured,
  login,
  logout,
  path,
  PermissionDenied,
  Response,
  session,
  SessionAuthentication,
} from 'sallyport';
import type { AuthenticationClasses, Handler, Request, Settings, ViewClass } from 'sallyport';
import { SessionSchema, sessionStore, TokenSchema, unitOfWork, userStore, UserSchema } from 'sallyport/mikro-orm';
import type { MikroOrmSessionStore, MikroOrmUserStore } from 'sallyport/mikro-orm';
import { APIClient, fastPasswordHashers as hashers } from 'sallyport/testing';
import { describeSessionStore } from '../support/contracts/session-store';
import { openOrm } from './support';
import type { TestOrm } from './support';

const ENTITIES = [UserSchema, TokenSchema, SessionSchema];
const NOW = new Date('2026-01-02T03:04:05.678Z');

describeSessionStore('The store of sessions on PostgreSQL', async () => {
  const { orm, inRequest, close } = await openOrm(ENTITIES);
  return { store: sessionStore(orm), inRequest, close };
});

describe('The store of sessions on PostgreSQL', () => {
  let test: TestOrm;
  let store: MikroOrmSessionStore;

  beforeAll(async () => {
    test = await openOrm(ENTITIES);
    store = sessionStore(test.orm);
  });
  afterAll(() => test.close());

  const row = (key: string, data = 'first') => ({ key, data, expires: new Date('2026-01-02T04:00:00.5Z') });

  it('writes what Django reads', async () => {
    await store.create(row('k'.repeat(32), '.abc:1r31eq:x'));
    const found = await test.sql(
      "SELECT session_key, session_data, expire_date = '2026-01-02T04:00:00.5Z' AS ends FROM django_session",
    );
    expect(found).toEqual([{ session_key: 'k'.repeat(32), session_data: '.abc:1r31eq:x', ends: true }]);
  });

  it('does each verb by one statement', async () => {
    test.statements();
    const verbs: [string, () => Promise<unknown>][] = [
      ['INSERT', () => store.create(row('one'))],
      ['SELECT', () => store.load('one', NOW)],
      ['WITH replaced AS', () => store.replace('one', 'first', row('two'))],
      ['DELETE', () => store.delete('two')],
      ['WITH cleared AS', () => store.clearExpired(NOW)],
    ];
    for (const [start, run] of verbs) {
      await run();
      expect(test.statements()).toEqual([expect.stringMatching(new RegExp(`^${start}`))]);
    }
  });

  it('takes the change of one of many processes', async () => {
    const stores = [store, ...(await Promise.all([1, 2, 3].map(() => test.another()))).map((orm) => sessionStore(orm))];
    await store.create(row('raced', '0'));
    const changes = Array.from({ length: 40 }, async (_, caller) => {
      const own = stores[caller % stores.length]!;
      for (;;) {
        const previous = (await own.load('raced', NOW))!;
        const next = String(Number(previous) + 1);
        if ((await own.replace('raced', previous, row('raced', next))) === 'replaced') return;
      }
    });
    await Promise.all(changes);
    expect(await store.load('raced', NOW)).toBe('40');
  });

  it('brings no session back that was ended at the same time', async () => {
    const other = sessionStore(await test.another());
    for (let round = 0; round < 20; round++) {
      const key = `ended${String(round)}`;
      await store.create(row(key));
      const [outcome] = await Promise.all([store.replace(key, 'first', row(key, 'second')), other.delete(key)]);
      expect(await store.load(key, NOW)).toBeNull();
      expect(['replaced', 'changed', 'gone']).toContain(outcome);
    }
  });

  it('keeps keys and texts out of its errors', async () => {
    const error = await store.create(row('k'.repeat(41), 'secret text')).catch((reason: unknown) => reason);
    expect(String((error as Error).stack)).toContain('value too long');
    expect(String((error as Error).stack)).not.toMatch(/kkk|secret text/);
  });

  it('says what is missing where the table is not mapped', async () => {
    const orm = await test.another({ entities: [UserSchema] });
    expect(() => sessionStore(orm)).toThrow(ImproperlyConfigured);
    expect(() => sessionStore(orm)).toThrow('DjangoSession is not among the entities');
  });
});

describe('Sessions on PostgreSQL in requests', () => {
  let test: TestOrm;
  let users: MikroOrmUserStore;
  let settings: Settings;

  beforeAll(async () => {
    test = await openOrm(ENTITIES, { pool: { max: 2 } });
    users = userStore(test.orm, { hashers });
    await users.createUser({ username: 'ann', password: 'secret' });
  });
  afterAll(() => test.close());
  beforeEach(async () => {
    await test.sql('DELETE FROM django_session');
    settings = defineSettings(
      { users, aroundDispatch: unitOfWork(test.orm, { atomicRequests: true }) },
      session({ store: sessionStore(test.orm), secretKey: 'sallyport-test-secret-key-0123456789' }),
    );
  });

  /** A view whose `get` and `post` do something. */
  function viewOf(work: (request: Request) => Promise<unknown>): ViewClass {
    return class extends APIView {
      static override settings = settings;
      static override authenticationClasses: AuthenticationClasses = [SessionAuthentication];
      override async get(request: Request): Promise<Response> {
        return new Response((await work(request)) ?? null);
      }
    };
  }

  const whoami = (): Handler =>
    viewOf(async (request) => (request.user!.isAuthenticated ? request.user!.pk : null)).asView();
  const logIn = (): Handler =>
    viewOf(async (request) => login(request, (await users.getByNaturalKey('ann'))!)).asView();
  const app = (routes: Record<string, Handler>): Handler =>
    handle(Object.entries(routes).map(([route, handler]) => path(`/${route}`, handler)));
  const rows = async (): Promise<number> => (await test.sql('SELECT FROM django_session')).length;

  it('last from one request to the next, and end with a log out', async () => {
    const client = new APIClient(app({ login: logIn(), whoami: whoami(), logout: viewOf((r) => logout(r)).asView() }));
    expect((await client.get('/whoami')).data).toBeNull();
    expect((await client.get('/login')).status).toBe(200);
    expect((await client.get('/whoami')).data).toBe(1);
    const key = client.cookies.get('sessionid')!;
    await client.get('/logout');
    expect(await rows()).toBe(0);
    client.cookies.set('sessionid', key);
    expect((await client.get('/whoami')).data).toBeNull();
  });

  it('note when the user has logged in (A-108)', async () => {
    await test.sql('UPDATE auth_user SET last_login = NULL');
    await new APIClient(app({ login: logIn() })).get('/login');
    expect((await users.get(1))!.lastLogin).toBeInstanceOf(Date);
  });

  it('are ended by a log out although the request fails afterwards and its transaction is undone', async () => {
    const failing = viewOf(async (request) => {
      await logout(request);
      throw new PermissionDenied();
    }).asView();
    const client = new APIClient(app({ login: logIn(), whoami: whoami(), failing }));
    await client.get('/login');
    expect(await rows()).toBe(1);
    expect((await client.get('/failing')).status).toBe(403);
    expect(await rows()).toBe(0);
  });

  it('need no second connection within a transaction, for which many requests would wait forever', async () => {
    const ending = viewOf(async (request) => {
      await getSession(request);
      await logout(request);
    }).asView();
    const handler = app({ login: logIn(), ending });
    const clients = Array.from({ length: 8 }, () => new APIClient(handler));
    for (const client of clients) await client.get('/login');
    expect(await rows()).toBe(8);
    const answers = await Promise.all(clients.map((client) => client.get('/ending')));
    expect(answers.map(({ status }) => status)).toEqual(clients.map(() => 200));
    expect(await rows()).toBe(0);
  });

  it('lose nothing of what two requests write at once', async () => {
    const counting = viewOf(async (request) => {
      const own = await getSession(request);
      own.set(request.queryParams.get('name')!, 1);
    }).asView();
    const read = viewOf(async (request) => Object.fromEntries((await getSession(request)).entries())).asView();
    const client = new APIClient(app({ counting, read }));
    await client.get('/counting?name=first');
    const names = Array.from({ length: 6 }, (_, i) => `n${String(i)}`);
    await Promise.all(names.map((name) => client.get(`/counting?name=${name}`)));
    expect((await client.get('/read')).data).toEqual(Object.fromEntries(['first', ...names].map((name) => [name, 1])));
  });
});
