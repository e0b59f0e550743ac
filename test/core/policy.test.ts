import { describe, expect, it } from '@jest/globals';
import { chain, inOrder, isPromiseLike } from '../../src/core/policy';

describe('values that may be promises', () => {
  it('isPromiseLike knows promises and thenables', () => {
    const thenable = { then: () => undefined };
    const callable = Object.assign(() => undefined, { then: () => undefined });
    for (const value of [Promise.resolve(), thenable, callable] as PromiseLike<void>[])
      expect(isPromiseLike(value)).toBe(true);
    for (const value of [null, undefined, 0, '', 'then', {}, { then: 1 }, () => undefined, true, Symbol('x')]) {
      expect(isPromiseLike(value)).toBe(false);
    }
  });

  it('chain goes on at once with a plain value, and waits for a promise', async () => {
    expect(chain(1, (value) => value + 1)).toBe(2);
    expect(await chain(Promise.resolve(1), (value) => value + 1)).toBe(2);
    expect(await chain(1, (value) => Promise.resolve(value + 1))).toBe(2);
  });

  it('inOrder takes one after the other, and waits only where it must', async () => {
    const seen: number[] = [];
    const plain = inOrder([1, 2, 3], (item) => {
      seen.push(item);
    });
    expect([plain, seen]).toEqual([undefined, [1, 2, 3]]);
    const pending = inOrder([4, 5, 6, 7], async (item) => {
      await Promise.resolve();
      seen.push(item);
    });
    expect(seen).toEqual([1, 2, 3]);
    await pending;
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('inOrder stops at an error, thrown or rejected', async () => {
    const seen: number[] = [];
    const step = (item: number): Promise<void> | undefined => {
      seen.push(item);
      return item === 2 ? Promise.reject(new Error('two')) : undefined;
    };
    await expect(inOrder([1, 2, 3], step)).rejects.toThrow('two');
    expect(seen).toEqual([1, 2]);
    expect(() =>
      inOrder([1, 2], () => {
        throw new Error('one');
      }),
    ).toThrow('one');
  });
});
