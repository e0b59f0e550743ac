import { djangoName } from '../entities/django-names';
import { SqlMigration } from './migration';

const TABLE = 'knox_authtoken';

/** Knox's tokens. Their foreign key follows the class of users that the app maps. */
export class KnoxAuthToken extends SqlMigration {
  up(): void {
    const user = this.userOf(TABLE);
    if (user === undefined) return;
    this.create(
      TABLE,
      `CREATE TABLE ${TABLE} (
        digest varchar(128) NOT NULL PRIMARY KEY,
        created timestamp with time zone NOT NULL,
        user_id ${user.type} NOT NULL
          CONSTRAINT "${djangoName(TABLE, 'user_id', `_fk_${user.table}_${user.column}`)}"
          REFERENCES "${user.table}" ("${user.column}") DEFERRABLE INITIALLY DEFERRED,
        expiry timestamp with time zone NULL,
        token_key varchar(25) NOT NULL
      )`,
      `CREATE INDEX knox_authtoken_digest_188c7e77_like ON ${TABLE} (digest varchar_pattern_ops)`,
      `CREATE INDEX knox_authtoken_token_key_8f4f7d47 ON ${TABLE} (token_key)`,
      `CREATE INDEX knox_authtoken_token_key_8f4f7d47_like ON ${TABLE} (token_key varchar_pattern_ops)`,
      `CREATE INDEX knox_authtoken_user_id_e5a5d899 ON ${TABLE} (user_id)`,
    );
  }

  down(): void {
    this.drop(TABLE);
  }
}
