import { SqlMigration } from './migration';

/** The shared cache. */
export class SallyportCache extends SqlMigration {
  up(): void {
    if (this.entityOf('sallyport_cache') === undefined) return;
    this.create(
      'sallyport_cache',
      // Unlogged, as no counter is worth the writing of a journal: a crash of the server empties the table, and all
      // windows begin anew. Room in the pages, and no index on a column that each hit changes, let a hit write its row
      // beside the old one.
      `CREATE UNLOGGED TABLE sallyport_cache (
        "key" text NOT NULL PRIMARY KEY,
        value text NULL,
        hits double precision[] NULL,
        allowed boolean NULL,
        expires_at timestamp with time zone NOT NULL
      ) WITH (fillfactor = 50)`,
    );
  }

  down(): void {
    this.dropOwn('sallyport_cache');
  }
}
