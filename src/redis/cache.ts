import type { Cache, Hit, Window } from '../core/cache';
import { shortKey } from '../crypto/short-key';
import { scriptRunner, type RedisClient, type Script, type ScriptRunner } from './client';
import { DELETE, GET, GIVE_BACK, HIT, SET } from './scripts';

/** Where a `redisCache` keeps its keys. */
export interface RedisCacheOptions {
  /** What all keys begin with. @default 'sallyport:' */
  readonly prefix?: string;
}

/**
 * A cache that all processes share which talk to one Redis, or a cluster of it. Windows are measured by the clock of the
 * settings; how long Redis keeps a key, by its own.
 */
export class RedisCache implements Cache {
  readonly #run: ScriptRunner;
  readonly #prefix: string;

  constructor(client: RedisClient, { prefix = 'sallyport:' }: RedisCacheOptions = {}) {
    this.#run = scriptRunner(client);
    this.#prefix = prefix;
  }

  async get(key: string): Promise<unknown> {
    const text = (await this.#ask(GET, key)) as string | null;
    return text === null ? undefined : JSON.parse(text);
  }

  async set(key: string, value: unknown, ttl: number): Promise<void> {
    await this.#ask(SET, key, JSON.stringify(value), ttl);
  }

  async delete(key: string): Promise<void> {
    await this.#ask(DELETE, key);
  }

  async hit(key: string, { now, limit, duration }: Window): Promise<Hit> {
    const reply = await this.#ask(HIT, key, now, limit, duration);
    const [allowed, count, oldest] = reply as readonly unknown[];
    return { allowed: Number(allowed) === 1, count: Number(count), oldest: oldest === null ? null : Number(oldest) };
  }

  async giveBack(key: string, at: number): Promise<void> {
    await this.#ask(GIVE_BACK, key, at);
  }

  #ask(script: Script, key: string, ...args: readonly (string | number)[]): Promise<unknown> {
    return this.#run(script, this.#prefix + shortKey(key), args.map(String));
  }
}

/**
 * The counters of the throttles in Redis, for the setting `cache`.
 *
 * A client that has lost its server lets commands wait for a new connection, and with them the requests. Let them fail
 * instead, and say in `onCacheError` what becomes of the requests: `disableOfflineQueue: true` in node-redis,
 * `enableOfflineQueue: false` in ioredis.
 *
 * Where it remembers what was used up, as the proofs of DPoP, Redis must keep what it is given (`maxmemory-policy
 * noeviction`): a hit for which memory is short then fails, and none is forgotten.
 *
 * @param client a connected client of node-redis or ioredis; who made it closes it
 * @example
 * const client = await createClient({ url: process.env.REDIS_URL, disableOfflineQueue: true }).connect();
 * const settings = defineSettings({ cache: redisCache(client), onCacheError: 'closed' });
 */
export function redisCache(client: RedisClient, options: RedisCacheOptions = {}): RedisCache {
  return new RedisCache(client, options);
}
