import { MikroORM } from '@mikro-orm/postgresql';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { checkPassword } from 'sallyport';
import { migrate, TokenSchema, tokenStore, UserSchema, userStore } from 'sallyport/mikro-orm';
import { createDatabase, type TestDatabase } from '../support/database';
import { build, fixtures, sallyport, type Outcome } from './sallyport';

let empty: TestDatabase;
let database: TestDatabase;
let orm: MikroORM;

beforeAll(async () => {
  build();
  [empty, database] = await Promise.all([createDatabase(), createDatabase()]);
  orm = await MikroORM.init({ clientUrl: database.url, entities: [UserSchema, TokenSchema] });
  await migrate(orm);
}, 60_000);
afterEach(async () => {
  await sql('TRUNCATE auth_user, authtoken_token');
});
afterAll(async () => {
  await orm.close(true);
  await Promise.all([empty.drop(), database.drop()]);
});

function sql(query: string): Promise<Record<string, unknown>[]> {
  return orm.em.getConnection().execute(query);
}
const users = (): Promise<Record<string, unknown>[]> => sql('SELECT * FROM auth_user');
const keys = (): Promise<Record<string, unknown>[]> => sql('SELECT key FROM authtoken_token');

/** Runs the command on the database that has the tables. */
function run(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  return sallyport(args, { env: { DATABASE_URL: database.url, ...env } });
}

const ok = (stdout: string): Outcome => ({ status: 0, stdout, stderr: '' });
const refused = (message: string): Outcome => ({ status: 1, stdout: '', stderr: `CommandError: ${message}\n` });

describe('the commands, one after the other on an empty database,', () => {
  const runEmpty = (...args: string[]): Promise<Outcome> => sallyport(args, { env: { DATABASE_URL: empty.url } });

  it('say how to make the tables, make them once, and work on them (S-055)', async () => {
    const cure = refused('The database lacks a table. Run `sallyport migrate` first.');
    expect(await runEmpty('drf-create-token', 'ann')).toEqual(cure);
    const made = await runEmpty('migrate');
    expect(made.status).toBe(0);
    expect(made.stdout).toMatch(/^Running migrations:\n {2}Applying sallyport_0001_auth_user\.\.\. OK\n/);
    expect(await runEmpty('migrate')).toEqual(ok('Running migrations:\n  No migrations to apply.\n'));
    expect(await runEmpty('migrate', '--json')).toEqual(ok('{"applied":[]}\n'));
    expect((await runEmpty('createuser', '--noinput', '--username', 'ann', '--email', '')).status).toBe(0);
    expect((await runEmpty('drf-create-token', 'ann')).stdout).toMatch(/^Generated token/);
  });
});

describe.each([
  { name: 'createuser', noun: 'User', prefix: 'DJANGO_USER_', superuser: false },
  { name: 'createsuperuser', noun: 'Superuser', prefix: 'DJANGO_SUPERUSER_', superuser: true },
])('sallyport $name', ({ name, noun, prefix, superuser }) => {
  it('creates one from options, who cannot log in without a password (A-119)', async () => {
    const outcome = await run([name, '--noinput', '--username', 'ann', '--email', 'ann@EXAMPLE.com']);
    expect(outcome).toEqual(ok(`${noun} created successfully.\n`));
    expect(await users()).toMatchObject([
      {
        username: 'ann',
        email: 'ann@example.com',
        password: expect.stringMatching(/^!/),
        is_active: true,
        is_staff: superuser,
        is_superuser: superuser,
      },
    ]);
  });

  it('creates one from the environment, with a password that counts (A-117, A-119)', async () => {
    const env = { [`${prefix}USERNAME`]: 'ann', [`${prefix}EMAIL`]: '', [`${prefix}PASSWORD`]: 'correct horse' };
    expect(await run([name, '--no-input'], env)).toEqual(ok(`${noun} created successfully.\n`));
    const [user] = await users();
    expect(user).toMatchObject({ username: 'ann', email: '' });
    expect(await checkPassword('correct horse', user!['password'] as string)).toMatchObject({ ok: true });
  });

  it('asks nothing where there is no terminal (A-118)', async () => {
    expect(await run([name, '--username', 'ann'])).toEqual(
      ok(
        `${noun} creation skipped due to not running in a TTY. You can run \`sallyport ${name}\` in your project to create one manually.\n`,
      ),
    );
    expect(await users()).toEqual([]);
  });
});

