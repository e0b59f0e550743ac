import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Migrator } from '@mikro-orm/migrations';
import { MikroORM } from '@mikro-orm/postgresql';
import type { EntitySchema, Options } from '@mikro-orm/postgresql';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Token, User } from 'sallyport';
import {
  blacklistSchemas,
  CacheSchema,
  listMigrations,
  migrate,
  migrateTo,
  migratorOptions,
  permissionSchemas,
  SessionSchema,
  tokenSchema,
  TokenSchema,
  userSchema,
  UserSchema,
} from 'sallyport/mikro-orm';
import { createDatabase } from '../support/database';
import type { TestDatabase } from '../support/database';

const DJANGO = readFileSync(path.join(__dirname, '../interop/kit/schema.postgresql.sql'), 'utf8');
const ENTITIES = [UserSchema, TokenSchema, SessionSchema, ...permissionSchemas(), CacheSchema, ...blacklistSchemas()];
const ALL = [
  'sallyport_0001_auth_user',
  'sallyport_0002_authtoken_token',
  'sallyport_0003_django_content_type',
  'sallyport_0004_auth_permission',
  'sallyport_0005_auth_group',
  'sallyport_0006_auth_group_permissions',
  'sallyport_0007_auth_user_groups',
  'sallyport_0008_auth_user_user_permissions',
  'sallyport_0009_django_session',
  'sallyport_0010_sallyport_cache',
  'sallyport_0011_token_blacklist_outstandingtoken',
  'sallyport_0012_token_blacklist_blacklistedtoken',
];
/** Those of Django. */
const TABLES = [
  'auth_group',
  'auth_group_permissions',
  'auth_permission',
  'auth_user',
  'auth_user_groups',
  'auth_user_user_permissions',
  'authtoken_token',
  'django_content_type',
  'django_session',
  'token_blacklist_blacklistedtoken',
  'token_blacklist_outstandingtoken',
];
const OURS = ['sallyport_cache', 'sallyport_migrations'];
const NUMBERED = TABLES.filter((table) => !['authtoken_token', 'django_session'].includes(table));
const DROP = `DROP TABLE ${[...TABLES, ...OURS].join(', ')}`;

class Member extends User {}
const MemberSchema = userSchema({ class: Member, tableName: 'club_member' });

