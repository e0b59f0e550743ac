import { startPostgres } from '../../scripts/postgres.cjs';
import type { Postgres } from '../../scripts/postgres.cjs';

declare global {
  var testPostgres: Postgres | undefined;
}

/** One PostgreSQL for the whole run, unless the environment names another. */
export default async function globalSetup(): Promise<void> {
  const given = process.env['SALLYPORT_TEST_DATABASE_URL'] ?? process.env['DATABASE_URL'];
  if (given === undefined) {
    globalThis.testPostgres = await startPostgres();
  }
  process.env['SALLYPORT_TEST_DATABASE_URL'] = given ?? globalThis.testPostgres?.url;
}
