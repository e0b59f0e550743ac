import { SqlMigration } from './migration';

/** DRF's tokens. Their foreign key follows the class of users that the app maps. */
export class AuthtokenToken extends SqlMigration {
  up(): void {
    const user = this.userOf('authtoken_token');
    if (user === undefined) return;
    this.create(
      'authtoken_token',
      `CREATE TABLE authtoken_token (
        "key" varchar(40) NOT NULL PRIMARY KEY,
        created timestamp with time zone NOT NULL,
        user_id ${user.type} NOT NULL UNIQUE
          CONSTRAINT "authtoken_token_user_id_35299eff_fk_${user.table}_${user.column}"
          REFERENCES "${user.table}" ("${user.column}") DEFERRABLE INITIALLY DEFERRED
      )`,
      'CREATE INDEX authtoken_token_key_10f0b77e_like ON authtoken_token ("key" varchar_pattern_ops)',
    );
  }

  down(): void {
    this.drop('authtoken_token');
  }
}
