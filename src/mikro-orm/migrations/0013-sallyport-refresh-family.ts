import { SqlMigration } from './migration';

const TABLE = 'sallyport_refresh_family';

/** The families of refresh tokens. Users are named by a text, since Django, which may delete them, knows nothing of it. */
export class SallyportRefreshFamily extends SqlMigration {
  up(): void {
    if (this.entityOf(TABLE) === undefined) return;
    this.create(
      TABLE,
      `CREATE TABLE ${TABLE} (
        id varchar(255) NOT NULL PRIMARY KEY,
        user_pk text NULL,
        jti varchar(255) NOT NULL,
        issued_at timestamp with time zone NOT NULL,
        expires_at timestamp with time zone NOT NULL,
        kept_until timestamp with time zone NOT NULL,
        ended_at timestamp with time zone NULL,
        spent jsonb NOT NULL
      )`,
      `CREATE INDEX ${TABLE}_user_pk ON ${TABLE} (user_pk)`,
      `CREATE INDEX ${TABLE}_kept_until ON ${TABLE} (kept_until)`,
    );
  }

  down(): void {
    this.dropOwn(TABLE);
  }
}
