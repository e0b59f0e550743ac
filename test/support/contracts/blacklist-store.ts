import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { BlacklistStore, OutstandingEntry } from '../../../src/auth/jwt/store';

/** A store over tables of its own, and what a test needs beside it. */
export interface BlacklistStoreHarness {
  readonly store: BlacklistStore;
  /** The primary key of a user that there is. */
  readonly userPk: number;
  /** Does what one request does, with a unit of work of its own where the store has such a thing. */
  inRequest<T>(work: () => Promise<T>): Promise<T>;
  close?(): Promise<void>;
}

const CALLERS = 20;
const NOW = new Date('2026-01-02T03:04:05Z');
const after = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);

/** What every store of tokens that can be called back keeps. */
export function describeBlacklistStore(name: string, open: () => Promise<BlacklistStoreHarness>): void {
  describe(`${name} keeps the contract of a blacklist`, () => {
    let harness: BlacklistStoreHarness;
    let count = 0;

    beforeAll(async () => {
      harness = await open();
    });
    afterAll(() => harness.close?.());

    const newEntry = (more: Partial<OutstandingEntry> = {}): OutstandingEntry => ({
      jti: String(++count).padStart(32, '0'),
      token: 'a.b.c',
      userPk: harness.userPk,
      createdAt: NOW,
      expiresAt: after(60),
      ...more,
    });
    const outstand = (entry: OutstandingEntry): Promise<void> => harness.inRequest(() => harness.store.outstand(entry));
    const blacklist = (entry: OutstandingEntry): Promise<boolean> =>
      harness.inRequest(() => harness.store.blacklist(entry));
    const isBlacklisted = (jti: string): Promise<boolean> => harness.inRequest(() => harness.store.isBlacklisted(jti));
    const flush = (now: Date): Promise<number> => harness.inRequest(() => harness.store.flushExpired(now));

    it('takes no token for called back that was only given out, or that it does not know', async () => {
      const entry = newEntry();
      await outstand(entry);
      await outstand(entry);
      expect([await isBlacklisted(entry.jti), await isBlacklisted('unknown')]).toEqual([false, false]);
    });

    it('calls a token back once (J-154)', async () => {
      const entry = newEntry();
      await outstand(entry);
      expect([await blacklist(entry), await blacklist(entry)]).toEqual([true, false]);
      expect(await isBlacklisted(entry.jti)).toBe(true);
    });

    it('calls a token back that it did not know, and one of nobody (J-154)', async () => {
      const entries = [newEntry(), newEntry({ userPk: null, createdAt: null })];
      for (const entry of entries) {
        expect(await blacklist(entry)).toBe(true);
        expect(await isBlacklisted(entry.jti)).toBe(true);
      }
    });

    it('keeps a token whose user is gone', async () => {
      const entry = newEntry({ userPk: 999_999 });
      await outstand(entry);
      expect(await blacklist(entry)).toBe(true);
    });

    it('says to one of many callers at once that the token was good (J-183)', async () => {
      for (const isKnown of [true, false]) {
        const entry = newEntry();
        if (isKnown) await outstand(entry);
        const answers = await Promise.all(Array.from({ length: CALLERS }, () => blacklist(entry)));
        expect(answers.filter(Boolean)).toHaveLength(1);
      }
    });

    it('forgets what has expired, called back or not, and nothing else (J-160)', async () => {
      await flush(after(3600));
      const [ended, listed, good] = [newEntry({ expiresAt: after(9) }), newEntry({ expiresAt: after(10) }), newEntry()];
      for (const entry of [ended, listed, good]) await outstand(entry);
      await blacklist(listed);
      await blacklist(good);
      expect(await flush(after(10))).toBe(2);
      expect([await isBlacklisted(listed.jti), await isBlacklisted(good.jti)]).toEqual([false, true]);
      expect(await flush(after(10))).toBe(0);
    });
  });
}
