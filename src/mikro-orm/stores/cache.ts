import type { EntityManager } from '@mikro-orm/core';
import type { Cache, Hit, Window } from '../../core/cache';
import { ImproperlyConfigured } from '../../core/errors';
import { shortKey } from '../../crypto/short-key';
import { CacheEntry } from '../entities/cache';
import { execute } from '../orm';
import type { Orm, Row } from '../orm';
import { metadataOf } from './entity-class';

/** How many writes go by between two clearances, and how many rows one of these takes. */
const WRITES = 1000;
const CLEARED = 10_000;

/** `live` are the times of the last hits, from the first one inside the window on; `room` is whether one more fits. */
const HIT = `
INSERT INTO sallyport_cache AS kept (key, hits, allowed, expires_at)
VALUES (
  ?,
  CASE WHEN ? > 0 THEN ARRAY[?::double precision] ELSE '{}' END,
  ? > 0,
  now() + make_interval(secs => ?)
)
ON CONFLICT (key) DO UPDATE SET (hits, allowed, expires_at) = (
  SELECT
    CASE WHEN room THEN live || EXCLUDED.hits ELSE live END,
    room,
    CASE WHEN room THEN EXCLUDED.expires_at ELSE kept.expires_at END
  FROM (
    SELECT live, cardinality(live) < ? AS room
    FROM (
      SELECT coalesce(
        kept.hits[(SELECT min(place) FROM unnest(kept.hits) WITH ORDINALITY AS hit (at, place) WHERE at > ?):],
        '{}'
      ) AS live
    ) AS counter
  ) AS counter
)
RETURNING allowed, cardinality(hits) AS count, hits[1] AS oldest`;

const GIVE_BACK = `
UPDATE sallyport_cache
SET hits = hits[:array_position(hits, ?::double precision) - 1] || hits[array_position(hits, ?::double precision) + 1:]
WHERE key = ? AND ?::double precision = ANY (hits)`;

const GET = 'SELECT value FROM sallyport_cache WHERE key = ? AND expires_at > now()';

const SET = `
INSERT INTO sallyport_cache (key, value, expires_at) VALUES (?, ?, now() + make_interval(secs => ?))
ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, expires_at = EXCLUDED.expires_at`;

const DELETE = 'DELETE FROM sallyport_cache WHERE key = ?';

const CLEAR = `
DELETE FROM sallyport_cache WHERE key IN (
  SELECT key FROM sallyport_cache WHERE expires_at <= now() LIMIT ${String(CLEARED)} FOR UPDATE SKIP LOCKED
)`;

/**
 * A cache that all processes share which talk to one PostgreSQL, in the table `sallyport_cache`. Each method is one
 * statement, outside of the transaction of the request: what was rolled back has been counted all the same, and no
 * client holds the others up. Windows are measured by the clock of the settings; how long a row is kept, by the server's.
 *
 * A counter holds a time for each request of its window, and each hit writes all of them anew. For limits of thousands
 * Redis is the better place.
 */
export class MikroOrmCache implements Cache {
  readonly #orm: Orm;
  readonly #em: EntityManager;
  #writes = 0;

  /** @throws ImproperlyConfigured when `CacheSchema` is not among the entities */
  constructor(orm: Orm) {
    metadataOf(orm, CacheEntry);
    this.#orm = orm;
    this.#em = orm.em.fork({ disableContextResolution: true });
  }

  async get(key: string): Promise<unknown> {
    const [row] = await this.#run(GET, shortKey(key));
    const value = (row?.['value'] ?? null) as string | null;
    return value === null ? undefined : JSON.parse(value);
  }

  async set(key: string, value: unknown, ttl: number): Promise<void> {
    await this.#run(SET, shortKey(key), JSON.stringify(value), ttl);
    await this.#clearNowAndThen();
  }

  async delete(key: string): Promise<void> {
    await this.#run(DELETE, shortKey(key));
  }

  async hit(key: string, { limit, duration, now }: Window): Promise<Hit> {
    const [row] = await this.#run(HIT, shortKey(key), limit, now, limit, duration, limit, now - duration);
    await this.#clearNowAndThen();
    const { allowed, count, oldest } = row as { allowed: boolean; count: number; oldest: number | null };
    return { allowed, count, oldest };
  }

  async giveBack(key: string, at: number): Promise<void> {
    await this.#run(GIVE_BACK, at, at, shortKey(key), at);
  }

  /** Removes rows whose time is over. It is done now and then while the cache is written to. */
  async clearExpired(): Promise<void> {
    await this.#run(CLEAR);
  }

  async #clearNowAndThen(): Promise<void> {
    if (++this.#writes % WRITES === 0) await this.clearExpired();
  }

  /** @throws ImproperlyConfigured where the request holds a connection of the same pool for its transaction */
  #run(sql: string, ...params: readonly unknown[]): Promise<Row[]> {
    const current = this.#orm.em.getContext(false);
    if (current.isInTransaction() && current.getDriver() === this.#em.getDriver()) {
      throw new ImproperlyConfigured(
        'The cache needs a connection while the request holds one for its transaction. With all of the pool held that ' +
          'way, none would ever come free. Give the cache a pool of its own: ' +
          'cacheStore(await MikroORM.init({ entities: [CacheSchema], … })).',
      );
    }
    return execute(this.#em, sql, params);
  }
}

/**
 * The counters of the throttles in PostgreSQL, for the setting `cache`. List `CacheSchema` among the entities, and let
 * `migrate` make the table.
 *
 * @param orm one of its own where requests are transactions (`atomicRequests`): such a request waits for its hit with a
 *   connection in its hands, and a pool that both share would run dry
 * @throws ImproperlyConfigured when `CacheSchema` is not among the entities
 * @example
 * const orm = await MikroORM.init({ clientUrl, entities: [UserSchema, TokenSchema, CacheSchema] });
 * const settings = defineSettings({ users: userStore(orm), cache: cacheStore(orm) });
 */
export function cacheStore(orm: Orm): MikroOrmCache {
  return new MikroOrmCache(orm);
}
