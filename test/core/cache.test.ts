import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { MemoryCache } from 'sallyport';
import type { Hit, Window } from 'sallyport';

/** A clock that stands still until it is moved; in seconds. */
function stoppedClock(start = 0) {
  const clock = { seconds: start, now: () => clock.seconds * 1000 };
  return clock;
}

const window = (now: number, limit = 2, duration = 60): Window => ({ limit, duration, now });

describe('MemoryCache', () => {
  it('keeps a value for its time', () => {
    const clock = stoppedClock();
    const cache = new MemoryCache({ clock });
    cache.set('a', { b: 1 }, 10);
    clock.seconds = 9.9;
    expect(cache.get('a')).toEqual({ b: 1 });
    clock.seconds = 10;
    expect(cache.get('a')).toBeUndefined();
    expect(cache.size).toBe(0);
  });

  it('deletes one value, or all', () => {
    const cache = new MemoryCache();
    for (const key of ['a', 'b', 'c']) cache.set(key, key, 10);
    cache.delete('a');
    expect([cache.get('a'), cache.get('b'), cache.size]).toEqual([undefined, 'b', 2]);
    cache.clear();
    expect(cache.size).toBe(0);
  });

  it('tells keys apart that look like members of an object', () => {
    const cache = new MemoryCache();
    for (const key of ['__proto__', 'constructor', 'hasOwnProperty']) {
      expect(cache.get(key)).toBeUndefined();
      expect(cache.hit(key, window(0))).toEqual({ allowed: true, count: 1, oldest: 0 });
    }
  });

  describe('hit', () => {
    it('D-248: follows the walk-through of DRF: 2 in a minute', () => {
      const cache = new MemoryCache();
      const steps: [now: number, hit: Hit][] = [
        [0, { allowed: true, count: 1, oldest: 0 }],
        [10, { allowed: true, count: 2, oldest: 0 }],
        [20, { allowed: false, count: 2, oldest: 0 }],
        [30, { allowed: false, count: 2, oldest: 0 }],
        [55, { allowed: false, count: 2, oldest: 0 }],
        [60, { allowed: true, count: 2, oldest: 10 }],
        [61, { allowed: false, count: 2, oldest: 10 }],
        [70, { allowed: true, count: 2, oldest: 60 }],
      ];
      for (const [now, hit] of steps) expect(cache.hit('a', window(now))).toEqual(hit);
    });

    it('counts keys apart', () => {
      const cache = new MemoryCache();
      expect([1, 2, 3].map(() => cache.hit('a', window(0)).allowed)).toEqual([true, true, false]);
      expect(cache.hit('b', window(0)).allowed).toBe(true);
    });

    it('lets exactly the limit through, however many come at once', async () => {
      const cache = new MemoryCache();
      const hits = await Promise.all(Array.from({ length: 1000 }, async () => cache.hit('a', window(5, 100))));
      expect(hits.filter(({ allowed }) => allowed)).toHaveLength(100);
      expect(hits.at(-1)).toEqual({ allowed: false, count: 100, oldest: 5 });
    });

    it('with a limit of zero refuses all', () => {
      expect(new MemoryCache().hit('a', window(0, 0))).toEqual({ allowed: false, count: 0, oldest: null });
    });

    it('keeps no request twice when the clock stands still or goes back', () => {
      const cache = new MemoryCache();
      cache.hit('a', window(100));
      cache.hit('a', window(90));
      expect(cache.hit('a', window(95)).allowed).toBe(false);
      expect(cache.hit('a', window(161)).allowed).toBe(true);
    });
  });

  describe('when it is full', () => {
    it('holds no more than its entries', () => {
      const cache = new MemoryCache({ maxEntries: 3 });
      for (let i = 0; i < 1000; i++) {
        cache.hit(`a${String(i)}`, window(i));
        cache.set(`b${String(i)}`, i, 10);
      }
      expect(cache.size).toBe(3);
    });

    it('keeps what was used lately before what was not', () => {
      const cache = new MemoryCache({ maxEntries: 3, clock: stoppedClock() });
      for (const key of ['a', 'b', 'c']) cache.set(key, key, 10);
      cache.get('a');
      cache.set('d', 'd', 10);
      expect([cache.get('a'), cache.get('b')]).toEqual(['a', undefined]);
    });

    it('keeps a client that is still counted while others come once', () => {
      const cache = new MemoryCache({ maxEntries: 10 });
      const limit = 5;
      let allowed = 0;
      for (let i = 0; i < 100; i++) {
        if (cache.hit('busy', window(0, limit)).allowed) allowed++;
        cache.hit(`once${String(i)}`, window(0, limit));
      }
      expect(allowed).toBe(limit);
    });
  });

  describe('a hit that is to be kept', () => {
    const kept = (now: number, limit = 1): Window => ({ ...window(now, limit), keep: true });

    it('is not forgotten, however many others come', () => {
      const cache = new MemoryCache({ maxEntries: 3, clock: stoppedClock() });
      expect(cache.hit('proof', kept(0)).allowed).toBe(true);
      for (let i = 0; i < 100; i++) {
        cache.hit(`a${String(i)}`, window(1));
        cache.set(`b${String(i)}`, i, 10);
      }
      expect(cache.hit('proof', kept(59))).toEqual({ allowed: false, count: 1, oldest: 0 });
    });

    it('fails where there is no room, until others have left their windows', () => {
      const cache = new MemoryCache({ maxEntries: 3 });
      for (const [now, key] of ['a', 'b', 'c'].entries()) expect(cache.hit(key, kept(now)).allowed).toBe(true);
      expect(() => cache.hit('d', kept(59.9))).toThrow('full of hits that must be kept');
      expect(['a', 'b', 'c'].map((key) => cache.hit(key, kept(59.9)).allowed)).toEqual([false, false, false]);
      expect(cache.hit('d', kept(60)).allowed).toBe(true);
      expect(() => cache.hit('e', kept(60))).toThrow('full of hits that must be kept');
      expect(cache.size).toBe(3);
    });

    it('leaves its room to others as soon as it may, if the last of its hits is old', () => {
      const cache = new MemoryCache({ maxEntries: 2 });
      cache.hit('a', kept(0, 2));
      cache.hit('b', kept(1, 2));
      cache.hit('a', kept(30, 2));
      expect(cache.hit('c', kept(61)).allowed).toBe(true);
      expect(cache.hit('a', kept(61, 1)).allowed).toBe(false);
    });

    it('takes no room from the others', () => {
      const cache = new MemoryCache({ maxEntries: 1 });
      cache.hit('proof', kept(0));
      expect(cache.hit('client', window(0, 1)).allowed).toBe(true);
      expect(cache.hit('client', window(0, 1)).allowed).toBe(false);
    });

    it('can be given back, deleted and cleared', () => {
      const cache = new MemoryCache();
      cache.hit('a', kept(0));
      cache.giveBack('a', 0);
      expect(cache.hit('a', kept(1))).toEqual({ allowed: true, count: 1, oldest: 1 });
      cache.delete('a');
      expect(cache.hit('a', kept(2))).toEqual({ allowed: true, count: 1, oldest: 2 });
      cache.clear();
      expect(cache.size).toBe(0);
    });
  });

  it('is not filled by clients whose made-up identities are long', () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const cache = new MemoryCache();
    const key = (i: number): string => Buffer.alloc(16_000, `client ${String(i)} `).toString('latin1');
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 2000; i++) cache.hit(key(i), window(0));
    collectGarbage();
    // 2000 keys of 16 kB would be 32 MB.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(4_000_000);
    expect(cache.size).toBe(2000);
    expect([cache.hit(key(7), window(1)).count, cache.hit(`${key(7)}!`, window(1)).count]).toEqual([2, 1]);
    cache.set(key(8), 'value', 10);
    expect(cache.get(key(8))).toBe('value');
    cache.delete(key(8));
    expect(cache.get(key(8))).toBeUndefined();
  });
});
