import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPermissions, migrate } from 'sallyport/mikro-orm';
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

describe('A database of Django', () => {
  let database: DjangoDatabase;

  beforeAll(async () => {
    database = await openDjango();
  });
  afterAll(() => database.close());

  /** Everything that is in the database, but for our own table. */
  async function look(): Promise<Record<string, Rows>> {
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

  it('is not changed by the migrations, in its tables, rows and numbers (A-001)', async () => {
    const before = await look();
    expect(before['columns']!.length).toBeGreaterThan(200);
    expect(before['auth_user']).toHaveLength(31);

    await migrate(database.orm);
    await migrate(database.orm);
    await createPermissions(database.orm);

    const after = await look();
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
