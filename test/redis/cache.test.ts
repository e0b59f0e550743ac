import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { APIView, AddressRateThrottle, defineSettings, Response } from 'sallyport';
import { redisCache } from 'sallyport/redis';
import type { RedisCache } from 'sallyport/redis';
import { describeCache } from '../support/contracts/cache';
import { describeWithRedis, startRedis } from '../support/redis';
import type { TestRedis } from '../support/redis';
import { call, errorLog } from '../support/server';

const nodeRedis = (path: string) => createClient({ socket: { path, tls: false }, disableOfflineQueue: true }).connect();
const ioRedis = (path: string): Redis => new Redis(path);

describeWithRedis('The cache in Redis', () => {
  describeCache('through node-redis', async () => {
    const server = await startRedis();
    const clients = await Promise.all([nodeRedis(server.path), nodeRedis(server.path)]);
    const [cache, other] = clients.map((client) => redisCache(client)) as [RedisCache, RedisCache];
    const close = async (): Promise<void> => {
      await Promise.all(clients.map((client) => client.close()));
      await server.stop();
    };
    return { cache, other, close };
  });

  describeCache('through ioredis', async () => {
    const server = await startRedis();
    const clients = [ioRedis(server.path), ioRedis(server.path)];
    const [cache, other] = clients.map((client) => redisCache(client)) as [RedisCache, RedisCache];
    const close = async (): Promise<void> => {
      await Promise.all(clients.map((client) => client.quit()));
      await server.stop();
    };
    return { cache, other, close };
  });

  describe('on the server', () => {
    let server: TestRedis;
    let client: Awaited<ReturnType<typeof nodeRedis>>;
    let cache: RedisCache;

    beforeAll(async () => {
      server = await startRedis();
      client = await nodeRedis(server.path);
      cache = redisCache(client);
    });
    beforeEach(() => client.flushAll());
    afterAll(async () => {
      await client.close();
      await server.stop();
    });

    it('has keys with a prefix', async () => {
      await cache.set('value', 1, 60);
      await redisCache(client, { prefix: 'shop:' }).hit('counter', { now: 0, limit: 1, duration: 60 });
      expect((await client.keys('*')).sort()).toEqual(['sallyport:value', 'shop:counter']);
    });

    it('keeps nothing for ever, and a counter no longer than its window', async () => {
      await cache.set('value', 1, 0.5);
      await cache.hit('counter', { now: 0, limit: 9, duration: 60 });
      const [value, counter] = [await client.pTTL('sallyport:value'), await client.pTTL('sallyport:counter')];
      expect(value).toBeGreaterThan(400);
      expect(value).toBeLessThanOrEqual(500);
      expect(counter).toBeGreaterThan(59_000);
      expect(counter).toBeLessThanOrEqual(60_000);
    });

    it('does not prolong the life of a counter by requests that are refused', async () => {
      await cache.hit('counter', { now: 0, limit: 1, duration: 60 });
      await client.pExpire('sallyport:counter', 5000);
      await cache.hit('counter', { now: 1, limit: 1, duration: 60 });
      expect(await client.pTTL('sallyport:counter')).toBeLessThanOrEqual(5000);
    });

    it('holds no more of a counter than the limit, and nothing of one that is empty', async () => {
      for (let now = 0; now < 100; now++) await cache.hit('counter', { now, limit: 3, duration: 1000 });
      expect(await client.lLen('sallyport:counter')).toBe(3);
      for (const now of [0, 1, 2]) await cache.giveBack('counter', now);
      expect(await client.keys('*')).toEqual([]);
    });

    it('keeps a long key short', async () => {
      await cache.hit('x'.repeat(10_000), { now: 0, limit: 1, duration: 60 });
      const [key = ''] = await client.keys('*');
      expect(key).toMatch(/^sallyport:.{44}$/);
    });

    it('sends the text of a script only where the server has none of its name', async () => {
      const commands: string[] = [];
      const spy = {
        evalSha: (...args: Parameters<typeof client.evalSha>) => (commands.push('evalSha'), client.evalSha(...args)),
        eval: (...args: Parameters<typeof client.eval>) => (commands.push('eval'), client.eval(...args)),
      };
      const watched = redisCache(spy);
      await client.scriptFlush();
      for (const now of [0, 1, 2]) await watched.hit('counter', { now, limit: 9, duration: 60 });
      expect(commands).toEqual(['evalSha', 'eval', 'evalSha', 'evalSha']);
    });

    it('decides by one command each', async () => {
      await cache.hit('counter', { now: 0, limit: 9, duration: 60 });
      await client.configResetStat();
      await cache.hit('counter', { now: 1, limit: 9, duration: 60 });
      const calls = await client.info('commandstats');
      expect(calls).toContain('cmdstat_evalsha:calls=1,');
      expect(calls).not.toContain('cmdstat_eval:');
    });

    it('tells of errors of the server', async () => {
      await client.set('sallyport:counter', 'no list');
      await expect(cache.hit('counter', { now: 0, limit: 1, duration: 60 })).rejects.toThrow('WRONGTYPE');
    });
  });

  describe('that is gone', () => {
    class View extends APIView {
      override get(): Response {
        return new Response('ok');
      }
    }

    it('refuses requests or lets them pass, as the settings say', async () => {
      const server = await startRedis();
      const client = createClient({ socket: { path: server.path, tls: false }, disableOfflineQueue: true });
      client.on('error', () => undefined); // the connection is lost on purpose
      await client.connect();
      const { logger, errors } = errorLog();
      const viewOf = (onCacheError: 'open' | 'closed') =>
        View.asView({
          settings: defineSettings({
            cache: redisCache(client),
            logger,
            onCacheError,
            defaultAuthenticationClasses: [],
            defaultThrottleRates: { address: '1/min' },
          }),
          throttleClasses: [AddressRateThrottle],
        });
      const [open, closed] = [viewOf('open'), viewOf('closed')];
      expect([(await call(open)).status, (await call(closed)).status, errors.length]).toEqual([200, 429, 0]);
      await server.stop();
      expect([(await call(open)).status, (await call(closed)).status, errors.length]).toEqual([200, 500, 2]);
      client.destroy();
    });
  });
});
