import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RequestContext } from '@mikro-orm/postgresql';
import type { MikroORM, Options } from '@mikro-orm/postgresql';
import { tokenStore, userStore } from 'sallyport/mikro-orm';
import { describeTokenStore } from '../support/contracts/token-store';
import { ApiToken, openOrm } from './support';
import type { TestOrm } from './support';

// A log of queries makes look-ups take the way of all statements, so these tests have none.

describeTokenStore('The store of tokens without a log of queries', async () => {
  const { another, close } = await openOrm();
  const orm = await another();
  const users = userStore(orm);
  let count = 0;
  return {
    store: tokenStore(orm),
    otherModel: ApiToken,
    createUser: () => users.createUser({ username: `user${String(++count)}` }),
    inRequest: (work) => RequestContext.create(orm.em, work),
    close,
  };
});

describe('A look-up on PostgreSQL', () => {
  let test: TestOrm;
  beforeAll(async () => {
    test = await openOrm();
    await userStore(test.orm).createUser({ username: 'ann', email: 'ann@example.com' });
  });
  afterAll(async () => {
    await test.close();
  });

  const single = (options: Options = {}): Promise<MikroORM> =>
    test.another({
      pool: { min: 0, max: 1 },
      driverOptions: { connection: { connectionTimeoutMillis: 2000 } },
      ...options,
    });

  it('gives the entity that the manager of the request manages', async () => {
    const orm = await single();
    const email = await RequestContext.create(orm.em, async () => {
      const user = await userStore(orm).getByNaturalKey('ann');
      user!.email = 'other@example.com';
      await orm.em.flush();
      return (await userStore(orm).getByNaturalKey('ann'))!.email;
    });
    expect(email).toBe('other@example.com');
    expect(await test.sql('SELECT email FROM auth_user')).toEqual([{ email: 'other@example.com' }]);
  });

  it('gives its connection back, of which there may be one only', async () => {
    const users = userStore(await single());
    const found = await Promise.all(Array.from({ length: 20 }, () => users.getByNaturalKey('ann')));
    expect(found.every((user) => user?.username === 'ann')).toBe(true);
  });

  it('sees what the transaction of the request has written', async () => {
    const orm = await single();
    const users = userStore(orm);
    const found = await orm.em.transactional(async (em) => {
      await em.getConnection().execute("UPDATE auth_user SET username = 'eve'", [], 'all', em.getTransactionContext());
      const inside = await users.getByNaturalKey('eve');
      await em.rollback();
      return inside;
    });
    expect(found?.username).toBe('eve');
    expect(await users.getByNaturalKey('eve')).toBeNull();
  });

  it('passes by the hook onQuery', async () => {
    const seen: string[] = [];
    const orm = await single({
      onQuery: (sql) => {
        seen.push(sql);
        return `${sql} /* hooked */`;
      },
    });
    expect((await userStore(orm).getByNaturalKey('ann'))?.username).toBe('ann');
    expect(seen.filter((sql) => sql.includes('"auth_user"'))).toHaveLength(1);
  });

  it('fails without the value in the error, and gives the connection back then too', async () => {
    const orm = await single({ onQuery: (sql) => sql.replace('LIMIT 2', 'AND username::int = 1') });
    const users = userStore(orm);
    for (let i = 0; i < 3; i++) {
      const error = await users.getByNaturalKey('ann').then(
        () => null,
        (thrown: unknown) => thrown as Error,
      );
      expect(error?.message).toContain('invalid input syntax');
      expect(`${error!.message} ${error!.stack ?? ''}`).not.toContain('"ann"');
    }
  });

  it('tells in the stack of an error who asked', async () => {
    const orm = await single({ onQuery: (sql) => (sql.startsWith('SELECT "u"') ? 'SELECT missing' : sql) });
    const whoAsked = async (): Promise<unknown> => await userStore(orm).getByNaturalKey('ann');
    const error = await whoAsked().catch((reason: unknown) => reason);
    expect((error as Error).stack).toMatch(/column "missing" does not exist\n[^]*whoAsked /);
  });

  it('is prepared once for each connection', async () => {
    const orm = await single();
    const users = userStore(orm);
    for (let i = 0; i < 3; i++) await users.getByNaturalKey('ann');
    const prepared: unknown[] = await orm.em
      .getConnection()
      .execute("SELECT name FROM pg_prepared_statements WHERE name LIKE 'sallyport%'");
    expect(prepared).toHaveLength(1);
  });

  it('is not prepared where a hook writes the statement anew', async () => {
    const orm = await single({ onQuery: (sql) => `${sql} /* ${String(sql.length)} */` });
    expect((await userStore(orm).getByNaturalKey('ann'))?.username).toBe('ann');
    const prepared: unknown[] = await orm.em.getConnection().execute('SELECT name FROM pg_prepared_statements');
    expect(prepared).toEqual([]);
  });

  it.each([
    ['has lost its statement, as behind a pooler', 'DEALLOCATE ALL'],
    ['would answer with other columns now', 'ALTER TABLE auth_user ALTER COLUMN first_name TYPE varchar(200)'],
  ])('is answered where the server %s', async (_, change) => {
    const orm = await single();
    const users = userStore(orm);
    await users.getByNaturalKey('ann');
    await orm.em.getConnection().execute(change);
    for (let i = 0; i < 3; i++) expect((await users.getByNaturalKey('ann'))?.username).toBe('ann');
  });

  it('is answered where another statement has its name', async () => {
    const orm = await single();
    const users = userStore(orm);
    await users.getByNaturalKey('ann');
    const run = (sql: string): Promise<Record<string, string>[]> => orm.em.getConnection().execute(sql);
    const [row] = await run("SELECT name FROM pg_prepared_statements WHERE name LIKE 'sallyport%'");
    const other = await single();
    await other.em.getConnection().execute(`PREPARE "${row!['name']!}" AS SELECT 1`);
    expect((await userStore(other).getByNaturalKey('ann'))?.username).toBe('ann');
  });
});
