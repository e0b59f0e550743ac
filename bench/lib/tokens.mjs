import { createRequire } from 'node:module';
import { users } from './works.mjs';

const require = createRequire(import.meta.url);
const SQL =
  'SELECT t.key, t.created, u.id, u.username, u.email, u.is_active FROM authtoken_token t ' +
  'JOIN auth_user u ON u.id = t.user_id WHERE t.key = $1';

/** How a server that is written by hand finds the user of a token. */
export async function createLookup(work) {
  if (work !== 'W5') return async (key) => users.get(key) ?? null;
  const { Pool } = require('pg');
  const pool = new Pool({ connectionString: process.env.BENCH_DATABASE_URL, max: 10 });
  return async (key) => (await pool.query({ name: 'token', text: SQL, values: [key] })).rows[0] ?? null;
}

/** The same with MikroORM's own `findOne`, which most apps would write. */
export async function createFindOne() {
  const { MikroORM } = require('@mikro-orm/postgresql');
  const { Token } = require('../../dist/index.js');
  const { TokenSchema, UserSchema } = require('../../dist/mikro-orm/index.js');
  const orm = await MikroORM.init({ clientUrl: process.env.BENCH_DATABASE_URL, entities: [UserSchema, TokenSchema] });
  return async (key) =>
    (await orm.em.fork().findOne(Token, { key }, { populate: ['user'], strategy: 'joined' }))?.user ?? null;
}

const HEADER = /^Token ([0-9a-f]{40})$/;
export const tokenOf = (header) => HEADER.exec(header ?? '')?.[1];
