import { describe, expect, it } from '@jest/globals';
import { mediaTypeMatches, parseMediaType, splitOutsideQuotes } from '../../src/http/media-types';

describe('parseMediaType', () => {
  it.each([
    ['application/json', 'application', 'json', [], 2],
    ['Application/JSON; Indent=4', 'application', 'json', [['indent', '4']], 3],
    ['a/b; q=0.5', 'a', 'b', [['q', '0.5']], 2],
    [
      'a/b;q=0.5;x=1',
      'a',
      'b',
      [
        ['q', '0.5'],
        ['x', '1'],
      ],
      3,
    ],
    ['a/b; x="y; z"', 'a', 'b', [['x', 'y; z']], 3],
    ['a/b; x="\\"y\\""', 'a', 'b', [['x', '"y"']], 3],
    ['a/b; flag', 'a', 'b', [], 2],
    ['a/b;;x=1', 'a', 'b', [['x', '1']], 3],
    ['a/*', 'a', '*', [], 1],
    ['*/*', '*', '*', [], 0],
    ['*/*; x=1', '*', '*', [['x', '1']], 0],
    ['garbage', 'garbage', '', [], 2],
    ['', '', '', [], 2],
    ['a/b/c', 'a', 'b/c', [], 2],
  ] as const)('D-264: %j', (text, mainType, subType, params, precedence) => {
    const parsed = parseMediaType(text);
    expect([parsed.mainType, parsed.subType, [...parsed.params], parsed.precedence]).toEqual([
      mainType,
      subType,
      params,
      precedence,
    ]);
    expect(parsed.full).toBe(text);
  });

  it('remembers some texts, and never grows with those that clients make up', () => {
    const first = parseMediaType('text/remembered');
    expect(parseMediaType('text/remembered')).toBe(first);
    for (let i = 0; i < 2000; i++) parseMediaType(`text/x${String(i)}`);
    expect(parseMediaType('text/remembered')).not.toBe(first);
    expect(parseMediaType('text/remembered')).toEqual(first);
  });
});

describe('mediaTypeMatches', () => {
  it.each([
    ['a/b', 'a/b', true],
    ['a/b', 'A/B; x=1', true],
    ['a/b; x=1', 'a/b', false],
    ['a/b; x=1', 'a/b; x=2', false],
    ['a/b; x=1', 'a/b; y=2; x=1', true],
    ['a/b; q=1', 'a/b', true],
    ['a/b', 'a/*', true],
    ['a/b', '*/*', true],
    ['*/*', 'c/d', true],
    ['a/*', 'a/c', true],
    ['a/*', 'b/c', false],
    ['a/b', 'a/c', false],
    ['a/b', 'garbage', false],
    ['a/b', '*', false],
    ['a/b', '', false],
  ])('D-266: %j is satisfied by %j: %p', (left, right, matches) => {
    expect(mediaTypeMatches(parseMediaType(left), parseMediaType(right))).toBe(matches);
  });
});

describe('splitOutsideQuotes', () => {
  it.each([
    ['a;b', ['a', 'b']],
    ['a="x;y";b', ['a="x;y"', 'b']],
    ['a="\\";";b', ['a="\\";"', 'b']],
    ['a="open;b', ['a="open;b']],
    ['', ['']],
    [';', ['', '']],
  ])('%j', (text, parts) => {
    expect(splitOutsideQuotes(text, ';')).toEqual(parts);
  });
});
