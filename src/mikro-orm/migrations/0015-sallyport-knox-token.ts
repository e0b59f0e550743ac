import { SqlMigration } from './migration';

const TABLE = 'sallyport_knox_token';

/** What is kept of knox's tokens beside knox's own columns. */
export class SallyportKnoxToken extends SqlMigration {
  up(): void {
    if (this.entityOf(TABLE) === undefined) return;
    this.create(
      TABLE,
      `CREATE TABLE ${TABLE} (
        digest varchar(128) NOT NULL PRIMARY KEY,
        token_table varchar(63) NOT NULL,
        name varchar(150) NULL,
        scopes text[] NULL,
        last_used_at timestamp with time zone NULL,
        password_digest varchar(64) NULL
      )`,
    );
  }

  down(): void {
    this.dropOwn(TABLE);
  }
}
