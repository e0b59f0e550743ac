import type { BlacklistStore, OutstandingEntry } from '../auth/jwt/store';
import { IN_MEMORY } from '../core/in-memory';

/** The tokens that were given out and called back, in memory. They are gone with the process. */
export class MemoryBlacklistStore implements BlacklistStore {
  readonly [IN_MEMORY] = true;
  readonly #outstanding = new Map<string, OutstandingEntry>();
  readonly #blacklisted = new Set<string>();

  // Nothing is awaited between a look and a change, so no two callers can come between each other.

  outstand(entry: OutstandingEntry): Promise<void> {
    if (!this.#outstanding.has(entry.jti)) this.#outstanding.set(entry.jti, entry);
    return Promise.resolve();
  }

  async blacklist(entry: OutstandingEntry): Promise<boolean> {
    await this.outstand(entry);
    const wasGood = !this.#blacklisted.has(entry.jti);
    this.#blacklisted.add(entry.jti);
    return wasGood;
  }

  isBlacklisted(jti: string): Promise<boolean> {
    return Promise.resolve(this.#blacklisted.has(jti));
  }

  flushExpired(now: Date): Promise<number> {
    const ended = this.outstanding.filter(({ expiresAt }) => expiresAt <= now);
    for (const { jti } of ended) {
      this.#outstanding.delete(jti);
      this.#blacklisted.delete(jti);
    }
    return Promise.resolve(ended.length);
  }

  /** What was given out, in that order. */
  get outstanding(): OutstandingEntry[] {
    return [...this.#outstanding.values()];
  }
}
