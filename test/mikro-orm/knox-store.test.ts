import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defineSettings, handle, ImproperlyConfigured, path as route, User } from 'sallyport';
import {
  AbstractAuthToken,
  AuthToken,
  createAuthToken,
  knox,
  PasswordLoginView,
  TokenAuthentication,
} from 'sallyport/knox';
import {
  authTokenSchema,
  AuthTokenDetailsSchema,
  AuthTokenSchema,
  knoxStore,
  migrate,
  unitOfWork,
  UserSchema,
  userSchema,
  userStore,
} from 'sallyport/mikro-orm';
import { APIClient, FixedClock, fastPasswordHashers } from 'sallyport/testing';
import { describeKnoxStore } from '../support/contracts/knox-store';
import { openOrm } from './support';
import type { TestOrm } from './support';

const DJANGO = readFileSync(path.join(__dirname, '../interop/kit/schema.postgresql.sql'), 'utf8');
const ENTITIES = [UserSchema, AuthTokenSchema, AuthTokenDetailsSchema];
const TABLE = 'knox_authtoken';

class DeviceToken extends AbstractAuthToken<User> {
  device!: string;
}
const DeviceTokenSchema = authTokenSchema<DeviceToken>({
  class: DeviceToken,
  tableName: 'device_token',
  properties: { device: { type: 'string', length: 20 } },
});

describeKnoxStore('The table of knox on PostgreSQL', async () => {
  const { orm, inRequest, close } = await openOrm(ENTITIES);
  let count = 0;
  return {
    store: knoxStore<AuthToken<User>>(orm),
    createUser: () => userStore(orm).createUser({ username: `user ${String(++count)}` }),
    inRequest,
    close,
  };
});

describe('The table of knox on PostgreSQL', () => {
  let test: TestOrm;
  let ann: User;

  beforeAll(async () => {
    test = await openOrm([...ENTITIES, DeviceTokenSchema]);
    ann = await userStore(test.orm, { hashers: fastPasswordHashers }).createUser({ username: 'ann', password: 'ann' });
  });
  afterAll(() => test.close());

  const settings = () =>
    defineSettings(
      { users: userStore(test.orm), clock: new FixedClock('2026-01-02T03:04:05Z') },
      knox({ store: knoxStore(test.orm) }),
    );

  it('holds what knox reads, and not the token (K-014, K-047, K-060)', async () => {
    const [token, text] = await createAuthToken(settings(), ann);
    expect(await test.sql(`SELECT *, created::text, expiry::text FROM ${TABLE}`)).toEqual([
      {
        digest: token.digest,
        token_key: text.slice(0, 15),
        user_id: ann.id,
        created: '2026-01-02 03:04:05+00',
        expiry: '2026-01-02 13:04:05+00',
      },
    ]);
    expect(String(token)).toBe(`${token.digest} : ann`);
    expect(await test.sql('SELECT * FROM sallyport_knox_token')).toEqual([]);
  });

  it('is asked once for a token, its user and its details (K-118)', async () => {
    const [, text] = await createAuthToken(settings(), ann, { name: 'phone' });
    test.statements();
    const [user, token] = await test.inRequest(() =>
      new TokenAuthentication<User>(settings()).authenticateCredentials(text),
    );
    expect(test.statements()).toHaveLength(1);
    expect([user.username, token.name]).toEqual(['ann', 'phone']);
  });

  it('finds a token by the index of its key', async () => {
    const plan = await test.sql(
      `SET enable_seqscan = off; EXPLAIN SELECT * FROM ${TABLE} WHERE token_key IN ('a', 'b')`,
    );
    expect(JSON.stringify(plan)).toMatch(/knox_authtoken_token_key_8f4f7d47/);
    await test.sql('RESET enable_seqscan');
  });

  it('gives entities that a view may change and save, and a renewal is nothing to save (K-032)', async () => {
    const store = knoxStore(test.orm);
    const [{ tokenKey }] = await createAuthToken(settings(), ann);
    await test.inRequest(async () => {
      const [token] = await store.find([tokenKey]);
      await store.renew(token!, new Date('2026-01-03T00:00:00Z'));
      (token!.user as User).firstName = 'Ann';
      test.statements();
      await test.orm.em.flush();
      expect(test.statements()).toEqual([expect.stringContaining('update "auth_user" set "first_name"')]);
    });
  });

  it('loses the tokens of a user who is deleted (K-065, K-066)', async () => {
    const bob = await userStore(test.orm).createUser({ username: 'bob' });
    await createAuthToken(settings(), bob);
    await test.inRequest(async () => {
      await test.orm.em.remove(await test.orm.em.findOneOrFail(User, bob.id)).flush();
    });
    expect(await knoxStore(test.orm).list(bob)).toEqual([]);
  });

  it('forgets the details of tokens that Django has removed', async () => {
    const [{ digest }] = await createAuthToken(settings(), ann, { name: 'gone' });
    await createAuthToken(settings(), ann, { name: 'there' });
    await test.sql(`DELETE FROM ${TABLE} WHERE digest = ?`, [digest]);
    await knoxStore(test.orm).flushExpired(new Date('2026-01-01T00:00:00Z'));
    const names = await test.sql("SELECT name FROM sallyport_knox_token WHERE name IN ('gone', 'there')");
    expect(names).toEqual([{ name: 'there' }]);
  });

  it('is written within the transaction of a request, which may be rolled back', async () => {
    const before = await test.sql(`SELECT digest FROM ${TABLE}`);
    const around = unitOfWork(test.orm, { atomicRequests: true });
    await expect(
      around({ headers: {} }, async () => {
        await createAuthToken(settings(), ann);
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    expect(await test.sql(`SELECT digest FROM ${TABLE}`)).toHaveLength(before.length);
  });

  it.each([false, true])(
    'gives 50 log ins at once two tokens and no more, atomicRequests: %s (K-105)',
    async (atomicRequests) => {
      const carol = { username: `carol ${String(atomicRequests)}`, password: 'carol' };
      const users = userStore(test.orm, { hashers: fastPasswordHashers });
      const user = await users.createUser(carol);
      const store = knoxStore(test.orm);
      const view = PasswordLoginView.asView({
        settings: defineSettings(
          {
            users,
            aroundDispatch: unitOfWork(test.orm, { atomicRequests }),
            defaultThrottleRates: { failed_login: null },
          },
          knox({ store, tokenLimitPerUser: 2 }),
        ),
      });
      const client = new APIClient(handle([route('/login/', view)]));
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => client.post('/login/', carol, { format: 'json' })),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, ...Array<number>(48).fill(403)]);
      expect(await store.list(user)).toHaveLength(2);
    },
  );

  it('may be one of a class of the app, with columns of its own (K-064, K-085)', async () => {
    const store = knoxStore(test.orm, { entity: DeviceToken });
    const own = defineSettings({ users: userStore(test.orm) }, knox({ store: store }));
    const [token, text] = await createAuthToken(own, ann, { fields: { device: 'watch' } });
    expect(token).toBeInstanceOf(DeviceToken);
    const [, found] = await test.inRequest(() => new TokenAuthentication(own).authenticateCredentials(text));
    expect((found as unknown as DeviceToken).device).toBe('watch');
    await expect(new TokenAuthentication(settings()).authenticateCredentials(text)).rejects.toThrow('Invalid token.');
  });

  it('keeps the details of the tokens of other classes, whose scopes would be lost', async () => {
    const devices = knoxStore(test.orm, { entity: DeviceToken });
    const own = defineSettings({ users: userStore(test.orm) }, knox({ store: devices }));
    const [, text] = await createAuthToken(own, ann, { scopes: ['read'], fields: { device: 'watch' } });
    await knoxStore(test.orm).flushExpired(new Date());
    const [, token] = await test.inRequest(() => new TokenAuthentication(own).authenticateCredentials(text));
    expect(token.scopes).toEqual(['read']);
    await test.sql('DELETE FROM device_token');
    await devices.flushExpired(new Date());
    expect(await test.sql("SELECT 1 FROM sallyport_knox_token WHERE token_table = 'device_token'")).toEqual([]);
  });

  it('keeps no details where the app maps no table for them, and says so', async () => {
    const orm = await test.another({ entities: [UserSchema, AuthTokenSchema] });
    const store = knoxStore(orm);
    const plain = defineSettings({ users: userStore(orm) }, knox({ store }));
    const [token] = await createAuthToken(plain, ann);
    const [found] = await store.find([token.tokenKey]);
    expect([store.keepsDetails, found!.details]).toEqual([false, null]);
    expect(await store.delete(found!)).toBe(true);
    await expect(createAuthToken(plain, ann, { name: 'x' })).rejects.toThrow(ImproperlyConfigured);
    await store.flushExpired(new Date(0));
  });

  it('needs its class among the entities', async () => {
    const orm = await test.another({ entities: [UserSchema] });
    expect(() => knoxStore(orm)).toThrow(ImproperlyConfigured);
  });
});

