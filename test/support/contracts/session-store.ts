import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ReplaceOutcome, SessionRow, SessionStore } from '../../../src/auth/session/store';

/** A store over a table of its own, and what a test needs beside it. */
export interface SessionStoreHarness {
  readonly store: SessionStore;
  /** Does what one request does, with a unit of work of its own where the store has such a thing. */
  inRequest<T>(work: () => Promise<T>): Promise<T>;
  close?(): Promise<void>;
  /** Whether rows go by themselves when they end. */
  readonly clearsItself?: boolean;
}

const CALLERS = 20;
const NOW = new Date('2026-01-02T03:04:05.678Z');
const after = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);

/** What every store of sessions keeps. */
export function describeSessionStore(name: string, open: () => Promise<SessionStoreHarness>): void {
  describe(`${name} keeps the contract of a session store`, () => {
    let harness: SessionStoreHarness;
    let count = 0;

    beforeAll(async () => {
      harness = await open();
    });
    afterAll(() => harness.close?.());

    const newKey = (): string => String(++count).padStart(32, 'k');
    const load = (key: string, now = NOW): Promise<string | null> =>
      harness.inRequest(() => harness.store.load(key, now));
    const create = (row: SessionRow): Promise<boolean> => harness.inRequest(() => harness.store.create(row));
    const replace = (key: string, previous: string, row: SessionRow): Promise<ReplaceOutcome> =>
      harness.inRequest(() => harness.store.replace(key, previous, row));
    const remove = (key: string): Promise<void> => harness.inRequest(() => harness.store.delete(key));
    const atOnce = <T>(call: (caller: number) => Promise<T>): Promise<T[]> =>
      Promise.all(Array.from({ length: CALLERS }, (_, caller) => call(caller)));

    async function newRow(data = 'first', expires = after(60)): Promise<SessionRow> {
      const row = { key: newKey(), data, expires };
      expect(await create(row)).toBe(true);
      return row;
    }

    describe('load', () => {
      it('gives the text of a row', async () => {
        const text = `.${'aZ09-_'.repeat(2000)}:1r31eq:x`;
        const { key } = await newRow(text);
        expect(await load(key)).toBe(text);
      });

      it('counts a row as long as it ends after now (A-062)', async () => {
        const { key, expires } = await newRow();
        expect(await load(key, new Date(expires.getTime() - 1))).toBe('first');
        expect(await load(key, expires)).toBeNull();
        expect(await load(key, new Date(expires.getTime() + 1))).toBeNull();
      });

      it.each(['', 'nobody', 'k'.repeat(32), 'x'.repeat(10_000), "' OR '1'='1", '%'])(
        'is null and no error for a key that nobody has: %j',
        async (key) => {
          await newRow();
          expect(await load(key)).toBeNull();
        },
      );
    });

    describe('create', () => {
      it('takes no key twice, also when its row has ended', async () => {
        const row = await newRow('first', after(-60));
        expect(await create({ ...row, data: 'second' })).toBe(false);
        expect(await load(row.key, after(-120))).toBe('first');
      });

      it('gives a key to one of many callers', async () => {
        const key = newKey();
        const outcomes = await atOnce((caller) => create({ key, data: `by ${String(caller)}`, expires: after(60) }));
        expect(outcomes.filter(Boolean)).toHaveLength(1);
        expect(await load(key)).toBe(`by ${String(outcomes.indexOf(true))}`);
      });
    });

    describe('replace', () => {
      it('changes text and end of a row', async () => {
        const { key } = await newRow();
        expect(await replace(key, 'first', { key, data: 'second', expires: after(600) })).toBe('replaced');
        expect(await load(key, after(599))).toBe('second');
      });

      it('leaves a row alone that another has changed', async () => {
        const { key, expires } = await newRow('other');
        expect(await replace(key, 'first', { key, data: 'second', expires })).toBe('changed');
        expect(await load(key)).toBe('other');
      });

      it('makes no row where there is none', async () => {
        const key = newKey();
        expect(await replace(key, 'first', { key, data: 'second', expires: after(60) })).toBe('gone');
        expect(await load(key)).toBeNull();
      });

      it('finds a row under its new key alone', async () => {
        const { key, expires } = await newRow();
        const moved = newKey();
        expect(await replace(key, 'first', { key: moved, data: 'second', expires })).toBe('replaced');
        expect(await load(key)).toBeNull();
        expect(await load(moved)).toBe('second');
        expect(await replace(key, 'first', { key, data: 'third', expires })).toBe('gone');
      });

      it('takes the text of one of many callers', async () => {
        const { key, expires } = await newRow();
        const outcomes = await atOnce((caller) =>
          replace(key, 'first', { key, data: `by ${String(caller)}`, expires }),
        );
        expect(outcomes.filter((outcome) => outcome === 'replaced')).toHaveLength(1);
        expect(outcomes.filter((outcome) => outcome === 'changed')).toHaveLength(CALLERS - 1);
        expect(await load(key)).toBe(`by ${String(outcomes.indexOf('replaced'))}`);
      });

      it('leaves other rows alone', async () => {
        const { key, expires } = await newRow();
        const other = await newRow();
        await replace(key, 'first', { key, data: 'second', expires });
        expect(await load(other.key)).toBe('first');
      });
    });

    describe('delete', () => {
      it('removes a row, and says nothing where there is none', async () => {
        const { key } = await newRow();
        const other = await newRow();
        await remove(key);
        await remove(key);
        expect(await load(key)).toBeNull();
        expect(await load(other.key)).toBe('first');
      });
    });

    describe('clearExpired', () => {
      it('removes the rows that have ended (A-074)', async () => {
        await harness.inRequest(() => harness.store.clearExpired(after(1_000_000)));
        const ended = [await newRow('first', after(-1)), await newRow('first', after(-2))];
        const alive = await newRow('first', after(1));
        const cleared = harness.clearsItself === true ? 0 : 2;
        expect(await harness.inRequest(() => harness.store.clearExpired(NOW))).toBe(cleared);
        if (harness.clearsItself === true) return;
        for (const { key } of ended) expect(await load(key, after(-100))).toBeNull();
        expect(await load(alive.key)).toBe('first');
        expect(await harness.inRequest(() => harness.store.clearExpired(NOW))).toBe(0);
      });
    });
  });
}
