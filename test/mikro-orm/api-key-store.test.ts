import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defineSettings, ImproperlyConfigured, User } from 'sallyport';
import { AbstractAPIKey, apiKey, APIKey, createAPIKey, findAPIKey, revokeAPIKey } from 'sallyport/api-key';
import { apiKeySchema, APIKeySchema, apiKeyStore, UserSchema, userStore } from 'sallyport/mikro-orm';
import { FixedClock } from 'sallyport/testing';
import { describeAPIKeyStore } from '../support/contracts/api-key-store';
import { openOrm } from './support';
import type { TestOrm } from './support';

const DJANGO = readFileSync(path.join(__dirname, '../interop/kit/schema.postgresql.sql'), 'utf8');
const TABLE = 'rest_framework_api_key_apikey';

class TeamKey extends AbstractAPIKey {
  team!: string;
  override user: User | null = null;
}
const TeamKeySchema = apiKeySchema<TeamKey>({
  class: TeamKey,
  tableName: 'team_key',
  properties: {
    team: { type: 'string', length: 20 },
    user: { kind: 'm:1', entity: () => UserSchema, nullable: true },
  } as never,
});
const ENTITIES = [UserSchema, APIKeySchema, TeamKeySchema];

describeAPIKeyStore('The table of API keys on PostgreSQL', async () => {
  const { orm, inRequest, close } = await openOrm(ENTITIES);
  return { store: apiKeyStore(orm), otherModel: TeamKey, inRequest, close };
});

describe('The table of API keys on PostgreSQL', () => {
  let test: TestOrm;
  beforeAll(async () => {
    test = await openOrm(ENTITIES);
  });
  afterAll(() => test.close());

  const settings = () =>
    defineSettings({ clock: new FixedClock('2026-01-02T03:04:05Z') }, apiKey({ store: apiKeyStore(test.orm) }));

  it('holds what the package reads, and not the key', async () => {
    const [{ prefix, hashedKey }, key] = await createAPIKey(settings(), { name: 'job' });
    expect(await test.sql(`SELECT *, created::text FROM ${TABLE}`)).toEqual([
      {
        id: `${prefix}.${hashedKey}`,
        prefix: key.split('.')[0],
        hashed_key: expect.stringMatching(/^pbkdf2_sha256\$1\$[A-Za-z0-9]{22}\$[A-Za-z0-9+/]{43}=$/),
        name: 'job',
        created: '2026-01-02 03:04:05+00',
        revoked: false,
        expiry_date: null,
      },
    ]);
    // Versions 1 and 2 of the package have room for a hundred characters.
    expect(`${prefix}.${hashedKey}`.length).toBeLessThanOrEqual(100);
  });

  it('is asked once for a key and its user', async () => {
    const ann = await userStore(test.orm).createUser({ username: 'ann' });
    const options = { name: 'red', model: TeamKey };
    const [, key] = await createAPIKey(settings(), { ...options, fields: { team: 'red', user: ann } });
    const [, nobodys] = await createAPIKey(settings(), { ...options, fields: { team: 'blue', user: null } });
    test.statements();
    const found = (await test.inRequest(() => findAPIKey(settings(), key, TeamKey))) as TeamKey;
    expect(test.statements()).toHaveLength(1);
    expect([found.team, found.user!.username]).toEqual(['red', 'ann']);
    expect((await test.inRequest(() => findAPIKey(settings(), nobodys, TeamKey)))!.user).toBeNull();
  });

  it('keeps a key called back, whatever a view saves', async () => {
    const [{ prefix }, key] = await createAPIKey(settings(), { name: 'gone' });
    await revokeAPIKey(settings(), prefix);
    await test.inRequest(async () => {
      const row = await test.orm.em.findOneOrFail(APIKey, { prefix });
      row.revoked = false;
      await expect(test.orm.em.flush()).rejects.toThrow('The API key has been revoked, which cannot be undone.');
    });
    expect(await findAPIKey(settings(), key)).toBeNull();
  });

  it('loses the keys of a user who is deleted', async () => {
    const bob = await userStore(test.orm).createUser({ username: 'bob' });
    const fields = { team: 'red', user: bob };
    const [, key] = await createAPIKey(settings(), { name: 'of bob', model: TeamKey, fields });
    await test.inRequest(async () => {
      await test.orm.em.remove(await test.orm.em.findOneOrFail(User, bob.id)).flush();
    });
    expect(await findAPIKey(settings(), key, TeamKey)).toBeNull();
  });

  it('needs its class among the entities', async () => {
    const orm = await test.another({ entities: [UserSchema] });
    expect(() => apiKeyStore(orm)).toThrow(ImproperlyConfigured);
  });
});

describe('The table of API keys', () => {
  let test: TestOrm;
  beforeAll(async () => {
    test = await openOrm([UserSchema, APIKeySchema]);
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

  it("is made as version 3 of the package makes it, and as MikroORM's schema generator does", async () => {
    const ours = await describeTable();
    expect(await test.orm.schema.getUpdateSchemaSQL({ dropTables: false })).toBe('');
    await test.sql(`DROP TABLE ${TABLE}, auth_user, sallyport_migrations`);
    await test.orm.schema.createSchema();
    expect(await describeTable()).toEqual(ours);
    await test.sql('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    await test.sql(DJANGO);
    // What version 3 does to a table of version 2.
    for (const column of ['id', 'hashed_key']) {
      await test.sql(`ALTER TABLE ${TABLE} ALTER COLUMN ${column} TYPE varchar(150)`);
    }
    expect(await describeTable()).toEqual(ours);
  });
});
