import { createHash } from 'node:crypto';
import { types } from 'node:util';
import type { StatementManager } from './deferred-manager';
import { concealed, execute, textsOf } from './orm';
import type { Row } from './orm';

/**
 * Runs one prebuilt SELECT on the primary server, for the look-ups that most requests begin with.
 *
 * `execute` writes the values into the statement and passes it through several layers; with PostgreSQL and MikroORM 6
 * that takes this process longer than the driver does. Where nothing needs those layers (a transaction under way, a log
 * of queries), a connection of the same pool gets the statement, with the values beside it, and the server keeps it as
 * a prepared one, which spares it the planning.
 */
export function query(em: StatementManager, sql: string, params: readonly unknown[]): Promise<Row[]> {
  const pool = poolOf(em);
  if (pool === null || em.isInTransaction() || em.config.getLogger().isEnabled('query'))
    return execute(em, sql, params);
  const hooked = em.config.get('onQuery')(sql, [...params]);
  // A hook may write a number of the request into each statement, and no server shall keep all of these.
  const statement = hooked === sql ? prebuilt(sql) : { text: numbered(hooked) };
  return ask(pool, statement, params);
}

/** What is used of a client of node-postgres. */
interface Connection {
  query(statement: Statement, done: (error: Error | null, result: { readonly rows: Row[] }) => void): void;
}

interface Statement {
  /** The server keeps a statement with a name for as long as the connection lives. */
  readonly name?: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

type Prebuilt = Omit<Statement, 'values'>;

/** What is used of a client of knex. */
interface Pool {
  readonly driverName: string;
  acquireConnection(): Promise<Connection>;
  releaseConnection(connection: Connection): Promise<void>;
}

/** Null where MikroORM has none that is known: version 7 does without knex. */
function poolOf(em: StatementManager): Pool | null {
  const connection = em.getConnection() as { getKnex?(): { readonly client: Pool } };
  const client = connection.getKnex?.().client;
  return client?.driverName === 'pg' ? client : null;
}

/**
 * The pools whose servers lose statements: poolers such as PgBouncer may give each statement to another server, and a
 * migration may have changed a table under them.
 */
const forgetful = new WeakSet<Pool>();
/** No such statement; another one of that name; one that would give other columns now. */
const LOST = new Set(['26000', '42P05', '0A000']);

async function ask(pool: Pool, { name, text }: Prebuilt, values: readonly unknown[]): Promise<Row[]> {
  const connection = await pool.acquireConnection();
  const isNamed = name !== undefined && !forgetful.has(pool);
  try {
    return await run(connection, isNamed ? { name, text, values } : { text, values });
  } catch (error) {
    if (!isNamed || !isLost(error)) throw failure(error, values);
    forgetful.add(pool);
    return await run(connection, { text, values }).catch((again: unknown) => {
      throw failure(again, values);
    });
  } finally {
    await pool.releaseConnection(connection);
  }
}

/** By a callback: asked for a promise, the driver makes two, and each is dear beside an `AsyncLocalStorage`. */
function run(connection: Connection, statement: Statement): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    connection.query(statement, (error, result) => {
      if (error === null) resolve(result.rows);
      else reject(error);
    });
  });
}

/** The error as it may be shown, with a stack that tells who asked; the driver's own ends in its parser. */
function failure(error: unknown, values: readonly unknown[]): unknown {
  if (types.isNativeError(error)) Error.captureStackTrace(error, failure);
  return concealed(error, textsOf(values));
}

function isLost(error: unknown): boolean {
  return types.isNativeError(error) && LOST.has((error as { code?: string }).code ?? '');
}

const LIMIT = 200;
const memo = new Map<string, Prebuilt>();

/** By a name that follows from its text, since apps of other releases may share the server of a pooler. */
function prebuilt(sql: string): Prebuilt {
  const known = memo.get(sql);
  if (known !== undefined) return known;
  const text = numbered(sql);
  if (memo.size >= LIMIT) return { text };
  const digest = createHash('sha256').update(text).digest('base64url');
  const statement = { name: `sallyport_${digest.slice(0, 32)}`, text };
  memo.set(sql, statement);
  return statement;
}

/** The placeholders of MikroORM as those of PostgreSQL. */
function numbered(sql: string): string {
  let count = 0;
  return sql.replaceAll('?', () => `$${String(++count)}`);
}