describe('The migrations', () => {
  let database: TestDatabase;
  let orms: MikroORM[];

  beforeEach(async () => {
    database = await createDatabase();
    orms = [];
  });
  afterEach(async () => {
    await Promise.all(orms.map((orm) => orm.close(true)));
    await database.drop();
  });

  async function open(entities: readonly EntitySchema[] = ENTITIES, options: Options = {}): Promise<MikroORM> {
    const orm = await MikroORM.init({ clientUrl: database.url, entities: [...entities], ...options });
    orms.push(orm);
    return orm;
  }
  const query = (orm: MikroORM, sql: string): Promise<Record<string, unknown>[]> => orm.em.getConnection().execute(sql);

  /** All that PostgreSQL knows of the tables, but for where the numbers of rows come from. */
  async function describeTables(orm: MikroORM): Promise<object> {
    const names = TABLES.map((table) => `'${table}'`).join(', ');
    const oids = TABLES.map((table) => `'${table}'::regclass`).join(', ');
    return {
      columns: await query(
        orm,
        `SELECT attrelid::regclass::text AS table, attnum, attname, format_type(atttypid, atttypmod) AS type, attnotnull
           FROM pg_attribute WHERE attnum > 0 AND attrelid IN (${oids}) ORDER BY 1, 2`,
      ),
      defaults: await query(
        orm,
        `SELECT table_name, column_name FROM information_schema.columns
          WHERE table_name IN (${names}) AND column_default IS NOT NULL AND column_name <> 'id'`,
      ),
      constraints: await query(
        orm,
        `SELECT conrelid::regclass::text AS table, conname, pg_get_constraintdef(oid) AS definition
           FROM pg_constraint WHERE conrelid IN (${oids}) ORDER BY 1, 2`,
      ),
      indexes: await query(orm, `SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN (${names}) ORDER BY 1`),
      sequences: await query(
        orm,
        `SELECT seqrelid::regclass::text AS name, format_type(seqtypid, NULL) AS type, seqstart, seqincrement
           FROM pg_sequence WHERE seqrelid IN (${NUMBERED.map((table) => `pg_get_serial_sequence('${table}', 'id')::regclass`).join(', ')}) ORDER BY 1`,
      ),
    };
  }
  const tables = async (orm: MikroORM): Promise<unknown[]> =>
    (await query(orm, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")).map(
      ({ tablename }) => tablename,
    );

  it('make the tables exactly as Django makes them (A-001, D-190, S-055, S-070)', async () => {
    const orm = await open();
    expect(await migrate(orm)).toEqual(ALL);
    const ours = await describeTables(orm);

    await query(orm, DROP);
    await query(orm, DJANGO);
    expect(ours).toEqual(await describeTables(orm));
  });

  it('number the rows as Django 4.1 and later do', async () => {
    const orm = await open();
    await migrate(orm);
    expect(
      await query(
        orm,
        `SELECT table_name AS table FROM information_schema.columns
          WHERE column_name = 'id' AND identity_generation = 'BY DEFAULT' ORDER BY 1`,
      ),
    ).toEqual(NUMBERED.map((table) => ({ table })));
  });

  it("are what MikroORM's schema generator makes of the entities too", async () => {
    const orm = await open();
    await migrate(orm);
    const ours = await describeTables(orm);
    await query(orm, DROP);
    await orm.schema.createSchema();
    expect(await describeTables(orm)).toEqual(ours);
  });

  it('run once', async () => {
    const orm = await open();
    await migrate(orm);
    expect(await migrate(orm)).toEqual([]);
    expect((await query(orm, 'SELECT name FROM sallyport_migrations ORDER BY id')).map(({ name }) => name)).toEqual(
      ALL,
    );
  });

  it('run once where several processes start together', async () => {
    const several = await Promise.all([1, 2, 3, 4, 5].map(() => open()));
    const applied = await Promise.all(several.map((orm) => migrate(orm)));
    expect(applied.flat().sort()).toEqual(ALL);
  });

  it('leave the tables and rows of Django alone (A-001, S-055)', async () => {
    const orm = await open();
    await query(orm, DJANGO);
    await query(orm, "INSERT INTO auth_user VALUES (7, '', NULL, false, 'ann', '', '', '', false, true, now())");
    await query(orm, 'DROP INDEX auth_user_username_6821ab7c_like');
    const before = await describeTables(orm);
    await migrate(orm);
    expect(await describeTables(orm)).toEqual(before);
    expect(await query(orm, 'SELECT id, username FROM auth_user')).toEqual([{ id: 7, username: 'ann' }]);
  });

  it('make a table that Django has not made yet', async () => {
    const orm = await open();
    await query(orm, DJANGO);
    const before = await tables(orm);
    await query(orm, 'DROP TABLE authtoken_token, django_session');
    await migrate(orm);
    expect(await tables(orm)).toEqual([...before, ...OURS].sort());
  });

  it('leave nothing behind when one fails (S-057)', async () => {
    const orm = await open([MemberSchema, tokenSchema({ class: Token, user: MemberSchema as never })]);
    await expect(migrate(orm)).rejects.toThrow('relation "club_member" does not exist');
    expect(await tables(orm)).toEqual([]);
  });

  it('make no table that the app maps no class to, until it does', async () => {
    const users = await open([UserSchema]);
    expect(await migrate(users)).toEqual(['sallyport_0001_auth_user']);
    expect(await migrate(await open([UserSchema, TokenSchema]))).toEqual(['sallyport_0002_authtoken_token']);
    expect(await tables(users)).toEqual(['auth_user', 'authtoken_token', 'sallyport_migrations']);
    expect(await migrate(await open())).toEqual(ALL.slice(2));
  });

  it('let the foreign key of the tokens follow the class of the users (A-005, S-057)', async () => {
    const orm = await open([MemberSchema, tokenSchema({ class: Token, user: MemberSchema as never })]);
    await query(orm, 'CREATE TABLE club_member (id serial PRIMARY KEY)');
    expect(await migrate(orm)).toEqual(['sallyport_0002_authtoken_token']);
    const keys = await query(
      orm,
      "SELECT conname, confrelid::regclass::text AS target FROM pg_constraint WHERE contype = 'f'",
    );
    expect(keys).toEqual([{ conname: 'authtoken_token_user_id_35299eff_fk_club_member_id', target: 'club_member' }]);
  });

  describe('to a state that is named', () => {
    it('go back, the last one first, and forth', async () => {
      const orm = await open();
      await migrate(orm);
      const behind = ALL.slice(9);
      expect(await migrateTo(orm, 'sallyport_0009_django_session')).toEqual({
        reverted: behind.toReversed(),
        applied: [],
      });
      expect(await tables(orm)).toEqual([...TABLES.slice(0, -2), 'sallyport_migrations'].sort());
      expect(await migrateTo(orm, '0010')).toEqual({ reverted: [], applied: [behind[0]] });
      expect(await migrateTo(orm, 'zero')).toEqual({ reverted: ALL.slice(0, 10).toReversed(), applied: [] });
      expect(await tables(orm)).toEqual(['sallyport_migrations']);
      expect(await migrate(orm)).toEqual(ALL);
    });

    it.each([
      ['0099', 'No migration goes by the name 0099. There are zero, sallyport_0001_auth_user, '],
      ['sallyport_000', 'More than one migration goes by the name sallyport_000. '],
      ['', 'More than one migration goes by the name . '],
    ])('refuse %j, and do nothing', async (name, message) => {
      const orm = await open();
      await migrate(orm);
      await expect(migrateTo(orm, name)).rejects.toThrow(message);
      expect(await tables(orm)).toEqual([...TABLES, ...OURS].sort());
    });

    it('drop nothing that is Django’s', async () => {
      const orm = await open();
      await query(orm, DJANGO);
      const before = await tables(orm);
      await migrate(orm);
      await migrateTo(orm, 'zero');
      expect(await tables(orm)).toEqual([...before, 'sallyport_migrations'].sort());
    });

    it('stop where a table of the app refers to one that would go, and leave all as it is', async () => {
      const orm = await open();
      await migrate(orm);
      await query(orm, 'CREATE TABLE note (owner integer REFERENCES auth_user (id))');
      await expect(migrateTo(orm, 'zero')).rejects.toThrow('auth_user');
      expect(await tables(orm)).toEqual(['note', ...TABLES, ...OURS].sort());
    });
  });

  it('are listed, and listing changes nothing', async () => {
    const orm = await open([UserSchema]);
    const [first, second] = await listMigrations(orm);
    expect([first, second]).toEqual([
      { name: ALL[0], applied: false, mapped: true },
      { name: ALL[1], applied: false, mapped: false },
    ]);
    expect(await tables(orm)).toEqual([]);
    await migrate(orm);
    expect((await listMigrations(orm)).filter(({ applied }) => applied).map(({ name }) => name)).toEqual([ALL[0]]);
  });

  describe("in MikroORM's own migrator", () => {
    const withMigrator = (): Promise<MikroORM> =>
      open(undefined, { extensions: [Migrator], migrations: { ...migratorOptions(), silent: true } });

    it('do the same, and both know what the other has done', async () => {
      const orm = await withMigrator();
      await orm.migrator.up();
      const theirs = await describeTables(orm);
      expect(await migrate(orm)).toEqual([]);

      await query(orm, DROP);
      await migrate(orm);
      expect(await describeTables(orm)).toEqual(theirs);
      const pending = await orm.migrator.getPendingMigrations();
      expect(pending.filter(({ name }) => ALL.includes(name))).toEqual([]);
    });

    it('go back, one by one, and forth again', async () => {
      const orm = await withMigrator();
      await orm.migrator.up({ to: ALL.at(-1)! });
      const last = [
        'token_blacklist_blacklistedtoken',
        'token_blacklist_outstandingtoken',
        'sallyport_cache',
        'django_session',
        'auth_user_user_permissions',
        'auth_user_groups',
      ];
      for (const gone of last) {
        await orm.migrator.down();
        expect(await tables(orm)).not.toContain(gone);
      }
      for (let left = ALL.length - last.length; left > 0; left--) await orm.migrator.down();
      expect(await tables(orm)).toEqual(['sallyport_migrations']);
      await orm.migrator.up({ to: ALL.at(-1)! });
      expect(await tables(orm)).toEqual([...TABLES, ...OURS].sort());
    });

    it('never drop what is Django’s', async () => {
      const orm = await withMigrator();
      await query(orm, DJANGO);
      const before = await tables(orm);
      await orm.migrator.up();
      await orm.migrator.down({ to: 0 });
      expect(await tables(orm)).toEqual([...before, 'sallyport_migrations'].sort());
    });
  });
});
