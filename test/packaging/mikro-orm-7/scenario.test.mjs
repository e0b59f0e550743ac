// What the package does with MikroORM 7, which Jest can't load: run by scripts/mikro-orm-7.mjs with Node's own runner, in a
// project that has installed the packed package.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import { Migrator } from '@mikro-orm/migrations';
import { MikroORM } from '@mikro-orm/postgresql';
import * as sallyport from 'sallyport';
import * as library from 'sallyport/mikro-orm';

const { APIView, IsAuthenticated, Response, User, defineSettings } = sallyport;
const { DATABASE_URL, DJANGO_KIT, EXPECTED_NODE, EXPECTED_MIKRO_ORM } = process.env;
const secretKey = 'a-secret-of-this-scenario-0123456789-abcdef';

const entities = [
  library.UserSchema,
  library.TokenSchema,
  library.SessionSchema,
  ...library.permissionSchemas(),
  library.CacheSchema,
  ...library.blacklistSchemas(),
];

/** An ORM over a database of its own. */
async function open(name, options = {}) {
  const server = await MikroORM.init({ clientUrl: DATABASE_URL, entities });
  await server.em.getConnection().execute(`CREATE DATABASE ${name}`);
  await server.close(true);
  const clientUrl = new URL(DATABASE_URL);
  clientUrl.pathname = `/${name}`;
  return MikroORM.init({ clientUrl: clientUrl.href, entities, ...options });
}

const query = (orm, sql, params = []) => orm.em.getConnection().execute(sql, params);

