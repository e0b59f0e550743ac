import { MikroORM } from '@mikro-orm/postgresql';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { djangoSchemas, tokenStore, userStore } from 'sallyport/mikro-orm';
import { createDatabase, type TestDatabase } from '../support/database';
import { build, fixtures, sallyport, type Outcome } from './sallyport';

const kit = (file: string): string => readFileSync(join(__dirname, '../interop/kit', file), 'utf8');
const DJANGO = [
  'sallyport_0001_auth_user',
  'sallyport_0002_authtoken_token',
  'sallyport_0003_django_content_type',
  'sallyport_0004_auth_permission',
  'sallyport_0005_auth_group',
  'sallyport_0006_auth_group_permissions',
  'sallyport_0007_auth_user_groups',
  'sallyport_0008_auth_user_user_permissions',
  'sallyport_0009_django_session',
];

let database: TestDatabase;
let orm: MikroORM;

beforeAll(build, 60_000);
beforeEach(async () => {
  database = await createDatabase();
  orm = await MikroORM.init({ clientUrl: database.url, entities: [...djangoSchemas()] });
});
afterEach(async () => {
  await orm.close(true);
  await database.drop();
});

const sql = (query: string): Promise<Record<string, unknown>[]> => orm.em.getConnection().execute(query);
/** Runs the command on the database, in a folder of configurations where one is named. */
const run = (args: readonly string[], folder?: string): Promise<Outcome> =>
  sallyport(args, {
    env: { DATABASE_URL: database.url },
    ...(folder === undefined ? {} : { cwd: join(fixtures, folder) }),
  });
const tables = async (): Promise<unknown[]> =>
  (await sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")).map((row) => row['tablename']);
/** The columns, constraints and indexes of all tables but ours. */
const catalog = (): Promise<unknown> =>
  sql(
    `SELECT c.relname, attname, atttypid, atttypmod, attnotnull, attidentity, pg_get_expr(adbin, adrelid) AS preset, c.xmin
       FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid LEFT JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attnum)
      WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'sallyport_%' ORDER BY 1, attnum`,
  );

describe('sallyport migrate', () => {
  it('makes the tables of Django where the environment alone names a database (S-055)', async () => {
    const lines = DJANGO.map((name) => `  Applying ${name}... OK\n`).join('');
    expect(await run(['migrate'])).toEqual({ status: 0, stdout: `Running migrations:\n${lines}`, stderr: '' });
    expect(await run(['migrate', '--json'])).toMatchObject({ status: 0, stdout: '{"applied":[]}\n' });
  });

  it('lists what has run, and changes nothing', async () => {
    const before = await run(['migrate', '--list']);
    expect(before.status).toBe(0);
    expect(before.stdout).toMatch(/^ \[ \] sallyport_0001_auth_user\n( \[ \] .*\n)+$/);
    expect(before.stdout).toContain(' [ ] sallyport_0010_sallyport_cache (no class is mapped to its table)\n');
    expect(await tables()).toEqual([]);
    await run(['migrate', '--to', '0002']);
    const after = (await run(['migrate', '--list'])).stdout.split('\n');
    expect(after.slice(0, 3)).toEqual([` [X] ${DJANGO[0]!}`, ` [X] ${DJANGO[1]!}`, ` [ ] ${DJANGO[2]!}`]);
    const [first] = JSON.parse((await run(['migrate', '--list', '--json'])).stdout) as object[];
    expect(first).toEqual({ name: DJANGO[0], applied: true, mapped: true });
  });

  it('goes back and forth to a state that is named', async () => {
    await run(['migrate']);
    const back = await run(['migrate', '--to', 'sallyport_0007_auth_user_groups']);
    expect(back).toEqual({
      status: 0,
      stdout: `Running migrations:\n  Unapplying ${DJANGO[8]!}... OK\n  Unapplying ${DJANGO[7]!}... OK\n`,
      stderr: '',
    });
    expect(await tables()).not.toContain('django_session');
    expect((await run(['migrate', '--to', 'zero'])).status).toBe(0);
    expect(await tables()).toEqual(['sallyport_migrations']);
    const forth = await run(['migrate', '--to', '0001', '--json']);
    expect(JSON.parse(forth.stdout)).toEqual({ reverted: [], applied: [DJANGO[0]] });
  });

  it('refuses a state that there is none of', async () => {
    const { status, stdout, stderr } = await run(['migrate', '--to', 'nowhere']);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^CommandError: No migration goes by the name nowhere\. There are zero, sallyport_0001/);
  });

  it.each([
    ['--list', '--to', 'zero'],
    ['--adopt', '--list'],
    ['--adopt', '--to', 'zero'],
  ])('does one thing at a time: %s %s', async (...args) => {
    const { status, stderr } = await run(['migrate', ...args]);
    expect([status, stderr]).toEqual([2, expect.stringContaining('cannot be used with option')]);
    expect(await tables()).toEqual([]);
  });

  it('makes the tables and permissions of the classes and models that a configuration names (A-005, S-057)', async () => {
    await sql(
      `CREATE TABLE club_member (id serial PRIMARY KEY, password varchar(128) NOT NULL, last_login timestamptz,
         is_superuser bool NOT NULL, username varchar(150) NOT NULL UNIQUE, first_name varchar(150) NOT NULL,
         last_name varchar(150) NOT NULL, email varchar(254) NOT NULL, is_staff bool NOT NULL, is_active bool NOT NULL,
         date_joined timestamptz NOT NULL)`,
    );
    expect((await run(['migrate'], 'own-entities')).stderr).toBe('');
    expect(await tables()).not.toContain('auth_user');
    const made = await sql("SELECT codename FROM auth_permission WHERE codename LIKE '%note' ORDER BY 1");
    expect(made.map(({ codename }) => codename)).toEqual(['add_note', 'change_note', 'delete_note', 'view_note']);
    const created = await run(['createuser', '--noinput', '--username', 'ann', '--email', ''], 'own-entities');
    expect(created).toMatchObject({ status: 0, stderr: '' });
    expect(await sql('SELECT username FROM club_member')).toEqual([{ username: 'ann' }]);
    expect(await run(['createtokens'], 'own-entities')).toMatchObject({ status: 0, stdout: 'Created 1 token.\n' });
  });

  it('takes a class of users of the app on the table of Django', async () => {
    expect((await run(['migrate'], 'own-user')).stderr).toBe('');
    const args = ['createsuperuser', '--noinput', '--username', 'root', '--email', 'root@example.com'];
    expect(await run(args, 'own-user')).toMatchObject({ status: 0, stderr: '' });
    expect(await run(['drf-create-token', 'root'], 'own-user')).toMatchObject({ status: 0, stderr: '' });
    expect(await sql('SELECT username FROM auth_user JOIN authtoken_token ON user_id = id')).toHaveLength(1);
  });
});

