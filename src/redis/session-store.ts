import { createHash } from 'node:crypto';
import type { ReplaceOutcome, SessionRow, SessionStore } from '../auth/session/store';
import { systemClock, type Clock } from '../core/clock';
import { scriptRunner, type RedisClient, type Script, type ScriptRunner } from './client';
import { CREATE_ROW, DELETE, LOAD_ROW, REMOVE_ROW, REPLACE_ROW } from './scripts';

/** Where a `redisSessionStore` keeps its sessions, and for how long. */
export interface RedisSessionStoreOptions {
  /** What all keys begin with. @default 'sallyport:session:' */
  readonly prefix?: string;
  /** Tells how long a session has to live; Redis counts that down by a clock of its own. @default the system's */
  readonly clock?: Clock;
}

/**
 * Sessions in Redis. Each is a hash of two fields: `data` is the text that Django has in its table, `expires` the end in
 * milliseconds since 1970; Redis drops it then. Its key is the prefix and the SHA-256 of the session's key, so that
 * whoever sees the keys of the database can't log in by them.
 */
export class RedisSessionStore implements SessionStore {
  readonly #run: ScriptRunner;
  readonly #prefix: string;
  readonly #clock: Clock;

  constructor(
    client: RedisClient,
    { prefix = 'sallyport:session:', clock = systemClock }: RedisSessionStoreOptions = {},
  ) {
    this.#run = scriptRunner(client);
    this.#prefix = prefix;
    this.#clock = clock;
  }

  async load(key: string, now: Date): Promise<string | null> {
    const [data, expires] = (await this.#ask(LOAD_ROW, key)) as readonly (string | null)[];
    return typeof data === 'string' && Number(expires) > now.getTime() ? data : null;
  }

  async create(row: SessionRow): Promise<boolean> {
    return Number(await this.#ask(CREATE_ROW, row.key, ...this.#fields(row))) === 1;
  }

  async replace(key: string, previous: string, row: SessionRow): Promise<ReplaceOutcome> {
    if (row.key !== key) return this.#move(key, previous, row);
    return (await this.#ask(REPLACE_ROW, key, previous, ...this.#fields(row))) as ReplaceOutcome;
  }

  async delete(key: string): Promise<void> {
    await this.#ask(DELETE, key);
  }

  /** Nothing is left to do: Redis drops what has ended by itself. */
  clearExpired(_now: Date): Promise<number> {
    return Promise.resolve(0);
  }

  /**
   * In a cluster two keys may lie on two servers, so this is no single script. Until the old row is removed, which
   * decides between several callers, nobody knows the key of the new one.
   */
  async #move(key: string, previous: string, row: SessionRow): Promise<ReplaceOutcome> {
    if (!(await this.create(row))) throw new Error('The new key of a session is taken.');
    const outcome = (await this.#ask(REMOVE_ROW, key, previous)) as ReplaceOutcome;
    if (outcome !== 'replaced') await this.delete(row.key);
    return outcome;
  }

  #fields({ data, expires }: SessionRow): (string | number)[] {
    return [data, expires.getTime(), Math.ceil(expires.getTime() - this.#clock.now())];
  }

  #ask(script: Script, key: string, ...args: readonly (string | number)[]): Promise<unknown> {
    return this.#run(script, this.#prefix + createHash('sha256').update(key).digest('base64url'), args.map(String));
  }
}

/**
 * The sessions of an app in Redis, for the options of sessions. Let Redis keep what it is given (`maxmemory-policy
 * noeviction`): where memory is short it would end sessions, those of users who are logged in too.
 *
 * @param client a connected client of node-redis or ioredis; who made it closes it
 * @example defineSettings({ users: userStore(orm), secretKey }, session({ store: redisSessionStore(client) }))
 */
export function redisSessionStore(client: RedisClient, options: RedisSessionStoreOptions = {}): RedisSessionStore {
  return new RedisSessionStore(client, options);
}
