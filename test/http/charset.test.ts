import { describe, expect, it } from '@jest/globals';
import { decodeBytes, encodeText, findCharset, UndecodableText } from '../../src/http/charset';

const decode = (hex: string, name: string): string => decodeBytes(Buffer.from(hex, 'hex'), findCharset(name)!);

describe('decoding', () => {
  it.each([
    ['c3bc', 'utf-8', 'ü'],
    ['c3bc', 'UTF8', 'ü'],
    ['efbbbf61', 'utf_8', '\ufeffa'],
    ['fc80', 'latin-1', 'ü\u0080'],
    ['fc80', 'ISO-8859-1', 'ü\u0080'],
    ['61', 'us-ascii', 'a'],
    ['fffe6100', 'utf-16', 'a'],
    ['feff0061', 'utf-16', 'a'],
    ['6100', 'utf16', 'a'],
    ['6100', 'utf-16-le', 'a'],
    ['0061', 'utf-16-be', 'a'],
    ['a4', 'iso-8859-15', '€'],
    ['8351', 'shift_jis', 'ゲ'],
  ])('D-276: the bytes %s in %s', (hex, name, text) => {
    expect(decode(hex, name)).toBe(text);
  });

  it.each([
    ['ff', 'utf-8'],
    ['c3', 'utf-8'],
    ['eda080', 'utf-8'],
    ['80', 'ascii'],
    ['00d8', 'utf-16'],
    ['61', 'utf-16-le'],
  ])('the bytes %s are no text in %s, and the error does not show them', (hex, name) => {
    expect(() => decode(hex, name)).toThrow(UndecodableText);
    expect(() => decode(hex, name)).toThrow(/^'[a-z0-9-]+' codec can't decode bytes$/);
  });

  it('D-276: a name that nobody knows is none', () => {
    for (const name of [
      '',
      'utf-7',
      'nonsense',
      'hex',
      'base64',
      '__proto__',
      'constructor',
      '\0',
      'x'.repeat(10_000),
    ]) {
      expect(findCharset(name)).toBeNull();
    }
  });

  it('reads only the bytes of a view into a larger buffer', () => {
    const large = Buffer.from('secret-public');
    expect(decodeBytes(large.subarray(7), findCharset('latin-1')!)).toBe('public');
    expect(decodeBytes(new Uint8Array(large).subarray(7), findCharset('ascii')!)).toBe('public');
  });
});

describe('encodeText', () => {
  it('leaves UTF-8 to the socket, and writes the others', () => {
    expect(encodeText('ü€', 'utf-8')).toBe('ü€');
    expect(encodeText('ü', 'ISO-8859-1')).toEqual(Buffer.from([0xfc]));
    expect(encodeText('a', 'ascii')).toEqual(Buffer.from('a'));
    expect(encodeText('a', 'utf-16')).toEqual(Buffer.from([0xff, 0xfe, 0x61, 0]));
  });

  it('refuses characters without a byte, and charsets that it cannot write', () => {
    for (const [text, charset] of [
      ['€', 'latin-1'],
      ['ü', 'ascii'],
      ['a', 'shift_jis'],
      ['a', 'nonsense'],
    ] as const) {
      expect(() => encodeText(text, charset)).toThrow(charset);
    }
  });
});
