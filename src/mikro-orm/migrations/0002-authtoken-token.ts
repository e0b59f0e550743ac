import { SqlMigration } from './migration';

/** DRF's tokens. Their foreign key follows the class of users that the app maps. */
export class AuthtokenToken extends SqlMigration {
  up(): void {
    const user = this.entityOf('authtoken_token')?.relations.find(({ name }) => name === 'user')?.targetMeta;
    if (user === undefined) return;
    const { tableName } = user;
    const {
      fieldNames: [key],
      columnTypes: [type],
    } = user.getPrimaryProp();
    this.create(
      'authtoken_token',
      `CREATE TABLE authtoken_token (
        "key" varchar(40) NOT NULL PRIMARY KEY,
        created timestamp with time zone NOT NULL,
        user_id ${type} NOT NULL UNIQUE
          CONSTRAINT "authtoken_token_user_id_35299eff_fk_${tableName}_${key}"
          REFERENCES "${tableName}" ("${key}") DEFERRABLE INITIALLY DEFERRED
      )`,
      'CREATE INDEX authtoken_token_key_10f0b77e_like ON authtoken_token ("key" varchar_pattern_ops)',
    );
  }

  down(): void {
    this.drop('authtoken_token');
  }
}
