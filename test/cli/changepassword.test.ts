import { MikroORM } from '@mikro-orm/postgresql';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { checkPassword } from 'sallyport';
import { migrate, SessionSchema, sessionStore, TokenSchema, UserSchema, userStore } from 'sallyport/mikro-orm';
import { createDatabase, type TestDatabase } from '../support/database';
import { build, command, environment, fixtures, sallyport } from './sallyport';
import { describeOnTerminal, onTerminal, type Conversation, type Step } from './terminal';

let database: TestDatabase;
let orm: MikroORM;

beforeAll(async () => {
  build();
  database = await createDatabase();
  orm = await MikroORM.init({ clientUrl: database.url, entities: [UserSchema, TokenSchema, SessionSchema] });
  await migrate(orm);
}, 60_000);
beforeEach(async () => {
  await userStore(orm).createUser({ username: 'ann', password: 'old' });
});
afterEach(async () => {
  await orm.em.getConnection().execute('DELETE FROM django_session; DELETE FROM auth_user');
});
afterAll(async () => {
  await orm.close(true);
  await database.drop();
});

function converse(args: readonly string[], steps: readonly Step[]): Promise<Conversation> {
  return onTerminal(args, steps, { DATABASE_URL: database.url });
}

/** Whether the user's password is this one. */
async function isPassword(password: string, username = 'ann'): Promise<boolean> {
  const user = await userStore(orm).getByNaturalKey(username);
  return (await checkPassword(password, user!.password)).ok;
}

describeOnTerminal('sallyport changepassword on a terminal', () => {
  it('asks twice for the new password, shows none, and stores it (A-120)', async () => {
    const { status, shown } = await converse(
      ['changepassword', 'ann'],
      [
        ['Password: ', 'correct horse\r'],
        ['Password (again): ', 'correct horse\r'],
      ],
    );
    expect({ status, shown }).toEqual({
      status: 0,
      shown:
        "Changing password for user 'ann'\nPassword: \nPassword (again): \n" +
        "Password changed successfully for user 'ann'\n",
    });
    expect(await isPassword('correct horse')).toBe(true);
  });

  it('takes the name of the system’s user, and asks again after two that differ (A-120)', async () => {
    const { username } = userInfo();
    await userStore(orm).createUser({ username, password: 'old' });
    const { status, shown } = await converse(
      ['changepassword'],
      [
        [`user '${username}'`, ''],
        ['Password: ', 'one\r'],
        ['Password (again): ', 'two\r'],
        ['Passwords do not match. Please try again.', ''],
        ['Password: ', 'three wise horses\r'],
        ['Password (again): ', 'three wise horses\r'],
      ],
    );
    expect(status).toBe(0);
    expect(shown).toContain('Password changed successfully');
    expect(await isPassword('three wise horses', username)).toBe(true);
    expect(await isPassword('old')).toBe(true);
  });

  it('gives up after three tries (A-120)', async () => {
    const wrong: Step[] = [
      ['Password: ', 'one\r'],
      ['Password (again): ', 'two\r'],
    ];
    const { status, shown } = await converse(['changepassword', 'ann'], [...wrong, ...wrong, ...wrong]);
    expect(status).toBe(1);
    expect(shown).toContain("CommandError: Aborting password change for user 'ann' after 3 attempts\n");
    expect(await isPassword('old')).toBe(true);
  });

  it('takes no password that breaks a rule, and counts it as a try (A-120)', async () => {
    const weak: Step[] = [
      ['Password: ', '1234567\r'],
      ['Password (again): ', '1234567\r'],
      ['This password is too short. It must contain at least 8 characters.', ''],
      ['This password is too common.', ''],
      ['This password is entirely numeric.', ''],
    ];
    const refused = await converse(['changepassword', 'ann'], [...weak, ...weak, ...weak]);
    expect(refused.status).toBe(1);
    expect(refused.shown).toContain("CommandError: Aborting password change for user 'ann' after 3 attempts\n");
    expect(await isPassword('old')).toBe(true);
    const similar: Step[] = [
      ['Password: ', 'annabella\r'],
      ['Password (again): ', 'annabella\r'],
    ];
    await userStore(orm).createUser({ username: 'bob', firstName: 'Annabell', password: 'old' });
    const { status, shown } = await converse(
      ['changepassword', 'bob'],
      [
        ...similar,
        ['The password is too similar to the first name.', ''],
        ['Password: ', 'correct horse\r'],
        ['Password (again): ', 'correct horse\r'],
      ],
    );
    expect(shown).toContain("Password changed successfully for user 'bob'\n");
    expect(status).toBe(0);
    expect(await isPassword('correct horse', 'bob')).toBe(true);
  });

  it.each([
    ['nothing', '\r', 'CommandError: aborted\n'],
    ['Ctrl-C', '\u0003', '\nOperation cancelled.\n'],
  ])('ends at %s (A-120)', async (_name, typed, said) => {
    const { status, shown } = await converse(['changepassword', 'ann'], [['Password: ', typed]]);
    expect(status).toBe(1);
    expect(shown).toContain(said);
    expect(await isPassword('old')).toBe(true);
  });
});

