import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defineSettings, handle, ImproperlyConfigured, path, type Settings, type User } from 'sallyport';
import { jwt, RefreshToken, tokenRefresh, tokenVerify } from 'sallyport/jwt';
import {
  blacklistSchemas,
  blacklistStore,
  migrate,
  RefreshFamilySchema,
  refreshFamilyStore,
  unitOfWork,
  UserSchema,
  userStore,
} from 'sallyport/mikro-orm';
import { APIClient, FixedClock, type TestResponse } from 'sallyport/testing';
import { describeRefreshFamilyStore } from '../support/contracts/refresh-family-store';
import { openOrm } from './support';
import type { TestOrm } from './support';

const ENTITIES = [UserSchema, ...blacklistSchemas(), RefreshFamilySchema];
const START = Date.parse('2026-01-02T03:04:05Z');
const SIGNING_KEY = 'a key that is long enough for HS256, and known to nobody';

describeRefreshFamilyStore('The families on PostgreSQL', async () => {
  const { orm, inRequest, close } = await openOrm([RefreshFamilySchema]);
  return { store: refreshFamilyStore(orm), inRequest, close };
});

describe('The table of families', () => {
  let test: TestOrm;
  beforeAll(async () => {
    test = await openOrm([RefreshFamilySchema]);
  });
  afterAll(() => test.close());

  it("is made as MikroORM's schema generator makes it, and goes again", async () => {
    const describeTable = (): Promise<object[]> =>
      test.sql(
        `SELECT attname, format_type(atttypid, atttypmod) AS type, attnotnull,
                (SELECT array_agg(indexdef ORDER BY indexdef) FROM pg_indexes WHERE tablename = 'sallyport_refresh_family') AS indexes
           FROM pg_attribute WHERE attnum > 0 AND attrelid = 'sallyport_refresh_family'::regclass ORDER BY attname`,
      );
    expect(await test.orm.schema.getUpdateSchemaSQL({ dropTables: false })).toBe('');
    const ours = await describeTable();
    await test.sql('DROP TABLE sallyport_refresh_family, sallyport_migrations');
    await test.orm.schema.createSchema();
    expect(await describeTable()).toEqual(ours);
    await test.sql('DROP TABLE sallyport_refresh_family');
    expect(await migrate(test.orm)).toEqual(['sallyport_0013_sallyport_refresh_family']);
  });

  it('must be among the entities', async () => {
    const other = await test.another({ entities: [UserSchema] });
    expect(() => refreshFamilyStore(other)).toThrow(ImproperlyConfigured);
  });
});

describe.each([
  ['requests that are transactions', true],
  ['requests that are none', false],
])('Families on PostgreSQL, with %s', (_what, atomicRequests) => {
  let test: TestOrm;
  let alice: User;
  const clock = new FixedClock(START);
  const events: string[] = [];
  let settings: Settings;
  let client: APIClient;

  beforeAll(async () => {
    test = await openOrm(ENTITIES);
    alice = await userStore(test.orm).createUser({ username: 'alice' });
    settings = defineSettings(
      {
        users: userStore(test.orm),
        clock,
        logger: { error: () => undefined },
        aroundDispatch: unitOfWork(test.orm, { atomicRequests }),
      },
      jwt({
        signingKey: SIGNING_KEY,
        blacklist: blacklistStore(test.orm),
        blacklistAfterRotation: true,
        families: refreshFamilyStore(test.orm),
        onRefreshReuse: ({ family }) => void events.push(family),
      }),
    );
    client = new APIClient(
      handle([path('/refresh/', tokenRefresh(settings)), path('/verify/', tokenVerify(settings))]),
    );
  });
  afterAll(() => test.close());

  const login = (): Promise<RefreshToken> => RefreshToken.forUser(settings, alice);
  const refresh = (token: unknown): Promise<TestResponse> =>
    client.post('/refresh/', { refresh: String(token) }, { format: 'json' });
  const count = async (table: string): Promise<number> => (await test.sql(`SELECT 1 FROM ${table}`)).length;

  it('50 refreshes at once of one token give one family, one successor, and nothing twice (J-182, J-183)', async () => {
    for (let round = 0; round < 2; round++) {
      const first = await login();
      const [families, tokens, listed] = [
        await count('sallyport_refresh_family'),
        await count('token_blacklist_outstandingtoken'),
        await count('token_blacklist_blacklistedtoken'),
      ];
      const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(first)));
      expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
      expect(new Set(answers.map(({ data }) => data.refresh as string)).size).toBe(1);
      expect(await count('sallyport_refresh_family')).toBe(families);
      expect(await count('token_blacklist_outstandingtoken')).toBe(tokens + 1);
      expect(await count('token_blacklist_blacklistedtoken')).toBe(listed + 1);
      expect((await refresh(answers[0]!.data.refresh)).status).toBe(200);
    }
  });

  it('a token that is used again after the grace period ends the family for good, once (J-182)', async () => {
    const first = await login();
    const second = (await refresh(first)).data.refresh as string;
    clock.advance(10_000);
    const answers = await Promise.all(Array.from({ length: 5 }, () => refresh(first)));
    expect(answers.map(({ status, data }) => [status, data])).toEqual(
      Array(5).fill([401, { detail: 'Token is blacklisted', code: 'token_not_valid' }]),
    );
    expect(events).toContain(first.get('jti'));
    expect((await refresh(second)).status).toBe(401);
    expect((await client.post('/verify/', { token: second }, { format: 'json' })).status).toBe(400);
    // simplejwt beside us sees it too.
    expect(
      await test.sql(
        `SELECT 1 FROM token_blacklist_blacklistedtoken b JOIN token_blacklist_outstandingtoken t ON t.id = b.token_id
        WHERE t.token = ?`,
        [second],
      ),
    ).toHaveLength(1);
  });

  it('a token of before there were families begins one, for one of many at once', async () => {
    const old = defineSettings({ users: settings.users, clock }, jwt({ signingKey: SIGNING_KEY }));
    const legacy = await RefreshToken.forUser(old, alice);
    const families = await count('sallyport_refresh_family');
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(legacy)));
    expect(new Set(answers.map(({ data }) => data.refresh as string)).size).toBe(1);
    expect(await count('sallyport_refresh_family')).toBe(families + 1);
  });

  it('holds no token, and nothing that one can be made of', async () => {
    const token = String(await login());
    const [row] = await test.sql(
      'SELECT row_to_json(f)::text AS text FROM sallyport_refresh_family f ORDER BY issued_at DESC',
    );
    for (const part of token.split('.').slice(1)) expect(row!['text']).not.toContain(part);
  });
});
