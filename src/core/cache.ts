import { systemClock, type Clock } from './clock';
import type { Awaitable } from './policy';

/** What one hit on a throttle's counter found. */
export interface Hit {
  /** Whether the request was within the limit; only then was it recorded. */
  readonly allowed: boolean;
  /** Requests inside the window, this one included if it was allowed. */
  readonly count: number;
  /** When the oldest of them came, in seconds; null when there is none. */
  readonly oldest: number | null;
}

/** The window of a throttle. */
export interface Window {
  /** How many requests the window takes. */
  readonly limit: number;
  /** Its length, seconds. */
  readonly duration: number;
  /** The present, seconds. */
  readonly now: number;
}

/**
 * The port to a cache that several processes may share. `hit` is one atomic step, so two requests that race can't
 * both take the last place (DRF reads, changes and writes, and lets a few extra requests pass).
 */
export interface Cache {
  get(key: string): Awaitable<unknown>;
  /** @param ttl seconds until the value is gone */
  set(key: string, value: unknown, ttl: number): Awaitable<void>;
  delete(key: string): Awaitable<void>;
  /** Drops what has left the window, and records this request if there is room. */
  hit(key: string, window: Window): Awaitable<Hit>;
}

interface Entry {
  value: unknown;
  expires: number;
}

/**
 * A cache in the memory of this process. It forgets the entry that was used longest ago when it is full, so clients
 * that make up identities can't fill the memory.
 */
export class MemoryCache implements Cache {
  readonly #entries = new Map<string, Entry>();
  readonly #maxEntries: number;
  readonly #clock: Clock;

  /**
   * @param options.maxEntries keys kept at most, 100,000 by default
   * @param options.clock milliseconds since 1970, for `get` and `set`
   */
  constructor(options: { readonly maxEntries?: number; readonly clock?: Clock } = {}) {
    this.#maxEntries = options.maxEntries ?? 100_000;
    this.#clock = options.clock ?? systemClock;
  }

  #now(): number {
    return this.#clock.now() / 1000;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): unknown {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expires > this.#now()) return entry.value;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, value: unknown, ttl: number): void {
    this.#store(key, { value, expires: this.#now() + ttl });
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  hit(key: string, { limit, duration, now }: Window): Hit {
    const entry = this.#entries.get(key);
    const history = entry !== undefined && Array.isArray(entry.value) ? (entry.value as number[]) : []; // oldest first
    let expired = 0;
    while (expired < history.length && history[expired]! <= now - duration) expired++;
    if (expired > 0) history.splice(0, expired);
    if (history.length >= limit) return { allowed: false, count: history.length, oldest: history[0] ?? null };
    history.push(now);
    this.#store(key, { value: history, expires: now + duration });
    return { allowed: true, count: history.length, oldest: history[0]! };
  }

  #store(key: string, entry: Entry): void {
    this.#entries.delete(key); // to stand last: the map's order is the order of use
    this.#entries.set(key, entry);
    if (this.#entries.size <= this.#maxEntries) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      break;
    }
  }
}