describe('sallyport changepassword', () => {
  const env = (): Record<string, string> => ({ DATABASE_URL: database.url });

  it('knows no other user (A-120)', async () => {
    expect(await sallyport(['changepassword', 'bob'], { env: env() })).toEqual({
      status: 1,
      stdout: '',
      stderr: "CommandError: user 'bob' does not exist\n",
    });
  });

  it('changes nothing where nobody answers', async () => {
    const { status, stderr } = await sallyport(['changepassword', 'ann'], { env: env() });
    expect({ status, stderr }).toEqual({ status: 1, stderr: '\nOperation cancelled.\n' });
    expect(await isPassword('old')).toBe(true);
  });

  it('takes both answers from a program, and prints neither', async () => {
    const child = spawn(process.execPath, [command, 'changepassword', 'ann'], {
      cwd: tmpdir(),
      env: environment(env()),
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.end('correct horse\ncorrect horse\n');
    expect(await text(child.stdout)).toBe(
      "Changing password for user 'ann'\nPassword: \nPassword (again): \nPassword changed successfully for user 'ann'\n",
    );
    expect(await isPassword('correct horse')).toBe(true);
  });
});

describe('the rules of the settings', () => {
  const config = join(fixtures, 'rules/sallyport.config.cjs');

  it('are those that a new password must please, and they hear of it (A-060, A-120)', async () => {
    const child = spawn(process.execPath, [command, 'changepassword', 'ann', '--config', config], {
      cwd: tmpdir(),
      env: environment({ DATABASE_URL: database.url }),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.end('12\n12\n123\n123\n');
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect(stderr).toBe('This password is too short. It must contain at least 3 characters.\n');
    expect(stdout).toContain('ann has a password of 3 characters\n');
    expect(await isPassword('123')).toBe(true);
  });

  it('are not asked where nobody is there to choose again, and hear of the password (A-119)', async () => {
    const env = { DATABASE_URL: database.url, DJANGO_USER_PASSWORD: '12' };
    const args = ['createuser', '--noinput', '--username', 'bob', '--email', '', '--config', config];
    expect(await sallyport(args, { env })).toEqual({
      status: 0,
      stdout: 'bob has a password of 2 characters\nUser created successfully.\n',
      stderr: '',
    });
    const without = [...args.slice(0, 3), 'carl', ...args.slice(4)];
    expect((await sallyport(without, { env: { DATABASE_URL: database.url } })).stdout).toBe(
      'User created successfully.\n',
    );
  });
});

describe('sallyport clearsessions', () => {
  const run = (...args: string[]): ReturnType<typeof sallyport> =>
    sallyport(['clearsessions', ...args], { env: { DATABASE_URL: database.url } });

  it('removes the sessions that have ended, and no others, without a word (A-074)', async () => {
    const store = sessionStore(orm);
    const hours = (count: number): Date => new Date(Date.now() + count * 3_600_000);
    await store.create({ key: 'a'.repeat(32), data: 'over', expires: hours(-1) });
    await store.create({ key: 'b'.repeat(32), data: 'over', expires: hours(-100) });
    await store.create({ key: 'c'.repeat(32), data: 'open', expires: hours(1) });
    expect(await run()).toEqual({ status: 0, stdout: '', stderr: '' });
    const rows: unknown = await orm.em.getConnection().execute('SELECT session_data FROM django_session');
    expect(rows).toEqual([{ session_data: 'open' }]);
  });

  it('says how many there were on demand (A-074)', async () => {
    await sessionStore(orm).create({ key: 'a'.repeat(32), data: 'over', expires: new Date(0) });
    expect(await run('--json')).toMatchObject({ status: 0, stdout: '{"cleared":1}\n' });
    expect(await run('--json')).toMatchObject({ status: 0, stdout: '{"cleared":0}\n' });
  });
});
