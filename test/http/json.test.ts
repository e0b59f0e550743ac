import { describe, expect, it } from '@jest/globals';
import { isNestedDeeperThan, isPlainJSON, writeJSON, type JSONStyle } from '../../src/http/json';
import { InvalidJSON, readJSON } from '../../src/http/json-reader';
import { Generator } from '../support/generator';

function refusal(text: string, strict = true): string {
  try {
    readJSON(text, strict);
  } catch (error) {
    if (error instanceof InvalidJSON) return error.message;
    throw error;
  }
  throw new Error(`${JSON.stringify(text)} was read.`);
}

describe('reading JSON', () => {
  it.each([
    ['null', null],
    ['"text"', 'text'],
    ['-1.5e3', -1500],
    [' \t\r\n[1, {"a": true}] ', [1, { a: true }]],
    ['"\\u00e9\\ud83d\\ude00\\/\\b"', 'é😀/\b'],
    ['"\\ud800"', '\ud800'],
    ['{"a": 1, "a": 2}', { a: 2 }],
  ])('reads %j, whatever stands at the top (D-279)', (text, value) => {
    expect(readJSON(text)).toEqual(value);
  });

  // What Python 3.11 says.
  it.each([
    ['', 'Expecting value: line 1 column 1 (char 0)'],
    ['f00bar', 'Expecting value: line 1 column 1 (char 0)'],
    ['tru', 'Expecting value: line 1 column 1 (char 0)'],
    ['-', 'Expecting value: line 1 column 1 (char 0)'],
    ['[', 'Expecting value: line 1 column 2 (char 1)'],
    ['[1,]', 'Expecting value: line 1 column 4 (char 3)'],
    ['[1,\n 2,\n x]', 'Expecting value: line 3 column 2 (char 9)'],
    ['{', 'Expecting property name enclosed in double quotes: line 1 column 2 (char 1)'],
    ['{a:1}', 'Expecting property name enclosed in double quotes: line 1 column 2 (char 1)'],
    ['{"a":1,}', 'Expecting property name enclosed in double quotes: line 1 column 8 (char 7)'],
    ['{"a" 1}', "Expecting ':' delimiter: line 1 column 6 (char 5)"],
    ['{"a":1 "b":2}', "Expecting ',' delimiter: line 1 column 8 (char 7)"],
    ['[1 2]', "Expecting ',' delimiter: line 1 column 4 (char 3)"],
    ['1 2', 'Extra data: line 1 column 3 (char 2)'],
    ['{"a":1}{"b":2}', 'Extra data: line 1 column 8 (char 7)'],
    ['01', 'Extra data: line 1 column 2 (char 1)'],
    ['1.', 'Extra data: line 1 column 2 (char 1)'],
    ['"abc', 'Unterminated string starting at: line 1 column 1 (char 0)'],
    ['"abc\\', 'Unterminated string starting at: line 1 column 1 (char 0)'],
    ['{"a":"\t"}', 'Invalid control character at: line 1 column 7 (char 6)'],
    ['{"a":"\\x"}', 'Invalid \\escape: line 1 column 7 (char 6)'],
    ['{"a":"\\u12"}', 'Invalid \\uXXXX escape: line 1 column 8 (char 7)'],
    ['"\\u12', 'Invalid \\uXXXX escape: line 1 column 3 (char 2)'],
    ['["😀", x]', 'Expecting value: line 1 column 7 (char 6)'],
    ['\ufeff{}', 'Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)'],
  ])('refuses %j in the words of Python (D-277, D-280)', (text, message) => {
    expect(refusal(text)).toBe(message);
  });

  it('never quotes the text', () => {
    expect(refusal('{"password": hunter2}')).not.toContain('hunter2');
    expect(refusal('{"password": "hunter2\t"}')).not.toContain('hunter2');
  });

  it.each(['NaN', 'Infinity', '-Infinity'])('refuses %s when strict, else reads it (D-278)', (word) => {
    expect(refusal(word)).toBe(`Out of range float values are not JSON compliant: '${word}'`);
    expect(refusal(`[1, {"a": ${word}}]`)).toBe(`Out of range float values are not JSON compliant: '${word}'`);
    expect(readJSON(`[1, {"a": ${word}}]`, false)).toEqual([1, { a: Number(word) }]);
    expect(refusal(`${word}x`, false)).toBe(
      `Extra data: line 1 column ${String(word.length + 1)} (char ${String(word.length)})`,
    );
  });

  it('keeps all digits of integers beyond 2^53, and makes a bigint of no other number (D-279)', () => {
    const text = '{"a":[9007199254740991,9007199254740993,-9007199254740993,123456789012345678901234567890]}';
    expect(readJSON(text)).toEqual({
      a: [9007199254740991, 9007199254740993n, -9007199254740993n, 123456789012345678901234567890n],
    });
    const others = '[0.1234567890123456789, 1234567890123456789.5, 1234567890123456789e3, "1234567890123456789"]';
    expect(readJSON(others)).toEqual(JSON.parse(others));
  });

  it('refuses integers of more digits than Python reads (D-279)', () => {
    expect(readJSON('1'.repeat(4300))).toBe(BigInt('1'.repeat(4300)));
    expect(readJSON(`-${'1'.repeat(4300)}`)).toBe(-BigInt('1'.repeat(4300)));
    expect(refusal('1'.repeat(5000))).toBe(
      'Exceeds the limit (4300 digits) for integer string conversion: value has 5000 digits',
    );
  });

  it('takes a float beyond the largest for infinity, as Python does', () => {
    expect(readJSON('1e400')).toBe(Infinity);
    expect(readJSON('[1e400, 12345678901234567890]')).toEqual([Infinity, 12345678901234567890n]);
  });

  it.each(['', ', "n": 12345678901234567890'])('makes __proto__ a member like any other%s', (rest) => {
    const value = readJSON(`{"__proto__": {"admin": true}, "constructor": 1${rest}}`) as Record<string, unknown>;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value)).toEqual(expect.arrayContaining(['__proto__', 'constructor']));
    expect(value['admin']).toBeUndefined();
  });

  it('reads a text with a long number as it reads any other', () => {
    const rich = '{"a\\n": [[], {}, "", "\\"", {"b": -0.5e-2, "": null}], "c": false}';
    expect(readJSON(`[12345678901234567890, ${rich}]`)).toEqual([12345678901234567890n, JSON.parse(rich)]);
  });
});

