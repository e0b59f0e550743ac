import type { EntityManager } from '@mikro-orm/core';
import { execute } from '../orm';
import type { Orm, Row } from '../orm';
import { migrations, MIGRATIONS_TABLE } from './migrations';
import type { NamedMigration } from './migrations';

/** Any number will do that no other program takes. */
const ADVISORY_LOCK = 0x5a11_9047;

/** What has run on a database, within a transaction that changes it. */
export class Ledger {
  constructor(
    readonly em: EntityManager,
    readonly done: Set<string>,
  ) {}

  run(sql: string, ...params: readonly unknown[]): Promise<Row[]> {
    return execute(this.em, sql, params);
  }

  /** Runs those that have not run; one whose table the app maps no class to isn't run, as it may do so later. */
  async apply(wanted: readonly NamedMigration[]): Promise<string[]> {
    const applied: string[] = [];
    for (const migration of wanted) {
      const queries = this.done.has(migration.name) ? [] : queriesOf(this.em, migration, 'up');
      if (queries.length === 0) continue;
      for (const sql of queries) await this.run(sql);
      await this.add(migration.name);
      applied.push(migration.name);
    }
    return applied;
  }

  /** Takes those back that have run, the last one first. */
  async revert(unwanted: readonly NamedMigration[]): Promise<string[]> {
    const reverted: string[] = [];
    for (const migration of [...unwanted].reverse()) {
      if (!this.done.delete(migration.name)) continue;
      for (const sql of queriesOf(this.em, migration, 'down')) await this.run(sql);
      await this.run(`DELETE FROM ${MIGRATIONS_TABLE} WHERE name = ?`, migration.name);
      reverted.push(migration.name);
    }
    return reverted;
  }

  /** Counts a migration as done. */
  async add(name: string): Promise<void> {
    await this.run(`INSERT INTO ${MIGRATIONS_TABLE} (name) VALUES (?)`, name);
    this.done.add(name);
  }
}

function queriesOf(em: EntityManager, { class: Migration }: NamedMigration, direction: 'up' | 'down'): string[] {
  const migration = new Migration(em.getDriver());
  migration[direction]();
  return migration.getQueries();
}

/** Opens the ledger in a transaction. Processes that start together wait for each other. */
export function withLedger<T>(orm: Orm, work: (ledger: Ledger) => Promise<T>): Promise<T> {
  return orm.em.fork().transactional(async (em) => {
    await execute(em, 'SELECT pg_advisory_xact_lock(?)', [ADVISORY_LOCK]);
    await execute(
      em,
      `CREATE TABLE IF NOT EXISTS ${MIGRATIONS_TABLE} (
        id serial PRIMARY KEY, name varchar(255) NOT NULL, executed_at timestamp with time zone NOT NULL DEFAULT now()
      )`,
      [],
    );
    return work(new Ledger(em, await namesIn(em)));
  });
}

async function namesIn(em: EntityManager): Promise<Set<string>> {
  const rows = await execute(em, `SELECT name FROM ${MIGRATIONS_TABLE}`, []);
  return new Set(rows.map(({ name }) => name as string));
}

/** A migration, and what has become of it in a database. */
export interface MigrationStatus {
  readonly name: string;
  readonly applied: boolean;
  /** Whether the app maps a class to its table. `migrate` leaves the others alone. */
  readonly mapped: boolean;
}

/** All migrations of the library in their order. The database is only read. */
export async function listMigrations(orm: Orm): Promise<MigrationStatus[]> {
  const em = orm.em.fork();
  const [found] = await execute(em, 'SELECT to_regclass(?) IS NOT NULL AS there', [MIGRATIONS_TABLE]);
  const done = found!['there'] === true ? await namesIn(em) : new Set<string>();
  return migrations.map((migration) => ({
    name: migration.name,
    applied: done.has(migration.name),
    mapped: queriesOf(em, migration, 'up').length > 0,
  }));
}
