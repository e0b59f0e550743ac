import type { EntityManager } from '@mikro-orm/core';
import { concealing, execute } from './orm';
import type { Row } from './orm';

/**
 * Runs one prebuilt SELECT on the primary server, for the look-ups that most requests begin with.
 *
 * `execute` writes the values into the statement and passes it through several layers; with PostgreSQL and MikroORM 6
 * that takes this process longer than the driver does. Where nothing needs those layers (a transaction under way, a log
 * of queries), a connection of the same pool gets the statement, with the values beside it.
 */
export function query(em: EntityManager, sql: string, params: readonly unknown[]): Promise<Row[]> {
  const pool = poolOf(em);
  if (pool === null || em.isInTransaction() || em.config.getLogger().isEnabled('query'))
    return execute(em, sql, params);
  const secrets = params.filter((value) => typeof value === 'string');
  return concealing(secrets, ask(pool, em.config.get('onQuery')(sql, [...params]), params));
}

/** What is used of a client of node-postgres. */
interface Connection {
  query(sql: string, params: readonly unknown[]): Promise<{ readonly rows: Row[] }>;
}

/** What is used of a client of knex. */
interface Pool {
  readonly driverName: string;
  acquireConnection(): Promise<Connection>;
  releaseConnection(connection: Connection): Promise<void>;
}

/** Null where MikroORM has none that is known: version 7 does without knex. */
function poolOf(em: EntityManager): Pool | null {
  const connection = em.getConnection() as { getKnex?(): { readonly client: Pool } };
  const client = connection.getKnex?.().client;
  return client?.driverName === 'pg' ? client : null;
}

async function ask(pool: Pool, sql: string, params: readonly unknown[]): Promise<Row[]> {
  const connection = await pool.acquireConnection();
  try {
    // Without a name: poolers such as PgBouncer may give the next statement to another server.
    return (await connection.query(numbered(sql), params)).rows;
  } finally {
    await pool.releaseConnection(connection);
  }
}

const LIMIT = 200;
const memo = new Map<string, string>();

/** The placeholders of MikroORM as those of PostgreSQL. */
function numbered(sql: string): string {
  let text = memo.get(sql);
  if (text === undefined) {
    let count = 0;
    text = sql.replaceAll('?', () => `$${String(++count)}`);
    if (memo.size < LIMIT) memo.set(sql, text);
  }
  return text;
}
