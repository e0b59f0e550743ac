import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MikroORM } from '@mikro-orm/postgresql';
import type { EntitySchema } from '@mikro-orm/postgresql';
import { User } from 'sallyport';
import { adopt, CacheSchema, createPermissions, migrate, SessionSchema, userSchema } from 'sallyport/mikro-orm';
import type { AdoptedTable } from 'sallyport/mikro-orm';
import { openDjango } from './django';
import type { DjangoDatabase } from './django';

type Rows = readonly Record<string, unknown>[];

/** What the catalog says of everything in the database but our own table, each row as a text. */
const CATALOG = {
  relations: `SELECT relname, relkind, relowner, relacl, relpersistence, reloptions, obj_description(oid) FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'sallyport_%'`,
  columns: `SELECT c.relname, a.*, pg_get_expr(adbin, adrelid) FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
      LEFT JOIN pg_attrdef d ON (adrelid, adnum) = (attrelid, attnum)
     WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'sallyport_%'`,
  constraints: `SELECT conname, conrelid::regclass, contype, condeferrable, condeferred, convalidated, pg_get_constraintdef(oid)
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text NOT LIKE 'sallyport_%'`,
  indexes: `SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE 'sallyport_%'`,
  sequences: `SELECT * FROM pg_sequences WHERE schemaname = 'public' AND sequencename NOT LIKE 'sallyport_%'`,
  triggers: `SELECT tgname, tgrelid::regclass, tgenabled FROM pg_trigger`,
  functions: `SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace`,
  types: `SELECT typname, typtype FROM pg_type
     WHERE typnamespace = 'public'::regnamespace AND typname NOT SIMILAR TO '_?sallyport_%'`,
};

/** Everything that is in a database, but for our own table. */
async function look(database: DjangoDatabase): Promise<Record<string, Rows>> {
  const found: Record<string, Rows> = {};
  for (const [part, query] of Object.entries(CATALOG)) {
    found[part] = await database.sql(`SELECT row_to_json(found)::text AS row FROM (${query}) found ORDER BY 1`);
  }
  for (const { name } of await database.sql("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")) {
    const table = name as string;
    if (table.startsWith('sallyport_')) continue;
    found[table] = await database.sql(`SELECT xmin, ctid, t::text AS row FROM ${table} t ORDER BY 3`);
  }
  return found;
}

describe('A database of Django', () => {
  let database: DjangoDatabase;

  beforeAll(async () => {
    database = await openDjango();
  });
  afterAll(() => database.close());

  it('is not changed by the migrations, in its tables, rows and numbers (A-001)', async () => {
    const before = await look(database);
    expect(before['columns']!.length).toBeGreaterThan(200);
    expect(before['auth_user']).toHaveLength(31);

    await migrate(database.orm);
    await migrate(database.orm);
    await createPermissions(database.orm);

    const after = await look(database);
    for (const [part, rows] of Object.entries(before)) expect([part, after[part]]).toEqual([part, rows]);
    expect(Object.keys(after)).toEqual(Object.keys(before));
  });

  it('gets a table of ours that says which migrations there were, and no other', async () => {
    const tables = await database.sql("SELECT tablename FROM pg_tables WHERE tablename LIKE 'sallyport_%'");
    expect(tables).toEqual([{ tablename: 'sallyport_migrations' }]);
  });

  it('gets the permissions of a new model, numbered as Django would', async () => {
    const [last] = await database.sql('SELECT max(id) AS id FROM auth_permission');
    await migrate(database.orm, { models: [{ appLabel: 'notes', modelName: 'note' }] });
    const made = await database.sql(
      'SELECT p.id, codename FROM auth_permission p JOIN django_content_type c ON c.id = content_type_id WHERE app_label = ? ORDER BY 1',
      ['notes'],
    );
    expect(made).toEqual(
      ['add_note', 'change_note', 'delete_note', 'view_note'].map((codename, i) => ({
        id: (last!['id'] as number) + 1 + i,
        codename,
      })),
    );
  });
});

