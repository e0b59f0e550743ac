import { MikroORM } from '@mikro-orm/postgresql';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { userInfo } from 'node:os';
import { checkPassword } from 'sallyport';
import { migrate, TokenSchema, UserSchema, userStore } from 'sallyport/mikro-orm';
import { createDatabase, type TestDatabase } from '../support/database';
import { build } from './sallyport';
import { describeOnTerminal, onTerminal, type Conversation, type Step } from './terminal';

let database: TestDatabase;
let orm: MikroORM;

beforeAll(async () => {
  build();
  database = await createDatabase();
  orm = await MikroORM.init({ clientUrl: database.url, entities: [UserSchema, TokenSchema] });
  await migrate(orm);
}, 60_000);
afterEach(async () => {
  await orm.em.getConnection().execute('TRUNCATE auth_user, authtoken_token');
});
afterAll(async () => {
  await orm.close(true);
  await database.drop();
});

function converse(args: readonly string[], steps: readonly Step[]): Promise<Conversation> {
  return onTerminal(args, steps, { DATABASE_URL: database.url });
}

const offered = `Username (leave blank to use '${userInfo().username.toLowerCase()}'): `;

describeOnTerminal('on a terminal', () => {
  it('createsuperuser asks for what it needs, and shows no password (A-117, A-118)', async () => {
    const { status, shown } = await converse(
      ['createsuperuser'],
      [
        [offered, 'ann\r'],
        ['Email address: ', 'ann@example.com\r'],
        ['Password: ', 'correct horse\r'],
        ['Password (again): ', 'correct horse\r'],
      ],
    );
    expect(status).toBe(0);
    expect(shown).toContain('Superuser created successfully.\n');
    expect(shown).toContain('ann@example.com');
    expect(shown).not.toContain('correct');
    const user = await userStore(orm).getByNaturalKey('ann');
    expect(user).toMatchObject({ email: 'ann@example.com', isStaff: true, isSuperuser: true });
    expect(await checkPassword('correct horse', user!.password)).toMatchObject({ ok: true });
  });

  it('takes the name of the system’s user, no address, and the options', async () => {
    const { status } = await converse(
      ['createuser', '--email', ''],
      [
        [offered, '\r'],
        ['Password: ', 'a long secret\r'],
        ['Password (again): ', 'a long secret\r'],
      ],
    );
    expect(status).toBe(0);
    const user = await userStore(orm).getByNaturalKey(userInfo().username.toLowerCase());
    expect(user).toMatchObject({ email: '', isStaff: false });
  });

  it('asks again after each wrong answer, and offers no name that is taken (A-118)', async () => {
    await userStore(orm).createUser({ username: 'ann' });
    await userStore(orm).createUser({ username: userInfo().username.toLowerCase() });
    const { status, shown } = await converse(
      ['createsuperuser', '--username', 'ann'],
      [
        ['Error: That username is already taken.', ''],
        ['Username: ', '\r'],
        ['Error: This field cannot be blank.', ''],
        ['Username: ', 'a b\r'],
        ['Error: Enter a valid username.', ''],
        ['Username: ', 'ann\r'],
        ['Error: That username is already taken.', ''],
        ['Username: ', 'bob\r'],
        ['Email address: ', 'bob\r'],
        ['Error: Enter a valid email address.', ''],
        ['Email address: ', '\r'],
        ['Password: ', 'one\r'],
        ['Password (again): ', 'two\r'],
        ["Error: Your passwords didn't match.", ''],
        ['Password: ', '  \r'],
        ['Password (again): ', '  \r'],
        ["Error: Blank passwords aren't allowed.", ''],
        ['Password: ', 'three wise horses\r'],
        ['Password (again): ', 'three wise horses\r'],
      ],
    );
    expect(shown).toContain('Superuser created successfully.\n');
    expect(status).toBe(0);
    expect(await userStore(orm).getByNaturalKey('bob')).not.toBeNull();
  });

  it('says what is wrong with a password, and takes it from who insists (A-118)', async () => {
    const weak: Step[] = [
      ['Password: ', 'bob\r'],
      ['Password (again): ', 'bob\r'],
      ['The password is too similar to the username.', ''],
      ['This password is too short. It must contain at least 8 characters.', ''],
    ];
    const question = 'Bypass password validation and create user anyway? [y/N]: ';
    const { status, shown } = await converse(
      ['createsuperuser', '--username', 'bob', '--email', ''],
      [...weak, [question, '\r'], ...weak, [question, 'no\r'], ...weak, [question, 'Y\r']],
    );
    expect(shown).toContain('Superuser created successfully.\n');
    expect(status).toBe(0);
    const user = await userStore(orm).getByNaturalKey('bob');
    expect(await checkPassword('bob', user!.password)).toMatchObject({ ok: true });
  });

  it('takes answers that are pasted all at once', async () => {
    const { status } = await converse(
      ['createuser'],
      [[offered, 'ann\rann@example.com\ra long secret\ra long secret\r']],
    );
    expect(status).toBe(0);
    expect(await userStore(orm).getByNaturalKey('ann')).toMatchObject({ email: 'ann@example.com' });
  });

  it.each([
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('ends at %s, wherever it comes (A-118)', async (_name, key) => {
    const atName = await converse(['createuser'], [[offered, key]]);
    expect(atName).toMatchObject({ status: 1, shown: expect.stringContaining('\nOperation cancelled.\n') });
    const atPassword = await converse(['createuser', '--username', 'ann', '--email', ''], [['Password: ', key]]);
    expect(atPassword).toMatchObject({ status: 1, shown: expect.stringContaining('\nOperation cancelled.\n') });
    expect(await userStore(orm).getByNaturalKey('ann')).toBeNull();
  });

  it('refuses an empty option', async () => {
    const { status, shown } = await converse(['createuser', '--username', ''], []);
    expect(status).toBe(1);
    expect(shown).toContain('CommandError: Username cannot be blank.\n');
  });
});
