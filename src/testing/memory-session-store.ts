import type { ReplaceOutcome, SessionRow, SessionStore } from '../auth/session/store';
import { IN_MEMORY } from '../core/in-memory';

/** A table of sessions in memory. They are gone with the process. */
export class MemorySessionStore implements SessionStore {
  readonly [IN_MEMORY] = true;
  readonly #rows = new Map<string, SessionRow>();

  // Nothing is awaited between a look and a change, so no two callers can come between each other.

  load(key: string, now: Date): Promise<string | null> {
    const row = this.#rows.get(key);
    return Promise.resolve(row !== undefined && row.expires > now ? row.data : null);
  }

  create(row: SessionRow): Promise<boolean> {
    const free = !this.#rows.has(row.key);
    if (free) this.#rows.set(row.key, row);
    return Promise.resolve(free);
  }

  replace(key: string, previous: string, row: SessionRow): Promise<ReplaceOutcome> {
    const current = this.#rows.get(key);
    if (current === undefined) return Promise.resolve('gone');
    if (current.data !== previous) return Promise.resolve('changed');
    this.#rows.delete(key);
    this.#rows.set(row.key, row);
    return Promise.resolve('replaced');
  }

  delete(key: string): Promise<void> {
    this.#rows.delete(key);
    return Promise.resolve();
  }

  clearExpired(now: Date): Promise<number> {
    const ended = [...this.#rows.values()].filter(({ expires }) => expires < now);
    for (const { key } of ended) this.#rows.delete(key);
    return Promise.resolve(ended.length);
  }
}
