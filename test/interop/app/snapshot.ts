import type { MikroORM } from '@mikro-orm/postgresql';

/** All rows of a database as they were, and where its numbers stood. */
export class Snapshot {
  readonly #orm: MikroORM;
  readonly #rows: ReadonlyMap<string, string>;
  readonly #numbers: readonly Sequence[];

  private constructor(orm: MikroORM, rows: ReadonlyMap<string, string>, numbers: readonly Sequence[]) {
    this.#orm = orm;
    this.#rows = rows;
    this.#numbers = numbers;
  }

  static async take(orm: MikroORM): Promise<Snapshot> {
    const connection = orm.em.getConnection();
    const tables = await connection.execute<{ name: string }[]>(TABLES);
    const rows = new Map<string, string>();
    for (const { name } of tables) {
      // As text, so that no value passes through a type of JavaScript.
      const [table] = await connection.execute<{ rows: string }[]>(
        `SELECT coalesce(json_agg(t), '[]')::text AS rows FROM ${name} t`,
      );
      rows.set(name, table!.rows);
    }
    return new Snapshot(orm, rows, await connection.execute<Sequence[]>(SEQUENCES));
  }

  /** Puts all of it back. Tables that were made since keep their rows. */
  async restore(): Promise<void> {
    await this.#orm.em.fork().transactional(async (em) => {
      // Django's tables check their references when the transaction ends, so the order of the tables doesn't matter.
      await em.execute(`TRUNCATE ${[...this.#rows.keys()].join(', ')}`);
      for (const [name, rows] of this.#rows) {
        await em.execute(`INSERT INTO ${name} SELECT * FROM json_populate_recordset(NULL::${name}, ?::json)`, [rows]);
      }
      for (const { name, value, called } of this.#numbers) {
        await em.execute('SELECT setval(?::regclass, ?, ?)', [name, value, called]);
      }
    });
  }
}

interface Sequence {
  readonly name: string;
  /** A number of 64 bits, as text. */
  readonly value: string;
  /** Whether the number was given out already. */
  readonly called: boolean;
}

const TABLES = `SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'`;

const SEQUENCES = `
  SELECT quote_ident(sequencename) AS name, coalesce(last_value, start_value)::text AS value,
    last_value IS NOT NULL AS called
  FROM pg_sequences WHERE schemaname = 'public'`;
