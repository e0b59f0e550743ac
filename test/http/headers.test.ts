import { describe, expect, it } from '@jest/globals';
import { headerValue, mergeVary, ResponseHeaders, splitOnAsciiWhitespace } from '../../src/http/headers';

describe('headerValue', () => {
  it('is one text, also of several values', () => {
    const headers = { a: '1', b: ['1', '2'], c: undefined };
    expect(['a', 'b', 'c', 'd'].map((name) => headerValue(headers, name))).toEqual(['1', '1, 2', undefined, undefined]);
  });
});

describe('splitOnAsciiWhitespace', () => {
  it.each([
    ['Token abc', ['Token', 'abc']],
    ['  Token \t abc\v\f ', ['Token', 'abc']],
    ['Token', ['Token']],
    ['', []],
    [' ', []],
    ['Token\u00a0abc', ['Token\u00a0abc']],
    ['Token\u2003abc', ['Token\u2003abc']],
    ['a b c', ['a', 'b', 'c']],
  ])('D-149: %j is %j', (text, parts) => {
    expect(splitOnAsciiWhitespace(text)).toEqual(parts);
  });
});

describe('mergeVary', () => {
  it.each([
    [null, 'Accept', 'Accept'],
    ['', 'Accept', 'Accept'],
    ['Cookie', 'Accept', 'Cookie, Accept'],
    ['cookie, ACCEPT', 'Accept, Origin', 'cookie, ACCEPT, Origin'],
    [' a ,, b ', 'c', 'a, b, c'],
    ['*', 'Accept', '*'],
    ['Accept', '*', '*'],
    ['a, *', 'b', '*'],
    [null, '', ''],
  ])('D-044: %j and %j make %j', (present, additions, merged) => {
    expect(mergeVary(present, additions)).toBe(merged);
  });
});

describe('ResponseHeaders', () => {
  it('keeps names as they were first written', () => {
    const headers = new ResponseHeaders([['X-A', '1']]);
    headers.append('x-a', '2');
    expect([...headers]).toEqual([['X-A', '1, 2']]);
    headers.set('x-a', '3');
    expect([...headers]).toEqual([['x-a', '3']]);
    expect(headers.size).toBe(1);
  });

  it('makes a copy of its own', () => {
    const first = new ResponseHeaders({ 'Set-Cookie': 'a=1' });
    const copy = new ResponseHeaders(first);
    copy.append('Set-Cookie', 'b=2');
    copy.set('X', '1');
    expect([...first]).toEqual([['Set-Cookie', 'a=1']]);
    expect(copy.get('set-cookie')).toBe('a=1, b=2');
  });

  it('knows no member of an object as a header', () => {
    const headers = new ResponseHeaders();
    expect([headers.get('__proto__'), headers.has('constructor')]).toEqual([null, false]);
  });
});
