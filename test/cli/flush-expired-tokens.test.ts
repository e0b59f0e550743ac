import { MikroORM } from '@mikro-orm/postgresql';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OutstandingEntry } from 'sallyport/jwt';
import {
  blacklistSchemas,
  blacklistStore,
  migrate,
  RefreshFamilySchema,
  refreshFamilyStore,
  UserSchema,
} from 'sallyport/mikro-orm';
import { createDatabase, type TestDatabase } from '../support/database';
import { build, fixtures, sallyport } from './sallyport';

let database: TestDatabase;
let orm: MikroORM;

beforeAll(async () => {
  build();
  database = await createDatabase();
  orm = await MikroORM.init({
    clientUrl: database.url,
    entities: [UserSchema, ...blacklistSchemas(), RefreshFamilySchema],
  });
  await migrate(orm);
}, 60_000);
afterAll(async () => {
  await orm.close(true);
  await database.drop();
});

describe('sallyport flushexpiredtokens', () => {
  const run = (...args: string[]): ReturnType<typeof sallyport> =>
    sallyport(['flushexpiredtokens', ...args], { env: { DATABASE_URL: database.url } });
  const ownUser = ['--config', join(fixtures, 'own-user/sallyport.config.mjs')];
  const entry = (jti: string, hours: number): OutstandingEntry => ({
    jti,
    token: 'a.b.c',
    userPk: null,
    createdAt: null,
    expiresAt: new Date(Date.now() + hours * 3_600_000),
  });

  it('removes the tokens that have expired, called back or not, and no others, without a word (J-160)', async () => {
    const store = blacklistStore(orm);
    await store.outstand(entry('over', -1));
    await store.blacklist(entry('over and called back', -1));
    await store.blacklist(entry('called back', 1));
    expect(await run()).toEqual({ status: 0, stdout: '', stderr: '' });
    const rows: unknown = await orm.em.getConnection().execute('SELECT jti FROM token_blacklist_outstandingtoken');
    expect(rows).toEqual([{ jti: 'called back' }]);
    expect(await store.isBlacklisted('called back')).toBe(true);
  });

  it('says how many there were on demand (J-160)', async () => {
    await blacklistStore(orm).outstand(entry('over again', -1));
    expect(await run('--json')).toMatchObject({ status: 0, stdout: '{"flushed":1,"families":0}\n' });
    expect(await run('--json')).toMatchObject({ status: 0, stdout: '{"flushed":0,"families":0}\n' });
  });

  const startFamilies = async (): Promise<void> => {
    const second = Math.floor(Date.now() / 1000);
    for (const [id, expiresAt] of [
      ['over', second - 60],
      ['open', second + 60],
    ] as const) {
      await refreshFamilyStore(orm).start({ id, userPk: null, member: { jti: id, issuedAt: second - 120, expiresAt } });
    }
  };
  const families = (): Promise<unknown> =>
    orm.em.getConnection().execute('SELECT id FROM sallyport_refresh_family ORDER BY id');
  const oneFamily = { status: 0, stdout: '{"flushed":0,"families":1}\n', stderr: '' };

  it.each([
    ['beside a blacklist', '...blacklistSchemas(), RefreshFamilySchema'],
    ['without a blacklist', 'RefreshFamilySchema'],
  ])('removes the families whose tokens have all expired, of an app that has families %s (J-182)', async (_, more) => {
    await startFamilies();
    expect(await runWith(`[UserSchema, ${more}]`)).toEqual(oneFamily);
    expect(await families()).toEqual([{ id: 'open' }]);
  });

  it('needs no configuration to find the tables that are there (J-182)', async () => {
    await startFamilies();
    expect(await run('--json')).toEqual(oneFamily);
    expect(await families()).toEqual([{ id: 'open' }]);
    const none = { status: 0, stdout: '{"flushed":0,"families":0}\n', stderr: '' };
    expect(await run('--json', ...ownUser)).toEqual(none);
    await without(['token_blacklist_blacklistedtoken', 'token_blacklist_outstandingtoken'], async () => {
      await startFamilies();
      expect(await run('--json')).toEqual(oneFamily);
    });
    await without(['sallyport_refresh_family'], async () => {
      expect(await run('--json')).toEqual(none);
    });
    await without(['sallyport_refresh_family', 'token_blacklist_outstandingtoken'], async () => {
      const { status, stderr } = await run('--json');
      expect([status, stderr]).toEqual([1, expect.stringContaining('Run `sallyport migrate` first.')]);
    });
  });

  /** Does something while these tables are out of sight. */
  async function without(tables: readonly string[], work: () => Promise<void>): Promise<void> {
    const rename = async (from: string, to: string): Promise<void> => {
      for (const table of tables) {
        await orm.em.getConnection().execute(`ALTER TABLE ${from}${table} RENAME TO ${to}${table}`);
      }
    };
    await rename('', 'hidden_');
    try {
      await work();
    } finally {
      await rename('hidden_', '');
    }
  }

  it('tells an app that has neither what it lacks', async () => {
    const { status, stderr } = await runWith('[UserSchema]');
    expect([status, stderr]).toEqual([1, expect.stringContaining('OutstandingToken is not among the entities')]);
  });

  /** Runs the command in an app that maps these classes. */
  async function runWith(entities: string): ReturnType<typeof sallyport> {
    const cwd = mkdtempSync(join(tmpdir(), 'sallyport-flush-'));
    try {
      const library = JSON.stringify(join(__dirname, '../../dist/mikro-orm'));
      writeFileSync(
        join(cwd, 'sallyport.config.cjs'),
        `const { UserSchema, blacklistSchemas, RefreshFamilySchema } = require(${library});\n` +
          `exports.entities = ${entities};\n`,
      );
      return await sallyport(['flushexpiredtokens', '--json'], { env: { DATABASE_URL: database.url }, cwd });
    } finally {
      rmSync(cwd, { recursive: true });
    }
  }
});
