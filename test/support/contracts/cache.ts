import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Cache, Hit, Window } from 'sallyport';

/** A cache, and a second one that other processes would have over the same storage. */
export interface CacheHarness {
  readonly cache: Cache;
  readonly other: Cache;
  close?(): Promise<void>;
}

/** What every cache keeps. */
export function describeCache(name: string, open: () => Promise<CacheHarness> | CacheHarness): void {
  describe(`${name} keeps the contract of a cache`, () => {
    let harness: CacheHarness;
    let cache: Cache;
    let keys = 0;

    beforeAll(async () => {
      harness = await open();
      ({ cache } = harness);
    });
    afterAll(() => harness.close?.());

    const freshKey = (): string => `key ${String(keys++)}`;
    const window = (now: number, limit = 2, duration = 60): Window => ({ now, limit, duration });
    /** Hits one after the other, each at its own second. */
    async function hits(key: string, seconds: readonly number[], limit = 2): Promise<Hit[]> {
      const found: Hit[] = [];
      for (const second of seconds) found.push(await cache.hit(key, window(second, limit)));
      return found;
    }

    describe('values', () => {
      it.each([
        ['a text'],
        [''],
        [0],
        [-1.5],
        [true],
        [false],
        [null],
        [[]],
        [[1, [2], { a: 'b' }]],
        [{ 'quote" \\ \u0000 \u2028 ß 漢 😀': { deep: [null] } }],
      ])('come back as they were: %j', async (value) => {
        const key = freshKey();
        await cache.set(key, value, 60);
        expect(await cache.get(key)).toEqual(value);
        expect(await harness.other.get(key)).toEqual(value);
      });

      it('are undefined where there is none', async () => {
        expect(await cache.get(freshKey())).toBeUndefined();
      });

      it('are replaced, with their time', async () => {
        const key = freshKey();
        await cache.set(key, 'old', 0.01);
        await cache.set(key, 'new', 60);
        await pause(30);
        expect(await cache.get(key)).toBe('new');
      });

      it('are gone after their time, and at once if there is none', async () => {
        const [soon, now, past] = [freshKey(), freshKey(), freshKey()];
        await cache.set(soon, 'value', 0.02);
        await cache.set(now, 'value', 0);
        await cache.set(past, 'value', 60);
        await cache.set(past, 'value', -1);
        await pause(50);
        expect([await cache.get(soon), await cache.get(now), await cache.get(past)]).toEqual(Array(3).fill(undefined));
      });

      it('are deleted, and what is not there may be', async () => {
        const [key, other] = [freshKey(), freshKey()];
        await cache.set(key, 1, 60);
        await cache.set(other, 2, 60);
        await cache.delete(key);
        await cache.delete(key);
        expect([await cache.get(key), await cache.get(other)]).toEqual([undefined, 2]);
      });
    });

    describe('hit', () => {
      it('appendix B, D-248: follows the walk-through of DRF, two in a minute', async () => {
        const found = await hits(freshKey(), [0, 10, 20, 30, 55, 60, 61, 70]);
        expect(found).toEqual([
          { allowed: true, count: 1, oldest: 0 },
          { allowed: true, count: 2, oldest: 0 },
          { allowed: false, count: 2, oldest: 0 },
          { allowed: false, count: 2, oldest: 0 },
          { allowed: false, count: 2, oldest: 0 },
          { allowed: true, count: 2, oldest: 10 },
          { allowed: false, count: 2, oldest: 10 },
          { allowed: true, count: 2, oldest: 60 },
        ]);
      });

      it('loses no digit of a time', async () => {
        const key = freshKey();
        const now = 1_790_000_000.123_456;
        expect(await cache.hit(key, window(now))).toEqual({ allowed: true, count: 1, oldest: now });
        const end = now + 60;
        expect((await cache.hit(key, window(end - 0.000_01, 1))).allowed).toBe(false);
        expect((await cache.hit(key, window(end, 1))).allowed).toBe(true);
      });

      it('takes a time again and again', async () => {
        expect(await hits(freshKey(), [5, 5, 5])).toEqual([
          { allowed: true, count: 1, oldest: 5 },
          { allowed: true, count: 2, oldest: 5 },
          { allowed: false, count: 2, oldest: 5 },
        ]);
      });

      it('keeps the order of arrival when a clock goes back', async () => {
        expect(await hits(freshKey(), [100, 90, 155, 160, 161])).toEqual([
          { allowed: true, count: 1, oldest: 100 },
          { allowed: true, count: 2, oldest: 100 },
          { allowed: false, count: 2, oldest: 100 },
          { allowed: true, count: 1, oldest: 160 },
          { allowed: true, count: 2, oldest: 160 },
        ]);
      });

      it('with a limit of zero refuses all, and keeps none', async () => {
        const key = freshKey();
        expect(await hits(key, [0, 1], 0)).toEqual(Array(2).fill({ allowed: false, count: 0, oldest: null }));
        expect(await cache.hit(key, window(2))).toEqual({ allowed: true, count: 1, oldest: 2 });
      });

      it('counts what there is when the limit was lowered, or the window cut', async () => {
        const key = freshKey();
        await hits(key, [0, 1, 2, 3], 4);
        expect(await cache.hit(key, window(4, 2))).toEqual({ allowed: false, count: 4, oldest: 0 });
        expect(await cache.hit(key, window(4, 4, 2))).toEqual({ allowed: true, count: 2, oldest: 3 });
      });

      it('counts keys apart, whatever is in them', async () => {
        const odd = ['', ' ', '__proto__', 'constructor', "'; --", '%s', '?', ':a', '\\', 'é', 'É', '漢', '\0', '\n'];
        const long = Buffer.alloc(16_000, 'x').toString();
        for (const key of [...odd, long, `${long}y`]) {
          expect([key, await cache.hit(key, window(0, 1)), (await cache.hit(key, window(1, 1))).allowed]).toEqual([
            key,
            { allowed: true, count: 1, oldest: 0 },
            false,
          ]);
        }
      });

      it('lets exactly the limit through, however many come at once', async () => {
        const key = freshKey();
        const caches = [cache, harness.other];
        const found = await Promise.all(
          Array.from({ length: 500 }, async (_, i) => caches[i % 2]!.hit(key, window(i / 1000, 100))),
        );
        const allowed = found.filter((hit) => hit.allowed);
        expect(allowed).toHaveLength(100);
        expect(allowed.map(({ count }) => count).sort((a, b) => a - b)).toEqual(
          Array.from({ length: 100 }, (_, i) => i + 1),
        );
        expect(found.filter((hit) => !hit.allowed).every(({ count }) => count === 100)).toBe(true);
      });

      it('starts anew after delete', async () => {
        const key = freshKey();
        await hits(key, [0, 1]);
        await cache.delete(key);
        expect(await hits(key, [2])).toEqual([{ allowed: true, count: 1, oldest: 2 }]);
      });
    });

    describe('giveBack', () => {
      it('frees the place of one hit of that time, and no other', async () => {
        const key = freshKey();
        await hits(key, [1.25, 2.5, 2.5], 3);
        await cache.giveBack(key, 2.5);
        expect(await hits(key, [3, 4], 3)).toEqual([
          { allowed: true, count: 3, oldest: 1.25 },
          { allowed: false, count: 3, oldest: 1.25 },
        ]);
        await cache.giveBack(key, 1.25);
        expect(await hits(key, [5], 3)).toEqual([{ allowed: true, count: 3, oldest: 2.5 }]);
      });

      it('does nothing for what is not there', async () => {
        const key = freshKey();
        await cache.giveBack(key, 1);
        await hits(key, [1]);
        await cache.giveBack(key, 2);
        await cache.giveBack(key, 1);
        await cache.giveBack(key, 1);
        expect(await hits(key, [3, 4, 5])).toEqual([
          { allowed: true, count: 1, oldest: 3 },
          { allowed: true, count: 2, oldest: 3 },
          { allowed: false, count: 2, oldest: 3 },
        ]);
      });

      it('loses none when many give back at once', async () => {
        const key = freshKey();
        const times = Array.from({ length: 50 }, (_, i) => i / 10);
        await Promise.all(times.map(async (now) => cache.hit(key, window(now, 50))));
        const caches = [cache, harness.other];
        await Promise.all(times.slice(0, 30).map(async (now, i) => caches[i % 2]!.giveBack(key, now)));
        expect((await cache.hit(key, window(6, 50))).count).toBe(21);
      });

      it('never lets more than the limit be under way together', async () => {
        const key = freshKey();
        let underWay = 0;
        let most = 0;
        await Promise.all(
          Array.from({ length: 200 }, async (_, i) => {
            const now = i / 1000;
            if (!(await cache.hit(key, window(now, 7))).allowed) return;
            most = Math.max(most, ++underWay);
            await pause(20 + (i % 3));
            underWay--;
            await cache.giveBack(key, now);
          }),
        );
        expect(most).toBeGreaterThan(1);
        expect(most).toBeLessThanOrEqual(7);
        expect((await cache.hit(key, window(1, 7))).count).toBe(1);
      });
    });
  });
}
