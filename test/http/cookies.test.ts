import { describe, expect, it } from '@jest/globals';
import { deletionCookie, livesFor, parseCookies, serializeCookie } from '../../src/http/cookies';

const now = 1_700_000_000_000;

describe('parseCookies', () => {
  // Recorded from django.http.parse_cookie.
  it.each<[string, Record<string, string>]>([
    ['a=1; b=2', { a: '1', b: '2' }],
    ['a=1; a=2', { a: '2' }],
    ['A=1; a=2', { A: '1', a: '2' }],
    ['a', { '': 'a' }],
    ['=v', { '': 'v' }],
    ['a=', { a: '' }],
    ['; ;a=1', { a: '1' }],
    [' a = 1 ;b=2', { a: '1', b: '2' }],
    ['a=b=c', { a: 'b=c' }],
    ['a=1,b=2', { a: '1,b=2' }],
    ['a="x y"', { a: 'x y' }],
    ['a="x;y"', { a: '"x', '': 'y"' }],
    ['a="', { a: '"' }],
    ['a="\\303\\251\\"\\\\"', { a: 'Ã©"\\' }],
    ['a="\\400\\12"', { a: '40012' }],
  ])('reads %j as Django does', (header, cookies) => {
    expect(Object.fromEntries(parseCookies(header))).toEqual(cookies);
  });

  it('reads the bytes of the wire as UTF-8', () => {
    expect(parseCookies(Buffer.from('a=é').toString('latin1')).get('a')).toBe('é');
    expect(parseCookies('a=\xe9').get('a')).toBe('\ufffd');
  });

  it('has no cookies without a header, and none that nobody sent', () => {
    expect(parseCookies(undefined).size).toBe(0);
    const cookies = parseCookies('__proto__=1; constructor=2');
    expect([...cookies.keys()]).toEqual(['__proto__', 'constructor']);
    expect(cookies.get('toString')).toBeUndefined();
  });
});

describe('serializeCookie', () => {
  // Recorded from HttpResponse.set_cookie, with the time standing still.
  it('writes the parts in the order of Django', () => {
    const session = { ...livesFor(1_209_600, now), httpOnly: true, sameSite: 'Lax' } as const;
    expect(serializeCookie('sessionid', 'abc', session)).toBe(
      'sessionid=abc; expires=Tue, 28 Nov 2023 22:13:20 GMT; HttpOnly; Max-Age=1209600; Path=/; SameSite=Lax',
    );
    const all = { ...session, ...livesFor(10, now), path: '/x', domain: '.example.com', secure: true } as const;
    expect(serializeCookie('a', 'b', { ...all, sameSite: 'Strict' })).toBe(
      'a=b; Domain=.example.com; expires=Tue, 14 Nov 2023 22:13:30 GMT; HttpOnly; Max-Age=10; Path=/x; SameSite=Strict; Secure',
    );
    expect(serializeCookie('a', '1', livesFor(-5, now))).toBe(
      'a=1; expires=Tue, 14 Nov 2023 22:13:15 GMT; Max-Age=-5; Path=/',
    );
    expect(serializeCookie('a', 'b', { path: null, sameSite: null })).toBe('a=b');
  });

  it.each([
    ['', 'a=""; Path=/'],
    ['x y;z,"q"\\ é\x01=/<>', 'a="x y\\073z\\054\\"q\\"\\\\ \\351\\001=/<>"; Path=/'],
    ['a\r\nSet-Cookie: b=1', 'a="a\\015\\012Set-Cookie: b=1"; Path=/'],
  ])('quotes the value %j', (value, cookie) => {
    expect(serializeCookie('a', value)).toBe(cookie);
    const [pair] = cookie.split('; Path');
    expect(parseCookies(pair).get('a')).toBe(value);
  });

  it('refuses what has no place in a header', () => {
    for (const name of ['', 'a b', 'a;b', 'a=b', 'é', 'a\n'])
      expect(() => serializeCookie(name, 'x')).toThrow(RangeError);
    for (const path of ['/;Secure', '/\r\nX: y', '/é'])
      expect(() => serializeCookie('a', 'x', { path })).toThrow(RangeError);
    expect(() => serializeCookie('a', 'x', { domain: 'a;b' })).toThrow(RangeError);
    expect(() => serializeCookie('a', '€')).toThrow(RangeError);
  });
});

describe('deletionCookie', () => {
  it('is the cookie by which Django has a browser forget (A-071)', () => {
    expect(deletionCookie('sessionid', { path: '/', domain: null, sameSite: 'Lax' })).toBe(
      'sessionid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax',
    );
    expect(deletionCookie('a', { domain: 'example.com', sameSite: 'None' })).toBe(
      'a=""; Domain=example.com; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=None; Secure',
    );
    expect(deletionCookie('__Host-a')).toBe(
      '__Host-a=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; Secure',
    );
  });
});
