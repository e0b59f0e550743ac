import { describe, expect, it } from '@jest/globals';
import { status } from 'sallyport';

describe('status', () => {
  it('D-336: has the constants of DRF, each with its number in its name', () => {
    const names = Object.keys(status).filter((name) => name.startsWith('HTTP_'));
    const codes = names.map((name) => Number(/^HTTP_(\d{3})_[A-Z_]+$/.exec(name)?.[1]));
    expect(names.map((name) => status[name as 'HTTP_200_OK'])).toEqual(codes);
    const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
    expect([...codes].sort()).toEqual([
      ...range(100, 103),
      ...range(200, 208),
      226,
      ...range(300, 308),
      ...range(400, 418),
      ...range(421, 426),
      428,
      429,
      431,
      451,
      ...range(500, 511),
    ]);
    expect([status.HTTP_203_NON_AUTHORITATIVE_INFORMATION, status.HTTP_418_IM_A_TEAPOT]).toEqual([203, 418]);
  });

  it.each([
    ['isInformational', 100],
    ['isSuccess', 200],
    ['isRedirect', 300],
    ['isClientError', 400],
    ['isServerError', 500],
  ] as const)('D-336: %s holds for the %ds', (name, from) => {
    const test = status[name];
    expect([from - 1, from, from + 99, from + 100].map((code) => test(code))).toEqual([false, true, true, false]);
  });
});
