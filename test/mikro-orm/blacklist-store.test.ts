import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defineSettings, handle, ImproperlyConfigured, path as route, User } from 'sallyport';
import { jwt, OutstandingToken, RefreshToken, tokenRefresh } from 'sallyport/jwt';
import {
  blacklistSchemas,
  blacklistStore,
  migrate,
  unitOfWork,
  userSchema,
  UserSchema,
  userStore,
} from 'sallyport/mikro-orm';
import { APIClient, FixedClock } from 'sallyport/testing';
import { BlacklistedToken } from '../../src/auth/jwt/models';
import { describeBlacklistStore } from '../support/contracts/blacklist-store';
import { openOrm } from './support';
import type { TestOrm } from './support';

const DJANGO = readFileSync(path.join(__dirname, '../interop/kit/schema.postgresql.sql'), 'utf8');
const ENTITIES = [UserSchema, ...blacklistSchemas()];
const TABLES = ['token_blacklist_blacklistedtoken', 'token_blacklist_outstandingtoken'];
const NOW = new Date('2026-01-02T03:04:05Z');

describeBlacklistStore('The blacklist on PostgreSQL', async () => {
  const { orm, inRequest, close } = await openOrm(ENTITIES);
  const { id } = await userStore(orm).createUser({ username: 'alice' });
  return { store: blacklistStore(orm), userPk: id, inRequest, close };
});

describe('The blacklist on PostgreSQL', () => {
  let test: TestOrm;
  let alice: User;

  beforeAll(async () => {
    test = await openOrm(ENTITIES);
    alice = await userStore(test.orm).createUser({ username: 'alice' });
  });
  afterAll(() => test.close());

  const entry = (jti: string, userPk: unknown = alice.id) => ({
    jti,
    token: 'a.b.c',
    userPk,
    createdAt: NOW,
    expiresAt: new Date('2126-01-02T03:04:05Z'),
  });

  it('writes what simplejwt reads (J-150, J-151, J-157)', async () => {
    await blacklistStore(test.orm, { clock: new FixedClock(NOW) }).blacklist(entry('one'));
    expect(
      await test.sql(
        `SELECT user_id, jti, token, created_at = '2026-01-02T03:04:05Z' AS made, expires_at = '2126-01-02T03:04:05Z' AS ends,
                blacklisted_at = '2026-01-02T03:04:05Z' AS listed
           FROM ${TABLES[1]!} t JOIN ${TABLES[0]!} b ON b.token_id = t.id WHERE jti = 'one'`,
      ),
    ).toEqual([{ user_id: alice.id, jti: 'one', token: 'a.b.c', made: true, ends: true, listed: true }]);
  });

  it('forgets what has expired page by page, and goes to the end of the table (J-160)', async () => {
    await test.sql(
      `WITH made AS (INSERT INTO token_blacklist_outstandingtoken (jti, token, expires_at)
         SELECT 'page ' || n, '', '2026-01-01'::timestamptz + CASE WHEN n % 3 = 0 THEN interval '1 year' ELSE '0' END
           FROM generate_series(1, 12000) AS n RETURNING id)
       INSERT INTO token_blacklist_blacklistedtoken (token_id, blacklisted_at) SELECT id, now() FROM made`,
    );
    test.statements();
    expect(await blacklistStore(test.orm).flushExpired(NOW)).toBe(8000);
    expect(test.statements().length).toBeGreaterThan(2);
    expect(
      await test.sql(
        `SELECT count(*)::int AS given, count(b.id)::int AS listed FROM token_blacklist_outstandingtoken t
           LEFT JOIN token_blacklist_blacklistedtoken b ON b.token_id = t.id WHERE jti LIKE 'page %'`,
      ),
    ).toEqual([{ given: 4000, listed: 4000 }]);
  });

  it('gives entities that name themselves as in Django (J-159)', async () => {
    await blacklistStore(test.orm).blacklist(entry('two'));
    await test.inRequest(async () => {
      const row = await test.orm.em.findOneOrFail(
        BlacklistedToken,
        { token: { jti: 'two' } },
        { populate: ['token.user'] },
      );
      expect([String(row), String(row.token)]).toEqual(['Blacklisted token for alice', 'Token for alice (two)']);
    });
    expect(String(Object.assign(new OutstandingToken(), { jti: 'x' }))).toBe('Token for None (x)');
  });

  it('keeps a token called back when its user is deleted (J-152)', async () => {
    const bob = await userStore(test.orm).createUser({ username: 'bob' });
    const store = blacklistStore(test.orm);
    await store.blacklist(entry('of bob', bob.id));
    await test.inRequest(async () => {
      await test.orm.em.remove(await test.orm.em.findOneOrFail(User, bob.id)).flush();
    });
    expect(await test.sql("SELECT user_id FROM token_blacklist_outstandingtoken WHERE jti = 'of bob'")).toEqual([
      { user_id: null },
    ]);
    expect(await store.isBlacklisted('of bob')).toBe(true);
  });

  it('forgets that a token was called back when its row is removed (J-152)', async () => {
    const store = blacklistStore(test.orm);
    await store.blacklist(entry('removed'));
    await test.inRequest(async () => {
      await test.orm.em.remove(await test.orm.em.findOneOrFail(OutstandingToken, { jti: 'removed' })).flush();
    });
    expect(await store.isBlacklisted('removed')).toBe(false);
  });

  it('gives a pair to one of 50 refreshes at once (J-183)', async () => {
    const settings = defineSettings(
      { users: userStore(test.orm), aroundDispatch: unitOfWork(test.orm, { atomicRequests: true }) },
      jwt({
        signingKey: 'a key that is long enough for HS256, and known to nobody',
        blacklist: blacklistStore(test.orm),
        rotateRefreshTokens: true,
        blacklistAfterRotation: true,
      }),
    );
    const refresh = String(await RefreshToken.forUser(settings, alice));
    const client = new APIClient(handle([route('/refresh/', tokenRefresh(settings))]));
    const before = await test.sql('SELECT jti FROM token_blacklist_outstandingtoken');
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => client.post('/refresh/', { refresh }, { format: 'json' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(49).fill(401)]);
    expect(await test.sql('SELECT jti FROM token_blacklist_outstandingtoken')).toHaveLength(before.length + 1);
  });

  it('needs its tables among the entities', async () => {
    const other = await test.another({ entities: [UserSchema] });
    expect(() => blacklistStore(other)).toThrow(ImproperlyConfigured);
  });
});

