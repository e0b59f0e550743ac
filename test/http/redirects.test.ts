import { describe, expect, it } from '@jest/globals';
import { isSafeRedirect } from 'sallyport';
import { toLocation } from '../../src/http/redirects';

const site = { host: 'testserver', secure: false };
const secureSite = { host: 'testserver', secure: true };

describe('a redirect', () => {
  it.each([
    '/view/?param=http://example.com',
    '/view/?param=https://example.com',
    '/view?param=ftp://example.com',
    'view/?param=//example.com',
    '//testserver/',
    'http://testserver/path',
    'https://testserver/',
    '/url%20with%20spaces/',
    '/fußgänger?ä=ö#ü',
    '?page=2',
    '#top',
    '.',
    ' /path ',
    'path',
  ])('to %j stays on the site (A-112)', (url) => {
    expect(isSafeRedirect(url, site)).toBe(true);
  });

  it.each([
    '',
    ' ',
    'http://example.com',
    'http:///example.com',
    'https://example.com',
    'ftp://example.com',
    '\\\\example.com',
    '\\\\\\example.com',
    '/\\\\/example.com',
    '\\\\\\example.com',
    '\\\\example.com',
    '\\\\//example.com',
    '/\\/example.com',
    '\\/example.com',
    '/\\example.com',
    'http:///example.com',
    'http:/\\//example.com',
    'http:\\/example.com',
    'http:/\\example.com',
    'javascript:alert("XSS")',
    '\njavascript:alert(x)',
    'java\nscript:alert(x)',
    '\x08//example.com',
    '\x00/path',
    '\u200b//example.com',
    'http://otherserver\\@example.com',
    'http:\\\\testserver\\@example.com',
    'http://testserver\\me:pass@example.com',
    'http://testserver@example.com',
    'http://me:pass@testserver@example.com',
    'http://testserver:81/',
    'http://testserver.example.com/',
    'http:\\\\testserver\\confirm\\me@example.com',
    'http:999999999',
    'ftp:9999999999',
    '///example.com',
    '////example.com',
    '/\t/example.com',
    '\t//example.com',
    '//example.com',
    '//testserver:80@example.com/',
    '//[::1]/',
    'http://[testserver/',
    'http://2001:cdba:0000:0000:0000:0000:3257:9652/',
    'data:text/html,x',
    'blob:http://testserver/x',
    'x'.repeat(2049),
  ])('to %j does not (A-112)', (url) => {
    expect(isSafeRedirect(url, site)).toBe(false);
  });

  it('from https leads to https alone (A-112)', () => {
    expect(isSafeRedirect('https://testserver/p', secureSite)).toBe(true);
    expect(isSafeRedirect('/view/?param=http://example.com', secureSite)).toBe(true);
    expect(isSafeRedirect('http://testserver/p', secureSite)).toBe(false);
    expect(isSafeRedirect('//testserver/p', secureSite)).toBe(false);
  });

  it('knows ports, and hosts that are no names', () => {
    expect(isSafeRedirect('http://testserver:8000/', { host: 'testserver:8000', secure: false })).toBe(true);
    expect(isSafeRedirect('http://testserver/', { host: 'testserver:8000', secure: false })).toBe(false);
    expect(isSafeRedirect('http://[::1]:8000/', { host: '[::1]:8000', secure: false })).toBe(true);
    expect(isSafeRedirect('/path', { host: '999.999.999.999', secure: false })).toBe(false);
  });
});

describe('the header Location', () => {
  it.each([
    ['/a b/ü?q=é#x', '/a%20b/%C3%BC?q=%C3%A9#x'],
    ['/100%25/%C3%BC%zz', '/100%25/%C3%BC%zz'],
    ['/[x]{y}', '/[x]%7By%7D'],
    ['/\r\nSet-Cookie: a=b', '/%0D%0ASet-Cookie:%20a=b'],
    ['/\ud800', '/%EF%BF%BD'],
    ['/\\evil', '/%5Cevil'],
  ])('has what a URI may hold, and escapes as they were: %j', (url, expected) => {
    expect(toLocation(url)).toBe(expected);
  });
});
