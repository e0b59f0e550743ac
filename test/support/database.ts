import { randomBytes } from 'node:crypto';
import { MikroORM } from '@mikro-orm/postgresql';

/** An empty database of its own for a test file. */
export interface TestDatabase {
  readonly url: string;
  /** Removes it, even if connections are still open. */
  drop(): Promise<void>;
}

/** Makes a database on the server of the test run (`SALLYPORT_TEST_DATABASE_URL`). */
export async function createDatabase(): Promise<TestDatabase> {
  const server = process.env['SALLYPORT_TEST_DATABASE_URL'];
  if (server === undefined) {
    throw new Error('SALLYPORT_TEST_DATABASE_URL is not set; test/support/global-setup.ts sets it.');
  }
  const name = `sallyport_test_${randomBytes(8).toString('hex')}`;
  await execute(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => execute(server, `DROP DATABASE ${name} WITH (FORCE)`) };
}

async function execute(url: string, sql: string): Promise<void> {
  const orm = await MikroORM.init({ clientUrl: url, entities: [], discovery: { warnWhenNoEntities: false } });
  try {
    await orm.em.getConnection().execute(sql);
  } finally {
    await orm.close(true);
  }
}
