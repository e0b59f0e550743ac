import { setTimeout as after } from 'node:timers/promises';
import type { MikroORM } from '@mikro-orm/postgresql';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { userStore } from 'sallyport/mikro-orm';
import { openOrm } from './support';
import type { TestOrm } from './support';

/** How long a look-up may wait for a connection, in milliseconds. */
const LIMIT = 400;

/** Knex writes of each connection that it lost. */
const quiet = { warn: (): void => undefined };

describe('The connections of look-ups', () => {
  let test: TestOrm;
  let count = 0;

  beforeAll(async () => {
    test = await openOrm();
    await userStore(test.orm).createUser({ username: 'ann' });
  });
  afterAll(() => test.close());

  /** An ORM with few connections, and the name by which the server knows them. */
  const open = async (max: number): Promise<{ orm: MikroORM; name: string }> => {
    const name = `lender${String(++count)}`;
    const pool = { min: 0, max, acquireTimeoutMillis: LIMIT };
    const orm = await test.another({ pool, driverOptions: { connection: { application_name: name }, log: quiet } });
    return { orm, name };
  };
  const find = async (orm: MikroORM): Promise<string | undefined> =>
    (await userStore(orm).getByNaturalKey('ann'))?.username;
  const finds = (orm: MikroORM, times: number): Promise<(string | undefined)[]> =>
    Promise.all(Array.from({ length: times }, () => find(orm)));
  const connections = async (name: string): Promise<number> =>
    (await test.sql('SELECT pid FROM pg_stat_activity WHERE application_name = ?', [name])).length;

  it('are handed on, and never more than the pool has', async () => {
    const { orm, name } = await open(3);
    expect(new Set(await finds(orm, 100))).toEqual(new Set(['ann']));
    expect(await connections(name)).toBe(3);
  });

  it('are asked from the pool once for many look-ups', async () => {
    const { orm } = await open(2);
    let asked = 0;
    const { client } = orm.em.getConnection().getKnex() as { client: { pool: NodeJS.EventEmitter } };
    client.pool.on('acquireRequest', () => asked++);
    for (let i = 0; i < 30; i++) await finds(orm, 4);
    expect(asked).toBeLessThan(60);
  });

  it('are there for others too, however many look-ups come', async () => {
    const { orm } = await open(1);
    let isDone = false;
    const caller = async (): Promise<void> => {
      while (!isDone) expect(await find(orm)).toBe('ann');
    };
    const callers = Promise.all(Array.from({ length: 8 }, caller));
    for (let i = 0; i < 10; i++) {
      await orm.em
        .fork()
        .transactional((em) => em.getConnection().execute('SELECT 1', [], 'all', em.getTransactionContext()));
    }
    isDone = true;
    await callers;
  });

  it('are waited for as long as the pool says, when others have them', async () => {
    const { orm } = await open(1);
    const em = orm.em.fork();
    await em.begin();
    await expect(find(orm)).rejects.toThrow(/Timeout acquiring a connection/);
    await em.rollback();
    expect(await find(orm)).toBe('ann');
  });

  it('are waited for as long as the pool says, when other look-ups have them', async () => {
    const { orm } = await open(1);
    const em = test.orm.em.fork();
    await em.begin();
    await em.getConnection().execute('LOCK TABLE auth_user', [], 'all', em.getTransactionContext());
    const first = find(orm);
    const results = Promise.allSettled([find(orm), find(orm)]);
    expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await em.rollback();
    expect(await first).toBe('ann');
    expect(await finds(orm, 5)).toEqual(Array.from({ length: 5 }, () => 'ann'));
  });

  it('are not used again after they were lost', async () => {
    const { orm, name } = await open(2);
    await finds(orm, 4);
    await test.sql('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = ?', [name]);
    while ((await connections(name)) > 0) await after(1);
    await after(2);
    expect(await finds(orm, 4)).toEqual(['ann', 'ann', 'ann', 'ann']);
  });

  it('are all closed with the pool, at once', async () => {
    const { orm, name } = await open(2);
    await finds(orm, 10);
    await orm.close();
    expect(await connections(name)).toBe(0);
    await expect(find(orm)).rejects.toThrow(/acquire a connection/);
  });

  it('are given up to a pool that is being closed by those who wait', async () => {
    const { orm } = await open(1);
    const results = Promise.allSettled(Array.from({ length: 5 }, () => find(orm)));
    await after(1);
    await orm.close();
    for (const result of await results) {
      expect(result.status === 'fulfilled' ? result.value : String(result.reason)).toMatch(/^ann$|acquire|abort/i);
    }
  });
});