async function tablesOf(orm) {
  const rows = await query(orm, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1");
  return rows.map(({ tablename }) => tablename);
}

describe('The versions', () => {
  it('are those that this is about', () => {
    assert.equal(process.version, `v${EXPECTED_NODE}`);
    const require = createRequire(import.meta.url);
    for (const name of ['core', 'postgresql', 'migrations']) {
      const file = require.resolve(`@mikro-orm/${name}/package.json`);
      assert.equal(JSON.parse(readFileSync(file, 'utf8')).version, EXPECTED_MIKRO_ORM);
    }
  });
});

describe('An empty database', () => {
  let orm;
  before(async () => {
    orm = await open('from_zero', {
      extensions: [Migrator],
      migrations: { ...library.migratorOptions(), silent: true },
    });
  });
  after(() => orm.close(true));

  it('gets all tables, once, and there is no difference to the entities left', async () => {
    const names = library.migrations.map(({ name }) => name);
    const applied = await library.migrate(orm);
    assert.deepEqual(
      applied,
      names.filter((name) => applied.includes(name)),
    );
    assert.ok(applied.length >= 12);
    assert.deepEqual(await library.migrate(orm), []);
    const changes = await orm.schema.getUpdateSchemaSQL({ dropTables: false });
    assert.equal(changes.replace("set names 'utf8';", '').trim(), '');
  });

  it("goes back and forth by MikroORM's own migrator", async () => {
    const before = await tablesOf(orm);
    await orm.migrator.down({ to: 0 });
    assert.deepEqual(await tablesOf(orm), ['sallyport_migrations']);
    await orm.migrator.up();
    assert.deepEqual(await tablesOf(orm), before);
  });
});

describe('A database of Django', () => {
  let orm;
  before(async () => {
    orm = await open('adopted');
    await query(orm, readFileSync(`${DJANGO_KIT}/schema.postgresql.sql`, 'utf8'));
    await query(orm, readFileSync(`${DJANGO_KIT}/data.postgresql.sql`, 'utf8'));
  });
  after(() => orm.close(true));

  const look = () =>
    query(
      orm,
      `SELECT c.relname, a.attname, a.atttypid, a.attnotnull, pg_get_expr(adbin, adrelid) AS preset
         FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
         LEFT JOIN pg_attrdef d ON (adrelid, adnum) = (attrelid, attnum)
        WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'sallyport_%' ORDER BY 1, attnum`,
    );

  it('is not changed, and its tokens work', async () => {
    const before = await look();
    const { tables, applied } = await library.adopt(orm);
    assert.deepEqual([...new Set(tables.map(({ state }) => state))], ['adopted']);
    assert.deepEqual(applied, ['sallyport_0010_sallyport_cache']);
    assert.deepEqual(await library.migrate(orm), []);
    assert.deepEqual(await look(), before);
    const { credentials } = JSON.parse(readFileSync(`${DJANGO_KIT}/samples.json`, 'utf8'));
    const tokens = library.tokenStore(orm);
    assert.ok(credentials.drf.length > 0);
    for (const { key, user } of credentials.drf) assert.equal((await tokens.find(key)).user.pk, user);
  });
});

describe('The stores', () => {
  let orm;
  let users;
  let ann;
  before(async () => {
    orm = await open('stores');
    await library.migrate(orm, { models: [{ appLabel: 'notes', modelName: 'note' }] });
    users = library.userStore(orm);
    ann = await users.createUser({ username: 'ann', email: 'ann@EXAMPLE.com', password: 'correct horse' });
  });
  after(() => orm.close(true));

  it('find users, check their passwords and change them', async () => {
    assert.equal(ann.email, 'ann@example.com');
    await assert.rejects(users.createUser({ username: 'ann' }), RangeError);
    assert.ok((await users.getByNaturalKey('ann')) instanceof User);
    assert.equal(await users.authenticate({ username: 'ann', password: 'wrong' }), null);
    assert.equal((await users.authenticate({ username: 'ann', password: 'correct horse' })).pk, ann.pk);
    await users.setPassword(ann, 'battery staple');
    assert.equal(await users.authenticate({ username: 'ann', password: 'correct horse' }), null);
    await users.updateLastLogin(ann, new Date('2026-01-02T03:04:05.678Z'));
    assert.equal((await users.get(ann.pk)).lastLogin.toISOString(), '2026-01-02T03:04:05.678Z');
  });

  it('keep one token for each user', async () => {
    const tokens = library.tokenStore(orm);
    const made = await Promise.all(Array.from({ length: 8 }, () => tokens.getOrCreate(ann)));
    assert.equal(made.filter(([, created]) => created).length, 1);
    assert.equal(new Set(made.map(([{ key }]) => key)).size, 1);
    const replaced = await tokens.replace(ann);
    assert.equal(await tokens.find(made[0][0].key), null);
    assert.equal((await tokens.find(replaced.key)).user.username, 'ann');
  });

  it('know what users may do', async () => {
    await query(
      orm,
      `INSERT INTO auth_user_user_permissions (user_id, permission_id)
         SELECT ?, id FROM auth_permission WHERE codename = 'add_note'`,
      [ann.pk],
    );
    const user = await users.get(ann.pk);
    assert.equal(await user.hasPerm('notes.add_note'), true);
    assert.equal(await user.hasPerm('notes.delete_note'), false);
    const able = await users.withPerm('notes.add_note');
    assert.deepEqual(
      able.map(({ username }) => username),
      ['ann'],
    );
  });

  it('call tokens back once', async () => {
    const store = library.blacklistStore(orm);
    const expiresAt = new Date(Date.now() + 60_000);
    const entry = { jti: 'j1', token: 't1', userPk: ann.pk, createdAt: new Date(), expiresAt };
    await store.outstand(entry);
    const answers = await Promise.all([store.blacklist(entry), store.blacklist(entry)]);
    assert.deepEqual(answers.sort(), [false, true]);
    assert.equal(await store.isBlacklisted('j1'), true);
    assert.equal(await store.isBlacklisted('j2'), false);
    assert.equal(await store.flushExpired(new Date(expiresAt.getTime() + 1)), 1);
  });

  it('remove what refers to a user with it', async () => {
    const bob = await users.createUser({ username: 'bob' });
    await library.tokenStore(orm).getOrCreate(bob);
    const em = orm.em.fork();
    await em.remove(await em.findOneOrFail(User, { username: 'bob' })).flush();
    assert.deepEqual(await query(orm, 'SELECT key FROM authtoken_token WHERE user_id = ?', [bob.pk]), []);
  });

  it('count hits and keep values in the cache, also when many ask at once', async () => {
    const cache = library.cacheStore(orm);
    const now = Date.now() / 1000;
    const hits = await Promise.all(
      Array.from({ length: 20 }, () => cache.hit('guesses', { limit: 5, duration: 60, now })),
    );
    assert.equal(hits.filter(({ allowed }) => allowed).length, 5);
    await cache.giveBack('guesses', now);
    assert.equal((await cache.hit('guesses', { limit: 5, duration: 60, now })).allowed, true);
    await cache.set('value', { a: [1] }, 60);
    assert.deepEqual(await cache.get('value'), { a: [1] });
    await cache.delete('value');
    assert.equal(await cache.get('value'), undefined);
  });
});

describe('The command line', () => {
  it('makes the tables and a user', async () => {
    const orm = await open('commands');
    const { clientUrl } = orm.config.getAll();
    const run = (...args) =>
      execFileSync(process.execPath, ['node_modules/sallyport/dist/cli/main.js', ...args], {
        env: { DATABASE_URL: clientUrl },
        encoding: 'utf8',
      });
    assert.match(run('migrate'), /Applying sallyport_0001_auth_user\.\.\. OK/);
    assert.equal(run('createuser', '--noinput', '--username', 'ann', '--email', ''), 'User created successfully.\n');
    assert.equal(run('createtokens'), 'Created 1 token.\n');
    await orm.close(true);
  });
});

describe('Tokens', () => {
  let orm;
  before(async () => {
    orm = await open('tokens', { entities: library.djangoSchemas(), subscribers: [library.automaticTokens()] });
    await library.migrate(orm);
  });
  after(() => orm.close(true));

  it('are made beside new users, and for those who were there before', async () => {
    const ann = await library.userStore(orm).createUser({ username: 'ann' });
    const tokens = library.tokenStore(orm);
    assert.deepEqual([(await tokens.getOrCreate(ann))[1], await tokens.createMissing()], [false, 0]);
    await query(orm, 'DELETE FROM authtoken_token');
    assert.equal(await tokens.createMissing(), 1);
  });
});

describe("Users of an app's own class and table", () => {
  class Member extends User {
    club = '';
  }
  const MemberSchema = library.userSchema({
    class: Member,
    tableName: 'club_member',
    properties: { club: { type: 'string', length: 40 } },
  });
  let orm;
  before(async () => {
    const own = [
      MemberSchema,
      library.tokenSchema({ class: sallyport.Token, user: MemberSchema }),
      ...library.permissionSchemas({ user: MemberSchema }),
    ];
    orm = await open('members', { entities: own });
    await orm.schema.update();
    await library.migrate(orm);
  });
  after(() => orm.close(true));

  it('have tokens, groups and permissions', async () => {
    const users = library.userStore(orm, { entity: Member });
    const ann = await users.createUser({ username: 'ann', club: 'chess' });
    const [{ key }] = await library.tokenStore(orm).getOrCreate(ann);
    assert.equal((await library.tokenStore(orm).find(key)).user.club, 'chess');
    await query(orm, "INSERT INTO auth_group (name) VALUES ('editors')");
    await query(orm, 'INSERT INTO club_member_groups (member_id, group_id) VALUES (?, 1)', [ann.pk]);
    await query(
      orm,
      `INSERT INTO auth_group_permissions (group_id, permission_id)
         SELECT 1, id FROM auth_permission WHERE codename = 'add_group'`,
    );
    assert.equal(await (await users.get(ann.pk)).hasPerm('auth.add_group'), true);
  });
});

describe('The unit of work', () => {
  let orm;
  before(async () => {
    orm = await open('units');
    await library.migrate(orm);
  });
  after(() => orm.close(true));

  /** Runs a view that makes a user, and tells whether that user is there afterwards. */
  async function makesUser(username, end) {
    const aroundDispatch = library.unitOfWork(orm, { atomicRequests: true });
    class Maker extends APIView {
      static settings = defineSettings({ defaultAuthenticationClasses: [], aroundDispatch });
      async post() {
        orm.em.create(User, { username, password: '' });
        await orm.em.flush();
        return end();
      }
    }
    await request(Maker, { method: 'POST' });
    return (await library.userStore(orm).getByNaturalKey(username)) !== null;
  }

  it('commits what a view has written, and undoes what a refused one has', async () => {
    const refuse = () => {
      throw new sallyport.PermissionDenied();
    };
    assert.equal(await makesUser('kept', () => new Response()), true);
    assert.equal(await makesUser('undone', refuse), false);
    const rollback = () => {
      library.setRollback(orm);
      return new Response();
    };
    assert.equal(await makesUser('rolled-back', rollback), false);
  });

  it('manages what was looked up before somebody asked for its manager', async ({ mock }) => {
    const tokens = library.tokenStore(orm);
    const ann = await library.userStore(orm).createUser({ username: 'ann' });
    const [{ key }] = await tokens.getOrCreate(ann);
    const { mock: forks } = mock.method(orm.em, 'fork');
    await library.unitOfWork(orm)({ headers: {} }, async () => {
      const token = await tokens.find(key);
      token.user.firstName = 'Ann';
      assert.equal(forks.callCount(), 0);
      assert.equal('password' in JSON.parse(JSON.stringify(token.user)), false);
      assert.equal(await orm.em.findOne(User, ann.id), token.user);
      assert.equal((await tokens.find(key)).user, token.user);
      await orm.em.flush();
      return new Response();
    });
    assert.equal((await tokens.find(key)).user.firstName, 'Ann');
  });
});

/** Serves a view for one request over a socket. */
async function request(view, options = {}) {
  const server = createServer(view.asView());
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  try {
    const answer = await fetch(`http://127.0.0.1:${String(server.address().port)}/`, options);
    return { status: answer.status, headers: answer.headers, body: await answer.text() };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('Requests over HTTP', () => {
  let orm;
  let headers;
  let Me;
  let Entry;

  before(async () => {
    orm = await open('requests');
    await library.migrate(orm);
    const users = library.userStore(orm);
    const tokens = library.tokenStore(orm);
    const ann = await users.createUser({ username: 'ann', password: 'correct horse' });
    const [{ key }] = await tokens.getOrCreate(ann);
    const basic = (password) => ({ authorization: `Basic ${btoa(`ann:${password}`)}` });
    headers = {
      token: { authorization: `Token ${key}` },
      basic: basic('correct horse'),
      wrong: basic('wrong'),
      unknown: { authorization: 'Token 0000000000000000000000000000000000000000' },
    };
    class AppView extends APIView {
      static settings = defineSettings(
        {
          defaultAuthenticationClasses: [
            sallyport.TokenAuthentication,
            sallyport.SessionAuthentication,
            sallyport.BasicAuthentication,
          ],
          defaultPermissionClasses: [IsAuthenticated],
          aroundDispatch: library.unitOfWork(orm),
          cache: library.cacheStore(orm),
          numProxies: 0,
          users,
        },
        sallyport.authtoken({ store: tokens }),
        sallyport.session({ store: library.sessionStore(orm), secretKey }),
      );
    }
    Me = class extends AppView {
      get({ user, successfulAuthenticator }) {
        return new Response([user.username, successfulAuthenticator.constructor.name]);
      }
      post() {
        return new Response('posted');
      }
    };
    Entry = class extends AppView {
      static permissionClasses = [];
      static authenticationClasses = [];
      async post(request) {
        await sallyport.login(request, await users.getByNaturalKey('ann'));
        return new Response(await sallyport.getToken(request));
      }
    };
  });
  after(() => orm.close(true));

  it('answer 200 to the owner of a token and of a password', async () => {
    const byToken = await request(Me, { headers: headers.token });
    assert.deepEqual([byToken.status, byToken.body], [200, '["ann","TokenAuthentication"]']);
    const byPassword = await request(Me, { headers: headers.basic });
    assert.deepEqual([byPassword.status, byPassword.body], [200, '["ann","BasicAuthentication"]']);
  });

  it('answer 401 with a challenge to nobody, and to wrong credentials', async () => {
    for (const sent of [{}, headers.wrong, headers.unknown]) {
      const { status, headers: received } = await request(Me, { headers: sent });
      assert.deepEqual([status, received.get('www-authenticate')], [401, 'Token']);
    }
  });

  it('answer 200 to a session, and 403 to a post of one without the CSRF token', async () => {
    const entry = await request(Entry, { method: 'POST' });
    assert.equal(entry.status, 200);
    const cookie = entry.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
    const me = await request(Me, { headers: { cookie } });
    assert.deepEqual([me.status, me.body], [200, '["ann","SessionAuthentication"]']);
    const forged = await request(Me, { method: 'POST', headers: { cookie } });
    assert.deepEqual([forged.status, forged.body], [403, '{"detail":"CSRF Failed: CSRF token missing."}']);
    const good = await request(Me, { method: 'POST', headers: { cookie, 'x-csrftoken': JSON.parse(entry.body) } });
    assert.deepEqual([good.status, good.body], [200, '"posted"']);
  });

  it('answer 429 above the rate', async () => {
    class Slow extends sallyport.UserRateThrottle {
      rate = '2/min';
    }
    class Limited extends Me {
      static throttleClasses = [Slow];
    }
    const statuses = [];
    for (let sent = 0; sent < 3; sent++) statuses.push((await request(Limited, { headers: headers.token })).status);
    assert.deepEqual(statuses, [200, 200, 429]);
  });
});