describe('nesting', () => {
  it.each([
    ['[[1]]', 2, false],
    ['[[[1]]]', 2, true],
    ['{"a":{"b":[1]}}', 2, true],
    ['{"a":"[[[[[[","b":"\\"[[[["}', 1, false],
    ['[1],[2],[3],[4]', 1, false],
    ['"[[[[', 1, false],
  ])('of %s is more than %d: %s', (text, limit, deeper) => {
    expect(isNestedDeeperThan(text, limit)).toBe(deeper);
  });
});

const compact: JSONStyle = { indent: 0, compact: true, ascii: false, strict: true };
const write = (value: unknown, style: Partial<JSONStyle> = {}): string => writeJSON(value, { ...compact, ...style });

describe('writing JSON', () => {
  const sample = { a: 1, b: [1, { c: null }], d: {}, e: [] };

  it('separates by , and : alone, or with blanks, or on lines of their own (D-291)', () => {
    expect(write(sample)).toBe('{"a":1,"b":[1,{"c":null}],"d":{},"e":[]}');
    expect(write(sample, { compact: false })).toBe('{"a": 1, "b": [1, {"c": null}], "d": {}, "e": []}');
    expect(write(sample, { indent: 2 })).toBe(JSON.stringify(sample, null, 2));
    expect(write(sample, { indent: 2, compact: false })).toBe(JSON.stringify(sample, null, 2));
  });

  it('escapes control characters and the line separators, and nothing else (D-293)', () => {
    expect(write('é😀/<&\u007f\u2028\u2029\n\u0001"\\')).toBe('"é😀/<&\u007f\\u2028\\u2029\\n\\u0001\\"\\\\"');
  });

  it('escapes all outside of ASCII, and DEL, for a reader of ASCII (D-293)', () => {
    expect(write({ é: '😀\u007f/\u2028' }, { ascii: true })).toBe('{"\\u00e9":"\\ud83d\\ude00\\u007f/\\u2028"}');
  });

  it.each([NaN, Infinity, -Infinity])('refuses %d when strict, else writes it as Python does (D-294)', (number) => {
    expect(() => write([number])).toThrow(RangeError);
    expect(write([number], { strict: false })).toBe(`[${String(number)}]`);
  });

  it('keeps the order of members, and writes keys of maps that are numbers, booleans or null as text (D-295)', () => {
    const map = new Map<unknown, unknown>([
      ['z', 1],
      [2, 2],
      [true, 3],
      [null, 4],
      [5n, 5],
    ]);
    expect(write(map)).toBe('{"z":1,"2":2,"true":3,"null":4,"5":5}');
    expect(() => write(new Map([[{}, 1]]))).toThrow('keys of a JSON object');
    expect(() => write(new Map([[undefined, 1]]))).toThrow(TypeError);
  });

  it.each([
    ['2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.678000Z'],
    ['2026-01-02T03:04:05.000Z', '2026-01-02T03:04:05Z'],
    ['2026-01-02T05:04:05.001+02:00', '2026-01-02T03:04:05.001000Z'],
  ])('writes the moment %s in UTC, with the microseconds that there are (D-296)', (moment, text) => {
    expect(write(new Date(moment))).toBe(`"${text}"`);
  });

  it('writes what JSON does not know as DRF’s encoder does (D-296)', () => {
    function* numbers(): Iterable<number> {
      yield 1;
      yield 2;
    }
    expect(write(new Set(['a', 'b']))).toBe('["a","b"]');
    expect(write(numbers())).toBe('[1,2]');
    expect(write(new Float64Array([1, 2.5]))).toBe('[1,2.5]');
    expect(write(Buffer.from('Zoë'))).toBe('"Zoë"');
    expect(write(new Uint8Array([0x61]))).toBe('"a"');
    expect(write(12345678901234567890n)).toBe('12345678901234567890');
    expect(write(new URL('http://example.com/a?b'))).toBe('"http://example.com/a?b"');
    expect(write([new String('s'), new Number(1), new Boolean(false)])).toBe('["s",1,false]');
  });

  it('refuses bytes that are no text, and dates that are none', () => {
    expect(() => write(Buffer.from([0xff]))).toThrow("'utf-8' codec can't decode bytes");
    expect(() => write(new Date(NaN))).toThrow(RangeError);
  });

  it('writes what toJSON gives, and else the own enumerable members of an object', () => {
    class Point {
      readonly x = 1;
      readonly #secret = 2;
      get y(): number {
        return this.#secret;
      }
    }
    class Money {
      readonly cents = 150;
      toJSON(): unknown {
        return { amount: this.cents / 100, paid: new Date(0) };
      }
    }
    expect(write(new Point())).toBe('{"x":1}');
    expect(write([new Money()])).toBe('[{"amount":1.5,"paid":"1970-01-01T00:00:00Z"}]');
  });

  it('leaves out members that are undefined, functions or symbols; in a list they are null', () => {
    const gone = [undefined, (): void => undefined, Symbol('s')];
    expect(write({ a: gone[0], b: gone[1], c: gone[2], d: 1n })).toBe('{"d":1}');
    expect(write(gone)).toBe('[null,null,null]');
    expect(write(undefined)).toBe('null');
  });

  it('asks the given toPlain for every object that is neither an array nor a map', () => {
    const style = { toPlain: (value: object) => (value instanceof Date ? 'a date' : value) };
    expect(write({ a: [new Date(0)], b: new Map([['c', new Date(0)]]) }, style)).toBe(
      '{"a":["a date"],"b":{"c":"a date"}}',
    );
  });

  it.each([
    [{ a: [1, 'x', true, null, { b: 1.5 }] }, true],
    [[0, -0, 0.0001, -0.0001, 1e300], true],
    [{ a: NaN }, false],
    [[0.00001], false],
    [[-1e-7], false],
    [{ a: undefined }, false],
    [[() => 1], false],
    [1n, false],
    [new Date(0), false],
    [new (class Dto {})(), false],
    [Object.create(null), false],
  ])('knows what JSON.stringify would write as well: %j', (value, plain) => {
    expect(isPlainJSON(value)).toBe(plain);
    if (plain) expect(write(value)).toBe(JSON.stringify(value));
  });

  it('writes 1.0 and whole numbers as JavaScript does (D-297)', () => {
    expect(write([1.0, -0, 1e16, 1.5e20, 1e21, 1.25e300])).toBe(
      '[1,0,10000000000000000,150000000000000000000,1e+21,1.25e+300]',
    );
  });

  // What Python 3.11 writes.
  it.each([
    [0.0001, '0.0001'],
    [0.00012345, '0.00012345'],
    [0.00009999999999999999, '9.999999999999999e-05'],
    [0.00001, '1e-05'],
    [-0.000015, '-1.5e-05'],
    [1e-6, '1e-06'],
    [1e-7, '1e-07'],
    [-1.25e-9, '-1.25e-09'],
    [1e-10, '1e-10'],
    [2.2250738585072014e-308, '2.2250738585072014e-308'],
    [5e-324, '5e-324'],
  ])('writes %d as Python does, %s (D-297)', (number, text) => {
    expect(write([number])).toBe(`[${text}]`);
    expect(write(new Map([[number, 1]]))).toBe(`{"${text}":1}`);
    expect(readJSON(text)).toBe(number);
  });

  it('writes any fraction so that the same number is read, and not otherwise than by the fast way (D-297)', () => {
    const made = new Generator(20_261_128);
    for (let i = 0; i < 2000; i++) {
      const number = (made.below(2 ** 31) / 2 ** 31) * 10 ** -made.below(30);
      const text = write(number);
      expect(readJSON(text)).toBe(number);
      expect(text).toMatch(number < 0.0001 && number !== 0 ? /^\d(\.\d+)?e-\d{2,}$/ : /^0(\.\d+)?$/);
      if (isPlainJSON(number)) expect(text).toBe(JSON.stringify(number));
    }
  });
});
