import { describe, expect, it } from '@jest/globals';
import { decodePath, encodePath, pathOf, withoutOrigin } from '../../src/http/paths';

describe('decodePath', () => {
  it.each([
    ['/a/b', '/a/b'],
    ['/a%20b', '/a b'],
    ['/%C3%BC', '/ü'],
    ['/%c3%bc', '/ü'],
    [Buffer.from('/ü').toString('latin1'), '/ü'],
    // What is no UTF-8 stays an escape: asked of Django's `get_path_info`.
    ['/%FF%FE', '/%FF%FE'],
    ['/%ff', '/%FF'],
    ['/%C3x', '/%C3x'],
    ['/%E2%82', '/%E2%82'],
    ['/a%C3%A9%FF', '/aé%FF'],
    ['/\xc3%A9\xff', '/é%FF'],
    ['/%C0%AF', '/%C0%AF'],
    ['/%ED%A0%80', '/%ED%A0%80'],
    ['/%F4%90%80%80', '/%F4%90%80%80'],
    ['/%F4%8F%BF%BF%EF%BF%BD', '/\u{10ffff}\ufffd'],
    ['/%25FF', '/%FF'],
    ['/%', '/%'],
    ['/%4', '/%4'],
    ['/%zz%41', '/%zzA'],
    ['/%2541', '/%41'],
    ['/%00', '/\0'],
    ['/a+b', '/a+b'],
  ])('%j is %j', (path, decoded) => {
    expect(decodePath(path)).toBe(decoded);
  });
});

describe('encodePath', () => {
  it.each([
    ['/a b/ü', '/a%20b/%C3%BC'],
    ["/:@$&+,;='()*!~-._", "/:@$&+,;='()*!~-._"],
    ['/a?b#c%d\\e', '/a%3Fb%23c%25d%5Ce'],
    ['/a"<>|', '/a%22%3C%3E%7C'],
  ])('%j is %j, and back', (text, encoded) => {
    expect(encodePath(text)).toBe(encoded);
    expect(decodePath(encoded)).toBe(text);
  });
});

describe('the target of a request', () => {
  it.each([
    ['/a?b', '/a?b', '/a'],
    ['http://example.com/a?b', '/a?b', '/a'],
    ['HTTPS://user@example.com:8000/a', '/a', '/a'],
    ['http://example.com', '/', '/'],
    ['http://example.com?b=/c', '/?b=/c', '/'],
    ['//example.com/a', '//example.com/a', '//example.com/a'],
    ['/http://example.com/a', '/http://example.com/a', '/http://example.com/a'],
    ['*', '*', '*'],
  ])('%j', (target, rest, path) => {
    expect([withoutOrigin(target), pathOf(target)]).toEqual([rest, path]);
  });
});
