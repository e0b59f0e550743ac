import { execute } from '../orm';
import type { Orm, Row } from '../orm';
import { migrations, MIGRATIONS_TABLE } from './migrations';
import { insertPermissions } from './permissions';
import type { ModelDeclaration } from './permissions';

/** Any number will do that no other program takes. */
const ADVISORY_LOCK = 0x5a11_9047;

export interface MigrateOptions {
  /** The models of the app for which permissions are made. @default [] */
  readonly models?: readonly ModelDeclaration[];
}

/**
 * Brings our tables up to date, and makes the permissions that are missing (see `createPermissions`), in one transaction.
 * Processes that start together wait for each other.
 * @returns the names of the migrations that ran
 */
export async function migrate(orm: Orm, { models = [] }: MigrateOptions = {}): Promise<string[]> {
  return orm.em.fork().transactional(async (em) => {
    const run = (sql: string, ...params: unknown[]): Promise<Row[]> => execute(em, sql, params);
    await run('SELECT pg_advisory_xact_lock(?)', ADVISORY_LOCK);
    await run(
      `CREATE TABLE IF NOT EXISTS ${MIGRATIONS_TABLE} (
        id serial PRIMARY KEY, name varchar(255) NOT NULL, executed_at timestamp with time zone NOT NULL DEFAULT now()
      )`,
    );
    const done = new Set((await run(`SELECT name FROM ${MIGRATIONS_TABLE}`)).map(({ name }) => name));
    const applied: string[] = [];
    for (const { name, class: Migration } of migrations) {
      if (done.has(name)) continue;
      const migration = new Migration(em.getDriver());
      migration.up();
      const queries = migration.getQueries();
      if (queries.length === 0) continue; // the app may map a class to that table later
      for (const sql of queries) await run(sql);
      await run(`INSERT INTO ${MIGRATIONS_TABLE} (name) VALUES (?)`, name);
      applied.push(name);
    }
    await insertPermissions(em, models);
    return applied;
  });
}
