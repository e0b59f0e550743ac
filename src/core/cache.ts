import { shortKey } from '../crypto/short-key';
import { systemClock, type Clock } from './clock';
import { IN_MEMORY } from './in-memory';
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
  /**
   * Whether the hit must not be forgotten before it leaves the window, as where it shows that something was used up. A
   * cache with no room for it fails. Otherwise hits may go where memory is short. @default false
   */
  readonly keep?: boolean;
}

/**
 * The port to a cache that several processes may share. Each method is one atomic step, so two requests that race can't
 * both take the last place (DRF reads, changes and writes, and lets a few extra requests pass).
 *
 * A key is that of a value or that of a counter, and not of both.
 */
export interface Cache {
  /** The value of this key; undefined when there is none, or its time is over. */
  get(key: string): Awaitable<unknown>;
  /**
   * @param value anything that JSON can hold
   * @param ttl seconds until the value is gone
   */
  set(key: string, value: unknown, ttl: number): Awaitable<void>;
  /** Forgets a value or a counter. */
  delete(key: string): Awaitable<void>;
  /** Drops what has left the window, and records this request if there is room. */
  hit(key: string, window: Window): Awaitable<Hit>;
  /**
   * Gives the place of one recorded request back, as if it had never come.
   * @param at the `now` of its hit
   */
  giveBack(key: string, at: number): Awaitable<void>;
}

interface Entry {
  value: unknown;
  /** Seconds since 1970. */
  expires: number;
  /** Whether it was used since the search for room last came by. */
  used: boolean;
}

/**
 * A cache in the memory of this process. When it is full it forgets what has expired or hasn't been used for long, so
 * clients that make up identities can't fill the memory. Hits that are to be kept have room of their own, which others
 * can't push them out of.
 */
export class MemoryCache implements Cache {
  readonly [IN_MEMORY] = true;
  readonly #entries = new Map<string, Entry>();
  /** What must not be forgotten while it is live; by the time of the last hit. */
  readonly #kept = new Map<string, Entry>();
  readonly #maxEntries: number;
  readonly #clock: Clock;

  /**
   * @param options.maxEntries keys at most, 100,000 by default; of those whose hits are to be kept, as many again
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
    return this.#entries.size + this.#kept.size;
  }

  get(key: string): unknown {
    const id = shortKey(key);
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    if (entry.expires > this.#now()) {
      entry.used = true;
      return entry.value;
    }
    this.#entries.delete(id);
    return undefined;
  }

  set(key: string, value: unknown, ttl: number): void {
    const id = shortKey(key);
    const now = this.#now();
    const entry = this.#entries.get(id);
    if (entry === undefined) this.#add(id, { value, expires: now + ttl }, now);
    else Object.assign(entry, { value, expires: now + ttl, used: true });
  }

  delete(key: string): void {
    const id = shortKey(key);
    this.#entries.delete(id);
    this.#kept.delete(id);
  }

  clear(): void {
    this.#entries.clear();
    this.#kept.clear();
  }

  /** @throws Error for a hit that is to be kept, where the cache is full of others that are */
  hit(key: string, { limit, duration, now, keep = false }: Window): Hit {
    const id = shortKey(key);
    const entry = (keep ? this.#kept : this.#entries).get(id);
    const history = liveHits(entry, now - duration);
    const allowed = history.length < limit;
    // A client that goes on knocking must not be forgotten either, and let in again.
    if (entry !== undefined) entry.used = true;
    if (allowed) {
      history.push(now);
      const expires = now + duration;
      if (keep) this.#keep(id, { value: history, expires }, now);
      else if (entry === undefined) this.#add(id, { value: history, expires }, now);
      else [entry.value, entry.expires] = [history, expires];
    }
    return { allowed, count: history.length, oldest: history[0] ?? null };
  }

  giveBack(key: string, at: number): void {
    const id = shortKey(key);
    const history = (this.#entries.get(id) ?? this.#kept.get(id))?.value;
    const place = Array.isArray(history) ? history.lastIndexOf(at) : -1;
    if (place >= 0) (history as number[]).splice(place, 1);
  }

  #add(key: string, { value, expires }: Pick<Entry, 'value' | 'expires'>, now: number): void {
    if (this.#entries.size >= this.#maxEntries) this.#makeRoom(now);
    this.#entries.set(key, { value, expires, used: false });
  }

  #keep(key: string, { value, expires }: Pick<Entry, 'value' | 'expires'>, now: number): void {
    this.#kept.delete(key); // it goes to the end of the line, as the one that was hit last
    for (const [oldest, entry] of this.#kept) {
      if (entry.expires > now) break;
      this.#kept.delete(oldest);
    }
    if (this.#kept.size >= this.#maxEntries) {
      throw new Error(
        'The memory cache is full of hits that must be kept. Give it more room, new MemoryCache({ maxEntries }), or ' +
          'take a cache outside of the process.',
      );
    }
    this.#kept.set(key, { value, expires, used: true });
  }

  /** Drops one entry; those that were used since the last search get a second chance at the end of the line. */
  #makeRoom(now: number): void {
    for (const [key, entry] of this.#entries) {
      this.#entries.delete(key);
      if (!entry.used || entry.expires <= now) return;
      entry.used = false;
      this.#entries.set(key, entry);
    }
  }
}

/** The hits of a counter after `start`, oldest first; the others are gone from it. */
function liveHits(entry: Entry | undefined, start: number): number[] {
  const history = entry !== undefined && Array.isArray(entry.value) ? (entry.value as number[]) : [];
  let expired = 0;
  while (expired < history.length && history[expired]! <= start) expired++;
  if (expired > 0) history.splice(0, expired);
  return history;
}
