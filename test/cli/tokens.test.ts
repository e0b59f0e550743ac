import { MikroORM } from '@mikro-orm/postgresql';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { defineSettings } from 'sallyport';
import { createAuthToken, knox } from 'sallyport/knox';
import {
  AuthTokenDetailsSchema,
  AuthTokenSchema,
  knoxStore,
  migrate,
  TokenSchema,
  tokenStore,
  UserSchema,
  userStore,
} from 'sallyport/mikro-orm';
import { createDatabase, type TestDatabase } from '../support/database';
import { build, fixtures, sallyport, type Outcome } from './sallyport';

let database: TestDatabase;
let orm: MikroORM;

beforeAll(async () => {
  build();
  database = await createDatabase();
  orm = await MikroORM.init({
    clientUrl: database.url,
    entities: [UserSchema, TokenSchema, AuthTokenSchema, AuthTokenDetailsSchema],
  });
  await migrate(orm);
}, 60_000);
afterEach(async () => {
  await sql('TRUNCATE auth_user, authtoken_token, knox_authtoken, sallyport_knox_token');
});
afterAll(async () => {
  await orm.close(true);
  await database.drop();
});

const sql = (query: string): Promise<Record<string, unknown>[]> => orm.em.getConnection().execute(query);
const keys = async (): Promise<unknown[]> =>
  (await sql('SELECT key FROM authtoken_token ORDER BY user_id')).map(({ key }) => key);
const hashOf = (key: string): string => `$${createHash('sha256').update(key).digest('base64url').slice(0, 39)}`;

/** Runs a command of an app whose keys rest hashed. */
function run(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  return sallyport(args, { cwd: join(fixtures, 'hashed'), env: { APP_DATABASE_URL: database.url, ...env } });
}
const ok = (stdout: string): Outcome => ({ status: 0, stdout, stderr: '' });

describe('where keys rest hashed', () => {
  it('drf-create-token shows a key once, and a new one with --reset', async () => {
    await userStore(orm).createUser({ username: 'ann' });
    const shown: string[] = [];
    for (const args of [[], ['--reset']]) {
      const { token } = JSON.parse((await run(['drf-create-token', 'ann', '--json', ...args])).stdout) as {
        token: string;
      };
      expect(token).toMatch(/^[0-9a-f]{40}$/);
      expect(await keys()).toEqual([hashOf(token)]);
      shown.push(token);
    }
    expect(new Set(shown).size).toBe(2);
    expect(await run(['drf-create-token', 'ann'])).toEqual({
      status: 1,
      stdout: '',
      stderr:
        "CommandError: The token of user ann rests hashed, so it can't be shown again. With --reset a new one takes its place.\n",
    });
  });

  it('drf-create-token shows a key that rests in clear a last time', async () => {
    const [{ key }] = await tokenStore(orm).getOrCreate(await userStore(orm).createUser({ username: 'ann' }));
    expect(await run(['drf-create-token', 'ann'])).toEqual(ok(`Generated token ${key} for user ann\n`));
    expect(await keys()).toEqual([hashOf(key)]);
  });

  it('hashtokens hashes those that rest in clear, which check names, and clients keep theirs', async () => {
    const store = tokenStore(orm);
    const clear: string[] = [];
    for (const username of ['ann', 'bob']) {
      clear.push((await store.getOrCreate(await userStore(orm).createUser({ username })))[0].key);
    }
    expect(await run(['hashtokens', '--dry-run'])).toEqual(ok('2 keys rest in clear.\n'));
    const { findings } = JSON.parse((await run(['check', '--database', '--json'])).stdout) as { findings: object[] };
    expect(findings).toContainEqual({
      id: 'sallyport.W027',
      level: 'warning',
      deploy: false,
      where: 'the table of tokens',
      message: 'Keys should rest hashed, and 2 of them rest in clear until they are used.',
      hint: 'Run `sallyport hashtokens`.',
    });
    expect(await run(['hashtokens'])).toEqual(ok('Hashed 2 keys.\n'));
    expect(await keys()).toEqual(clear.map(hashOf));
    expect((await store.find(clear[0]!, undefined, hashOf(clear[0]!)))?.key).toBe(hashOf(clear[0]!));
    expect(await run(['hashtokens', '--json'])).toEqual(ok('{"hashed":0}\n'));
    expect(await run(['hashtokens', '--dry-run', '--json'])).toEqual(ok('{"clear":0}\n'));
    expect((await run(['check', '--database'])).stdout).not.toContain('W027');
  });

  it('a store of the app must be able to do it', async () => {
    const outcome = await run(['hashtokens'], { APP_TOKENS: 'plain' });
    expect([outcome.status, outcome.stderr]).toEqual([
      1,
      expect.stringMatching(/^CommandError: The store .*`hashKeys`/),
    ]);
  });
});

describe('sallyport flushexpired', () => {
  it('removes the tokens of knox that have ended (K-107)', async () => {
    const ann = await userStore(orm).createUser({ username: 'ann' });
    const settings = defineSettings({ users: userStore(orm) }, knox({ store: knoxStore(orm) }));
    await createAuthToken(settings, ann, { expiry: 3600, name: 'live' });
    await createAuthToken(settings, ann, { expiry: -1, name: 'ended' });
    expect(await run(['flushexpired'])).toEqual(ok(''));
    expect(await sql('SELECT name FROM sallyport_knox_token')).toEqual([{ name: 'live' }]);
    expect(await sql('SELECT count(*)::int AS count FROM knox_authtoken')).toEqual([{ count: 1 }]);
  });

  it('needs no configuration, and forgets the details of tokens that somebody else has removed (K-107)', async () => {
    const ann = await userStore(orm).createUser({ username: 'ann' });
    const settings = defineSettings({ users: userStore(orm) }, knox({ store: knoxStore(orm) }));
    await createAuthToken(settings, ann, { expiry: 3600, name: 'live' });
    const [stray] = await createAuthToken(settings, ann, { expiry: 3600, name: 'stray' });
    await createAuthToken(settings, ann, { expiry: -1, name: 'ended' });
    await sql(`DELETE FROM knox_authtoken WHERE digest = '${stray.digest}'`);
    const flush = (cwd = fixtures): Promise<Outcome> =>
      sallyport(['flushexpired', '--json'], { env: { DATABASE_URL: database.url }, cwd });
    expect(await flush()).toEqual(ok('{"flushed":1}\n'));
    expect(await sql('SELECT name FROM sallyport_knox_token')).toEqual([{ name: 'live' }]);
    expect(await flush(join(fixtures, 'own-user'))).toEqual(ok('{"flushed":0}\n'));
    await sql('ALTER TABLE sallyport_knox_token RENAME TO hidden');
    expect(await flush()).toEqual(ok('{"flushed":0}\n'));
    await sql('ALTER TABLE hidden RENAME TO sallyport_knox_token');
  });
});
