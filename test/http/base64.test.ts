import { describe, expect, it } from '@jest/globals';
import { decodeBase64 } from '../../src/http/base64';

describe('decodeBase64', () => {
  it('decodes what Node encodes', () => {
    for (let length = 0; length < 100; length++) {
      const bytes = Buffer.from(Array.from({ length }, (_, i) => (i * 89 + length * 7) % 256));
      expect(decodeBase64(bytes.toString('base64'))).toEqual(bytes);
    }
  });

  // Answers of Python's base64.b64decode.
  it.each([
    ['', ''],
    ['=', ''],
    ['-', ''],
    ['=!', ''],
    ['=  _', ''],
    ['=YWJj', '616263'],
    ['=-=Bb==', '05'],
    ['=-b9B=+', '6fd0'],
    ['=+/= =', 'fb'],
    ['+ ABb', 'f8005b'],
    ['+0!9 b', 'fb4f5b'],
    ['-9! _ 9A=', 'f7d0'],
    ['-a=_ /_9/', '6bff7f'],
    ['/=0=/= ', 'ff4f'],
    ['0a-0_!-B=', 'd1ad01'],
    ['9-=99-a', 'f7df5a'],
    ['9/0/', 'f7fd3f'],
    ['9b+-+=', 'f5bfbe'],
    ['aaB9!-', '69a07d'],
    ['b-B9=b!=+', '6c1f'],
    ['YQ==YWJj', '61'],
    ['YWI=!!!', '6162'],
    ['YQ=\n=', '61'],
    ['a', null],
    ['=a=', null],
    ['=+', null],
    ['=-b9', null],
    ['/A_', null],
    ['/=B', null],
    ['0=', null],
    ['0==_-9', null],
    ['9+A+=0a=0', null],
    [' BA!-', null],
    ['A ab_', null],
    ['Ba=', null],
    ['YW', null],
    ['YWI', null],
  ])('D-154: reads %j as Python does', (text, hex) => {
    expect(decodeBase64(text)?.toString('hex') ?? null).toBe(hex);
  });

  it('skips characters beyond one byte too', () => {
    expect(decodeBase64('Y\u20acWJ\u00e9j')?.toString()).toBe('abc');
  });
});
