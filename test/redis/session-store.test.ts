import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { openSession, SessionCodec } from 'sallyport';
import { redisSessionStore } from 'sallyport/redis';
import type { RedisSessionStore } from 'sallyport/redis';
import { FixedClock } from 'sallyport/testing';
import { describeSessionStore } from '../support/contracts/session-store';
import { describeWithRedis, startRedis } from '../support/redis';
import type { TestRedis } from '../support/redis';
import { secretKey, World } from '../support/sessions';

const connect = (path: string) => createClient({ socket: { path, tls: false }, disableOfflineQueue: true }).connect();

// Long before the rows of the contract end, so that Redis keeps them while it is looked at them.
const clock = new FixedClock('2026-01-01T00:00:00Z');
const inRequest = <T>(work: () => Promise<T>): Promise<T> => work();

describeWithRedis('The store of sessions in Redis', () => {
  describeSessionStore('Through node-redis, it', async () => {
    const server = await startRedis();
    const client = await connect(server.path);
    const close = async (): Promise<void> => {
      await client.close();
      await server.stop();
    };
    return { store: redisSessionStore(client, { clock }), inRequest, close, clearsItself: true };
  });

  describeSessionStore('Through ioredis, it', async () => {
    const server = await startRedis();
    const client = new Redis(server.path);
    const close = async (): Promise<void> => {
      await client.quit();
      await server.stop();
    };
    return { store: redisSessionStore(client, { clock }), inRequest, close, clearsItself: true };
  });

  describe('on the server', () => {
    let server: TestRedis;
    let client: Awaited<ReturnType<typeof connect>>;
    let store: RedisSessionStore;
    const key = 'k'.repeat(32);
    // printf %s kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk | openssl dgst -sha256 -binary | basenc --base64url
    const name = 'sallyport:session:XjGPjPnL4kmjCBK4yhMtaR3tepGZFBNVjbV1hXX14B8';
    const row = (data = 'first', seconds = 60) => ({ key, data, expires: new Date(clock.now() + seconds * 1000) });

    beforeAll(async () => {
      server = await startRedis();
      client = await connect(server.path);
      store = redisSessionStore(client, { clock });
    });
    beforeEach(() => client.flushAll());
    afterAll(async () => {
      await client.close();
      await server.stop();
    });

    it('has a hash for each session, under a name that gives no session away', async () => {
      await store.create(row('.abc:1r31eq:x'));
      expect(await client.keys('*')).toEqual([name]);
      expect({ ...(await client.hGetAll(name)) }).toEqual({ data: '.abc:1r31eq:x', expires: '1767225660000' });
    });

    it('holds the text that Django has in its table', async () => {
      const world = new World({ session: { store: redisSessionStore(client) } });
      const session = await openSession(world.settings, null);
      session.set('k', 'é€');
      session.setExpiry(3600);
      world.clock.set(new Date());
      await session.save();
      const [only = ''] = await client.keys('*');
      const data = (await client.hGet(only, 'data'))!;
      const codec = new SessionCodec({ key: secretKey, clock: world.clock });
      expect(Object.fromEntries(codec.decode(data))).toEqual({ k: 'é€', _session_expiry: 3600 });
      expect(await client.pTTL(only)).toBeGreaterThan(3_590_000);
      expect(await client.pTTL(only)).toBeLessThanOrEqual(3_600_000);
    });

    it('lets Redis drop a row when it ends, from the last change on', async () => {
      await store.create(row('first', 60));
      expect(await client.pTTL(name)).toBeLessThanOrEqual(60_000);
      await store.replace(key, 'first', row('second', 600));
      expect(await client.pTTL(name)).toBeGreaterThan(599_000);
      await store.replace(key, 'second', row('third', 0.05));
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(await client.keys('*')).toEqual([]);
    });

    it('keeps nothing that has ended when it is written', async () => {
      expect(await store.create(row('first', 0))).toBe(true);
      expect(await client.keys('*')).toEqual([]);
      await store.create(row());
      expect(await store.replace(key, 'first', row('second', -1))).toBe('replaced');
      expect(await client.keys('*')).toEqual([]);
    });

    it('leaves one row behind where one of many callers moves it', async () => {
      await store.create(row());
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          store.replace(key, 'first', { ...row('second'), key: `moved${String(i)}` }),
        ),
      );
      expect(outcomes.filter((outcome) => outcome === 'replaced')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === 'gone')).toHaveLength(19);
      expect(await client.keys('*')).toHaveLength(1);
    });

    it('overwrites no other session with one that moves', async () => {
      await store.create(row());
      await store.create({ ...row('theirs'), key: 'taken' });
      await expect(store.replace(key, 'first', { ...row('mine'), key: 'taken' })).rejects.toThrow('taken');
      expect(await store.load('taken', new Date(clock.now()))).toBe('theirs');
      expect(await store.load(key, new Date(clock.now()))).toBe('first');
    });

    it('does each verb by one command on one key, but for a move, so that a cluster takes them', async () => {
      const keys: string[][] = [];
      const watched = redisSessionStore(
        {
          eval: (...args: Parameters<typeof client.eval>) => client.eval(...args),
          evalSha: (...args: Parameters<typeof client.evalSha>) => {
            keys.push([...(args[1]?.keys ?? [])].map(String));
            return client.evalSha(...args);
          },
        },
        { clock, prefix: 'shop:' },
      );
      await watched.create(row());
      await watched.load(key, new Date(clock.now()));
      await watched.replace(key, 'first', row('second'));
      await watched.replace(key, 'second', { ...row('third'), key: 'moved' });
      await watched.delete('moved');
      expect(keys.map((each) => each.length)).toEqual([1, 1, 1, 1, 1, 1]);
      expect(keys.flat().every((each) => each.startsWith('shop:'))).toBe(true);
    });

    it('tells of errors of the server, without the key and text of a session', async () => {
      await client.set(name, 'no hash');
      const error = await store.replace(key, 'secret text', row()).catch((reason: unknown) => reason);
      expect(String((error as Error).stack)).toContain('WRONGTYPE');
      expect(String((error as Error).stack)).not.toMatch(/kkk|secret text/);
    });
  });
});
