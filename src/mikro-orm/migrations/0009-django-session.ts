import { SqlMigration } from './migration';

/** Django's sessions. */
export class DjangoSession extends SqlMigration {
  up(): void {
    if (this.entityOf('django_session') === undefined) return;
    this.create(
      'django_session',
      `CREATE TABLE django_session (
        session_key varchar(40) NOT NULL PRIMARY KEY,
        session_data text NOT NULL,
        expire_date timestamp with time zone NOT NULL
      )`,
      'CREATE INDEX django_session_session_key_c0390e0f_like ON django_session (session_key varchar_pattern_ops)',
      'CREATE INDEX django_session_expire_date_a5c62663 ON django_session (expire_date)',
    );
  }

  down(): void {
    this.drop('django_session');
  }
}