describe('The tables of the blacklist', () => {
  let test: TestOrm;
  beforeAll(async () => {
    test = await openOrm(ENTITIES);
  });
  afterAll(() => test.close());

  const oids = TABLES.map((table) => `'${table}'::regclass`).join(', ');
  const describeTables = async (): Promise<object> => ({
    columns: await test.sql(
      `SELECT attrelid::regclass::text AS table, attnum, attname, format_type(atttypid, atttypmod) AS type, attnotnull
         FROM pg_attribute WHERE attnum > 0 AND attrelid IN (${oids}) ORDER BY 1, 2`,
    ),
    constraints: await test.sql(
      `SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conrelid IN (${oids}) ORDER BY 1`,
    ),
    indexes: await test.sql(
      `SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ('${TABLES.join("', '")}') ORDER BY 1`,
    ),
  });
  const drop = (): Promise<unknown> => test.sql(`DROP TABLE ${TABLES.join(', ')}, auth_user, sallyport_migrations`);

  it("are made as Django makes them, and as MikroORM's schema generator does (J-150, J-151, J-163)", async () => {
    const ours = await describeTables();
    expect(await test.orm.schema.getUpdateSchemaSQL({ dropTables: false })).toBe('');
    await drop();
    await test.orm.schema.createSchema();
    expect(await describeTables()).toEqual(ours);
    await test.sql('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    await test.sql(DJANGO);
    expect(await describeTables()).toEqual(ours);
  });
});

describe('With users of an app', () => {
  let test: TestOrm;
  beforeAll(async () => {
    test = await openOrm([UserSchema]);
  });
  afterAll(() => test.close());

  it('the tokens refer to their table (J-163)', async () => {
    class Member extends User {}
    const MemberSchema = userSchema({ class: Member, tableName: 'club_member' });
    const orm = await test.another({ entities: [MemberSchema, ...blacklistSchemas({ user: MemberSchema as never })] });
    await test.sql('CREATE TABLE club_member (id serial PRIMARY KEY)');
    expect(await migrate(orm)).toEqual([
      'sallyport_0011_token_blacklist_outstandingtoken',
      'sallyport_0012_token_blacklist_blacklistedtoken',
    ]);
    const [key] = await test.sql(
      `SELECT confrelid::regclass::text AS target, pg_get_serial_sequence('token_blacklist_outstandingtoken', 'user_id') AS counter
         FROM pg_constraint WHERE contype = 'f' AND conrelid = 'token_blacklist_outstandingtoken'::regclass`,
    );
    expect(key).toEqual({ target: 'club_member', counter: null });
  });
});