describe('sallyport createuser', () => {
  it('prefers options to the environment', async () => {
    const env = { DJANGO_USER_USERNAME: 'ann', DJANGO_USER_EMAIL: 'ann@example.com' };
    await run(['createuser', '--noinput', '--username', 'bob', '--email', 'bob@example.com'], env);
    expect(await users()).toMatchObject([{ username: 'bob', email: 'bob@example.com' }]);
  });

  it('never reads the environment of createsuperuser', async () => {
    const env = { DJANGO_SUPERUSER_USERNAME: 'root', DJANGO_SUPERUSER_EMAIL: '', DJANGO_SUPERUSER_PASSWORD: 'secret' };
    expect(await run(['createuser', '--noinput'], env)).toEqual(refused('You must use --username with --noinput.'));
  });

  it.each([
    [['--username', 'ann'], 'You must use --email with --noinput.'],
    [['--username', '', '--email', ''], 'Username cannot be blank.'],
    [['--username', 'ann', '--email', 'ann'], 'Enter a valid email address.'],
  ])('refuses %p (A-119, A-121)', async (args, message) => {
    expect(await run(['createuser', '--noinput', ...args])).toEqual(refused(message));
    expect(await users()).toEqual([]);
  });

  it('takes an empty password for a variable that somebody forgot to fill, and makes nobody', async () => {
    const env = { DJANGO_USER_PASSWORD: '' };
    expect(await run(['createuser', '--noinput', '--username', 'ann', '--email', ''], env)).toEqual(
      refused('DJANGO_USER_PASSWORD is empty. Unset it for a user whom no password lets in.'),
    );
    expect(await users()).toEqual([]);
  });

  it('refuses a name that is taken, also in another spelling of it (A-014, A-118)', async () => {
    await userStore(orm).createUser({ username: 'fi' });
    expect(await run(['createuser', '--noinput', '--username', 'fi', '--email', ''])).toEqual(
      refused('Error: That username is already taken.'),
    );
    expect(await run(['createuser', '--noinput', '--username', 'ﬁ', '--email', ''])).toEqual(
      refused('A user with that username already exists.'),
    );
    expect(await users()).toHaveLength(1);
  });
});

describe('sallyport drf-create-token', () => {
  it('makes a token, and tells the same one again (D-213, S-079, S-090, S-091)', async () => {
    await userStore(orm).createUser({ username: 'ann' });
    const first = await run(['drf-create-token', 'ann']);
    const [token] = await keys();
    expect(first).toEqual(ok(`Generated token ${String(token!['key'])} for user ann\n`));
    expect(await run(['drf_create_token', 'ann'])).toEqual(first);
    const json = await run(['drf-create-token', 'ann', '--json']);
    expect(JSON.parse(json.stdout)).toEqual({ token: token!['key'], username: 'ann' });
  });

  it.each(['-r', '--reset'])('puts a new token in the place of the old one with %s (D-212)', async (option) => {
    const [old] = await tokenStore(orm).getOrCreate(await userStore(orm).createUser({ username: 'ann' }));
    const outcome = await run(['drf-create-token', option, 'ann']);
    const [token, ...others] = await keys();
    expect(outcome).toEqual(ok(`Generated token ${String(token!['key'])} for user ann\n`));
    expect(others).toEqual([]);
    expect(token!['key']).not.toBe(old.key);
  });

  it('refuses a user who does not exist (D-214, A-121)', async () => {
    expect(await run(['drf-create-token', 'bob'])).toEqual(refused('Cannot create the Token: user bob does not exist'));
  });
});

describe('a configuration', () => {
  it('gives the classes and stores of the app', async () => {
    const cwd = join(fixtures, 'own-classes');
    const env = { APP_DATABASE_URL: database.url, DJANGO_USER_PASSWORD: 'secret' };
    const created = await sallyport(['createuser', '--noinput', '--username', 'ann', '--email', ''], { cwd, env });
    expect(created).toEqual(ok('User created successfully.\n'));
    expect(await sql('SELECT username, password FROM member')).toEqual([
      { username: 'ann', password: expect.stringMatching(/^pbkdf2_sha256\$1\$/) },
    ]);
    const token = await sallyport(['drf-create-token', 'ann'], { cwd, env });
    const [row] = await sql('SELECT key FROM member_token');
    expect(token.stdout).toBe(`Generated token ${String(row!['key'])} for user ann\n`);
    expect(await users()).toEqual([]);
  });

  it.each(['commonjs', 'compiled', 'promise'])('is found in the folder, in each form: %s', async (form) => {
    const cwd = join(fixtures, form);
    const outcome = await sallyport(['migrate', '--json'], { cwd, env: { APP_DATABASE_URL: database.url } });
    expect(outcome).toEqual(ok('{"applied":[]}\n'));
  });

  it('can be named, and goes before DATABASE_URL', async () => {
    const config = join(fixtures, 'commonjs/sallyport.config.cjs');
    const env = { APP_DATABASE_URL: database.url, DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' };
    expect(await sallyport(['migrate', '--config', config], { env })).toMatchObject({ status: 0, stderr: '' });
  });

  it('ends the command even if it leaves something running', async () => {
    const cwd = join(fixtures, 'own-classes');
    const env = { APP_DATABASE_URL: empty.url, APP_BREAKS: '1' };
    expect(await sallyport(['migrate'], { cwd, env })).toEqual(refused('broken after it was opened'));
  });
});
