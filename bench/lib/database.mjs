import { createRequire } from 'node:module';
import { users } from './works.mjs';

const require = createRequire(import.meta.url);

/** A throw-away PostgreSQL with DRF's tables of users and tokens, filled. */
export async function openDatabase() {
  const { startPostgres } = require('../../scripts/postgres.cjs');
  const { MikroORM } = require('@mikro-orm/postgresql');
  const { migrate, TokenSchema, UserSchema } = require('../../dist/mikro-orm/index.js');
  const postgres = await startPostgres();
  try {
    const orm = await MikroORM.init({ clientUrl: postgres.url, entities: [UserSchema, TokenSchema] });
    await migrate(orm);
    const rows = [...users].map(([key, { id, username }]) => ({ key, id, username }));
    const run = (sql) => orm.em.getConnection().execute(sql, [JSON.stringify(rows)]);
    await run(
      'INSERT INTO auth_user (id, username, password, is_superuser, is_staff, is_active, first_name, last_name, email, date_joined) ' +
        "SELECT id, username, '', false, false, true, '', '', '', now() FROM json_to_recordset(?) AS r(id int, username text)",
    );
    await run(
      'INSERT INTO authtoken_token (key, created, user_id) ' +
        'SELECT key, now(), id FROM json_to_recordset(?) AS r(key text, id int)',
    );
    await orm.em.getConnection().execute('ANALYZE');
    await orm.close();
    return postgres;
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}
