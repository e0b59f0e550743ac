import { MikroORM } from '@mikro-orm/postgresql';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AddressRateThrottle, APIView, defineSettings, ImproperlyConfigured, NotFound } from 'sallyport';
import type { Handler, Response, Settings } from 'sallyport';
import { cacheStore, CacheSchema, unitOfWork } from 'sallyport/mikro-orm';
import { describeCache } from '../support/contracts/cache';
import { call, errorLog, serve } from '../support/server';
import { openOrm } from './support';
import type { TestOrm } from './support';

const open = (): Promise<TestOrm> => openOrm([CacheSchema]);

describeCache('The cache in PostgreSQL', async () => {
  const { orm, another, close } = await open();
  return { cache: cacheStore(orm), other: cacheStore(await another()), close };
});

describe('The cache in PostgreSQL', () => {
  let test: TestOrm;
  beforeAll(async () => {
    test = await open();
  });
  beforeEach(() => test.sql('TRUNCATE sallyport_cache'));
  afterAll(() => test.close());

  const window = (now: number, limit = 9) => ({ now, limit, duration: 60 });

  it('decides by one statement', async () => {
    const cache = cacheStore(test.orm);
    for (const step of [
      () => cache.hit('key', window(0)),
      () => cache.hit('key', window(1, 1)),
      () => cache.giveBack('key', 0),
      () => cache.set('value', 1, 60),
      () => cache.get('value'),
      () => cache.delete('key'),
    ]) {
      test.statements();
      await step();
      expect(test.statements()).toHaveLength(1);
    }
  });

  it('has a table without a journal', async () => {
    expect(await test.sql("SELECT relpersistence FROM pg_class WHERE relname = 'sallyport_cache'")).toEqual([
      { relpersistence: 'u' },
    ]);
  });

  it('has a table that the schema generator of the app leaves alone', async () => {
    expect(await test.orm.schema.getUpdateSchemaSQL()).not.toContain('sallyport_cache');
  });

  it('keeps no counter longer than its window, and refusals don’t prolong it', async () => {
    const cache = cacheStore(test.orm);
    const seconds = async (): Promise<unknown> =>
      (await test.sql('SELECT round(extract(epoch FROM expires_at - now()))::int AS left FROM sallyport_cache'))[0]![
        'left'
      ];
    await cache.hit('key', window(0, 1));
    expect(await seconds()).toBe(60);
    await test.sql("UPDATE sallyport_cache SET expires_at = now() + interval '5 seconds'");
    await cache.hit('key', window(1, 1));
    expect(await seconds()).toBe(5);
    await cache.hit('key', window(60, 1));
    expect(await seconds()).toBe(60);
  });

  it('clears what is over, now and then and when it is told to', async () => {
    const cache = cacheStore(test.orm);
    const keys = async (): Promise<unknown[]> =>
      (await test.sql('SELECT key FROM sallyport_cache ORDER BY key')).map(({ key }) => key);
    const addExpired = () => test.sql("INSERT INTO sallyport_cache (key, expires_at) VALUES ('over', now())");
    await cache.set('value', 1, 60);
    await addExpired();
    await cache.clearExpired();
    expect(await keys()).toEqual(['value']);
    await addExpired();
    for (let i = 0; i < 500; i++) await cache.hit('counter', window(i));
    for (let i = 0; i < 498; i++) await cache.set('value', i, 60);
    expect(await keys()).toEqual(['counter', 'over', 'value']);
    await cache.set('value', 'last', 60);
    expect(await keys()).toEqual(['counter', 'value']);
  });

  it('wants its entity listed', async () => {
    const orm = await MikroORM.init({ clientUrl: test.url, entities: [], discovery: { warnWhenNoEntities: false } });
    expect(() => cacheStore(orm)).toThrow(ImproperlyConfigured);
    await orm.close();
  });

  it('keeps the key of a client out of its errors', async () => {
    await test.sql('ALTER TABLE sallyport_cache RENAME TO hidden');
    const cache = cacheStore(test.orm);
    const error = await cache.hit('user 42', window(0)).catch((thrown: unknown) => String(thrown));
    await test.sql('ALTER TABLE hidden RENAME TO sallyport_cache');
    expect(error).toContain('sallyport_cache');
    expect(error).not.toContain('user 42');
  });

  describe('where each request is a transaction', () => {
    class View extends APIView {
      override get(): Response {
        throw new NotFound();
      }
    }
    function viewOf(settings: Partial<Settings>): Handler {
      return View.asView({
        settings: defineSettings({
          defaultAuthenticationClasses: [],
          defaultThrottleRates: { address: '2/min' },
          aroundDispatch: unitOfWork(test.orm, { atomicRequests: true }),
          ...settings,
        }),
        throttleClasses: [AddressRateThrottle],
      });
    }

    it('counts requests that are rolled back', async () => {
      const view = viewOf({ cache: cacheStore(await test.another()) });
      expect([(await call(view)).status, (await call(view)).status, (await call(view)).status]).toEqual([
        404, 404, 429,
      ]);
    });

    it('serves more requests at once than the pool has connections', async () => {
      const own = await test.another({ pool: { max: 2 } });
      const server = await serve(viewOf({ cache: cacheStore(own) }));
      const answers = await Promise.all(Array.from({ length: 40 }, () => server.request()));
      await server.close();
      expect(answers.filter(({ status }) => status === 404)).toHaveLength(2);
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(38);
    });

    it('refuses to share a pool with them, which would run dry', async () => {
      const { logger, errors } = errorLog();
      const view = viewOf({ cache: cacheStore(test.orm), logger });
      expect((await call(view)).status).toBe(500);
      expect(errors[0]).toBeInstanceOf(ImproperlyConfigured);
    });

    it('shares the pool where requests are none', async () => {
      const view = viewOf({ cache: cacheStore(test.orm), aroundDispatch: unitOfWork(test.orm) });
      expect([(await call(view)).status, (await call(view)).status, (await call(view)).status]).toEqual([
        404, 404, 429,
      ]);
    });
  });
});
