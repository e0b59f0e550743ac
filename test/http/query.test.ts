import { describe, expect, it } from '@jest/globals';
import { encodeQuery, parseQuery, QueryDict, TooManyFields } from '../../src/http/query';

const pairs = (text: string): unknown => [...parseQuery(text).lists()];

describe('parseQuery', () => {
  it.each([
    ['', []],
    ['a=1', [['a', ['1']]]],
    [
      'a=1&b=2&a=3',
      [
        ['a', ['1', '3']],
        ['b', ['2']],
      ],
    ],
    ['a', [['a', ['']]]],
    ['a=', [['a', ['']]]],
    ['=1', [['', ['1']]]],
    ['=', [['', ['']]]],
    ['&&a=1&', [['a', ['1']]]],
    ['a=1;b=2', [['a', ['1;b=2']]]],
    ['a=b=c', [['a', ['b=c']]]],
    ['a+b=c+d', [['a b', ['c d']]]],
    ['a=%2B%26%3D', [['a', ['+&=']]]],
    ['%C3%BC=%C3%BC', [['ü', ['ü']]]],
    ['a=%FF', [['a', ['\ufffd']]]],
    ['a=%', [['a', ['%']]]],
    ['a=%zz', [['a', ['%zz']]]],
    ['a=%C3%', [['a', ['\ufffd%']]]],
    ['__proto__=1', [['__proto__', ['1']]]],
    [
      'a[]=1&a[b]=2',
      [
        ['a[]', ['1']],
        ['a[b]', ['2']],
      ],
    ],
  ])('D-087: %j', (text, expected) => {
    expect(pairs(text)).toEqual(expected);
  });

  it('D-283: refuses more fields than it may have', () => {
    expect(parseQuery('a&b&c', 3).size).toBe(3);
    expect(() => parseQuery('a&a&a&a', 3)).toThrow(TooManyFields);
    expect(parseQuery('&&&&&&', 1).size).toBe(0);
  });

  it('reads escapes in the charset that it is told', () => {
    expect(parseQuery('a=%FC', Infinity, (bytes) => bytes.toString('latin1')).get('a')).toBe('ü');
  });
});

describe('QueryDict', () => {
  it('gives the last value, or all', () => {
    const query = new QueryDict([
      ['a', 1],
      ['b', 2],
      ['a', 3],
    ]);
    expect([query.get('a'), query.getlist('a'), query.get('c'), query.getlist('c'), query.size]).toEqual([
      3,
      [1, 3],
      undefined,
      [],
      2,
    ]);
    expect([[...query.keys()], [...query]]).toEqual([
      ['a', 'b'],
      [
        ['a', 3],
        ['b', 2],
      ],
    ]);
    expect([query.has('a'), query.has('__proto__'), query.get('constructor')]).toEqual([true, false, undefined]);
  });

  it('can be changed, and its lists are copies', () => {
    const query = new QueryDict([['a', '1']]);
    query.getlist('a').push('2');
    for (const [, values] of query.lists()) values.push('3');
    expect(query.getlist('a')).toEqual(['1']);
    query.setlist('a', ['4', '5']);
    query.append('a', '6');
    query.set('b', '7');
    expect([query.getlist('a'), query.delete('b'), query.delete('b')]).toEqual([['4', '5', '6'], true, false]);
    query.setlist('empty', []);
    expect([query.get('empty'), [...query], query.has('empty')]).toEqual([undefined, [['a', '6']], true]);
  });

  it('D-125: is written to JSON with the last value of each name, whatever the names are', () => {
    const text = JSON.stringify(parseQuery('a=1&a=2&__proto__=x&toString=y'));
    expect(text).toBe('{"a":"2","__proto__":"x","toString":"y"}');
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });
});

describe('encodeQuery', () => {
  it('D-333: sorts by name, and escapes as Python does', () => {
    const query = new QueryDict([
      ['b', 'ü &='],
      ['a', '2'],
      ['a', '1'],
      ["!'()*", '~-._'],
    ]);
    expect(encodeQuery(query)).toBe('%21%27%28%29%2A=~-._&a=2&a=1&b=%C3%BC+%26%3D');
    expect([...parseQuery(encodeQuery(query)).lists()].sort()).toEqual([...query.lists()].sort());
  });
});
