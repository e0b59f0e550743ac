import { describe, expect, it } from '@jest/globals';
import { DelimiterPadding } from '../../src/http/delimiter-padding';

/** What is left of a body that comes in pieces of a size. */
function strip(body: string, size: number): string {
  const padding = new DelimiterPadding('b');
  const bytes = Buffer.from(body, 'latin1');
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(...padding.push(bytes.subarray(at, at + size)));
  return Buffer.concat([...pieces, padding.end()]).toString('latin1');
}

describe('the blanks behind a delimiter', () => {
  it.each([
    ['--b \t\r\nA', '\r\n--b\r\nA'],
    ['--b\r\nA\r\n--b  \r\nB\r\n--b--', '\r\n--b\r\nA\r\n--b\r\nB\r\n--b--'],
    ['--b  --b \r\n', '\r\n--b  --b \r\n'],
    ['--b  x\r\n', '\r\n--b  x\r\n'],
    ['A --b \r\n', '\r\nA --b \r\n'],
    ['\r\n\r\r\n--\r\n--b\t\r\n\r', '\r\n\r\n\r\r\n--\r\n--b\r\n\r'],
    ['--b  ', '\r\n--b  '],
    ['--b \r', '\r\n--b \r'],
    ['', '\r\n'],
  ])('go, and nothing else: %j', (body, rest) => {
    for (let size = 1; size <= body.length + 1; size++) expect(strip(body, size)).toBe(rest);
  });

  it('are not held back for ever', () => {
    const padding = new DelimiterPadding('b');
    padding.push(Buffer.from('--b'));
    for (let i = 0; i < 100_000; i++) padding.push(Buffer.from(' '));
    expect(padding.end().length).toBeLessThan(200);
  });
});