describe('Adopting', () => {
  let database: DjangoDatabase;
  const orms: MikroORM[] = [];

  beforeEach(async () => {
    database = await openDjango();
  });
  afterEach(async () => {
    await Promise.all(orms.splice(0).map((orm) => orm.close(true)));
    await database.close();
  });

  /** The same database as an app with these entities sees it. */
  async function seenBy(entities: readonly EntitySchema[]): Promise<MikroORM> {
    const { clientUrl } = database.orm.config.getAll();
    const orm = await MikroORM.init({ clientUrl: clientUrl!, entities: [...entities] });
    orms.push(orm);
    return orm;
  }
  const isThere = async (table: string): Promise<unknown> =>
    (await database.sql('SELECT to_regclass(?) IS NOT NULL AS there', [table]))[0]!['there'];
  const states = (tables: readonly AdoptedTable[]): object =>
    Object.fromEntries(tables.map(({ table, state }) => [table, state]));

  it('recognises the tables of Django, changes nothing in the catalog, and leaves no row (A-001)', async () => {
    const before = await look(database);
    const { tables, applied } = await adopt(database.orm);
    expect(await look(database)).toEqual(before);
    expect(new Set(tables.map(({ state }) => state))).toEqual(new Set(['adopted']));
    expect(tables.map(({ table }) => table)).toContain('auth_user');
    expect(applied).toEqual([]);
    expect(await migrate(database.orm)).toEqual([]);

    expect(new Set(Object.values(states((await adopt(database.orm)).tables)))).toEqual(new Set(['known']));
  });

  it('makes tables of ours, and none that Django lacks', async () => {
    await database.sql('DROP TABLE django_session');
    const orm = await seenBy([userSchema({ class: User }), SessionSchema, CacheSchema]);
    const { tables, applied } = await adopt(orm);
    expect(states(tables)).toEqual({ auth_user: 'adopted', django_session: 'missing' });
    expect(applied).toEqual(['sallyport_0010_sallyport_cache']);
    expect(await isThere('django_session')).toBe(false);
    expect(await migrate(orm)).toEqual(['sallyport_0009_django_session']);
  });

  it('tells what differs, and then does nothing at all', async () => {
    await database.sql(
      'ALTER TABLE auth_user ALTER id TYPE bigint, DROP COLUMN last_name, ADD phone text NOT NULL DEFAULT 1',
    );
    await database.sql('ALTER TABLE auth_user ALTER phone DROP DEFAULT, ADD badge int NOT NULL DEFAULT 7');
    const { tables, applied } = await adopt(await seenBy([userSchema({ class: User }), SessionSchema, CacheSchema]));
    expect(tables).toEqual([
      {
        table: 'auth_user',
        state: 'different',
        differences: [
          'The column id is of type bigint, and integer is mapped.',
          'The column last_name is missing.',
          "The column phone must have a value, and isn't mapped.",
        ],
      },
      { table: 'django_session', state: 'adopted', differences: [] },
    ]);
    expect(applied).toEqual([]);
    expect([await isThere('sallyport_migrations'), await isThere('sallyport_cache')]).toEqual([false, false]);
  });

  it('does nothing where there is no table of Django', async () => {
    await database.sql('DROP TABLE django_session');
    const { tables, applied } = await adopt(await seenBy([SessionSchema, CacheSchema]));
    expect([states(tables), applied]).toEqual([{ django_session: 'missing' }, []]);
    expect(await isThere('sallyport_migrations')).toBe(false);
  });

  it('takes texts of any length, as releases of Django differ in them', async () => {
    await database.sql('ALTER TABLE auth_user ALTER first_name TYPE varchar(30), ALTER email TYPE text');
    expect(states((await adopt(await seenBy([userSchema({ class: User })]))).tables)).toEqual({ auth_user: 'adopted' });
  });
});
