import { SqlMigration } from './migration';

const TABLE = 'rest_framework_api_key_apikey';

/** The keys of `rest_framework_api_key`. */
export class RestFrameworkApiKeyApikey extends SqlMigration {
  up(): void {
    if (this.entityOf(TABLE) === undefined) return;
    this.create(
      TABLE,
      `CREATE TABLE ${TABLE} (
        id varchar(150) NOT NULL PRIMARY KEY,
        created timestamp with time zone NOT NULL,
        name varchar(50) NOT NULL,
        revoked boolean NOT NULL,
        expiry_date timestamp with time zone NULL,
        hashed_key varchar(150) NOT NULL,
        prefix varchar(8) NOT NULL UNIQUE
      )`,
      `CREATE INDEX rest_framework_api_key_apikey_created_c61872d9 ON ${TABLE} (created)`,
      `CREATE INDEX rest_framework_api_key_apikey_id_6e07e68e_like ON ${TABLE} (id varchar_pattern_ops)`,
      `CREATE INDEX rest_framework_api_key_apikey_prefix_4e0db5f8_like ON ${TABLE} (prefix varchar_pattern_ops)`,
    );
  }

  down(): void {
    this.drop(TABLE);
  }
}