describe('The table of knox', () => {
  let test: TestOrm;
  beforeAll(async () => {
    test = await openOrm(ENTITIES);
  });
  afterAll(() => test.close());

  const describeTable = async (): Promise<object> => ({
    columns: await test.sql(
      `SELECT attnum, attname, format_type(atttypid, atttypmod) AS type, attnotnull FROM pg_attribute
        WHERE attnum > 0 AND attrelid = '${TABLE}'::regclass ORDER BY 1`,
    ),
    constraints: await test.sql(
      `SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conrelid = '${TABLE}'::regclass ORDER BY 1`,
    ),
    indexes: await test.sql(`SELECT indexname, indexdef FROM pg_indexes WHERE tablename = '${TABLE}' ORDER BY 1`),
  });

  it("is made as Django makes it, and as MikroORM's schema generator does (K-060, K-061, K-067, K-070)", async () => {
    const ours = await describeTable();
    expect(await test.orm.schema.getUpdateSchemaSQL({ dropTables: false })).toBe('');
    await test.sql(`DROP TABLE ${TABLE}, sallyport_knox_token, auth_user, sallyport_migrations`);
    await test.orm.schema.createSchema();
    expect(await describeTable()).toEqual(ours);
    await test.sql('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    await test.sql(DJANGO);
    expect(await describeTable()).toEqual(ours);
  });

  it('refers to the users of the app', async () => {
    class Member extends User {}
    const MemberSchema = userSchema({ class: Member, tableName: 'club_member' });
    const tokens = authTokenSchema<AuthToken>({ class: AuthToken, user: MemberSchema as never });
    const orm = await test.another({ entities: [MemberSchema, tokens] });
    await test.sql(
      'DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE club_member (id serial PRIMARY KEY)',
    );
    expect(await migrate(orm)).toEqual(['sallyport_0014_knox_authtoken']);
    const keys = await test.sql("SELECT confrelid::regclass::text AS target FROM pg_constraint WHERE contype = 'f'");
    expect(keys).toEqual([{ target: 'club_member' }]);
  });
});