describe('sallyport migrate --adopt', () => {
  it('recognises the tables of Django, and leaves the catalog as it was (A-001)', async () => {
    await sql(kit('schema.postgresql.sql'));
    await sql(kit('data.postgresql.sql'));
    const before = await catalog();
    const { status, stdout, stderr } = await run(['migrate', '--adopt']);
    expect([status, stderr]).toEqual([0, '']);
    const names = DJANGO.map((name) => name.replace(/^sallyport_\d+_/, ''));
    expect(stdout).toBe(`Recognising tables:\n${names.map((name) => `  ${name}... OK\n`).join('')}`);
    expect(await catalog()).toEqual(before);
    expect((await run(['migrate', '--adopt'])).stdout).toContain('  auth_user... OK, and known before\n');
    expect((await run(['migrate', '--list'])).stdout).toContain(` [X] ${DJANGO[8]!}\n`);
  });

  it('tells which tables are not there, and leaves them to whoever is to make them', async () => {
    await sql(kit('schema.postgresql.sql'));
    await sql('DROP TABLE authtoken_token');
    const { status, stdout } = await run(['migrate', '--adopt']);
    expect([status, stdout]).toEqual([
      0,
      expect.stringContaining('  authtoken_token... not there; `sallyport migrate` would make it\n'),
    ]);
    expect(await tables()).not.toContain('authtoken_token');
    expect((await run(['migrate'])).stdout).toBe(
      'Running migrations:\n  Applying sallyport_0002_authtoken_token... OK\n',
    );
  });

  it('fails where a table differs, says how, and has done nothing', async () => {
    await sql(kit('schema.postgresql.sql'));
    await sql('ALTER TABLE auth_user DROP COLUMN email');
    expect(await run(['migrate', '--adopt'])).toEqual({
      status: 1,
      stdout: '',
      stderr:
        'CommandError: Nothing was adopted, as tables differ from what is mapped:\n' +
        '  auth_user: The column email is missing.\n',
    });
    expect((await run(['migrate', '--list'])).stdout).not.toContain('[X]');
  });

  it('fails where there is nothing of Django', async () => {
    expect(await run(['migrate', '--adopt'])).toEqual({
      status: 1,
      stdout: '',
      stderr: 'CommandError: There is nothing to adopt. `sallyport migrate` makes the tables.\n',
    });
  });
});

describe('sallyport createtokens', () => {
  it('makes a token for each user who has none, and prints no key (S-079)', async () => {
    await run(['migrate']);
    const users = userStore(orm);
    const [{ key }] = await tokenStore(orm).getOrCreate(await users.createUser({ username: 'ann' }));
    for (const username of ['bob', 'cat']) await users.createUser({ username });
    expect(await run(['createtokens'])).toEqual({ status: 0, stdout: 'Created 2 tokens.\n', stderr: '' });
    expect(await run(['createtokens', '--json'])).toEqual({ status: 0, stdout: '{"created":0}\n', stderr: '' });
    expect(await tokenStore(orm).find(key)).not.toBeNull();
    expect(await sql('SELECT key FROM authtoken_token')).toHaveLength(3);
  });
});
