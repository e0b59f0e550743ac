import { describe, expect, it } from '@jest/globals';
import { isAllowedHost, isSameDomain } from '../../src/http/hosts';

describe('isSameDomain', () => {
  it.each([
    ['example.com', 'example.com', true],
    ['example.com', 'EXAMPLE.com', true],
    ['Example.com', 'example.com', false],
    ['a.example.com', '.example.com', true],
    ['example.com', '.example.com', true],
    ['evilexample.com', '.example.com', false],
    ['a.example.com', 'example.com', false],
    ['example.com:8000', 'example.com', false],
    ['', '', false],
    ['example.com', '', false],
  ])('%j and the pattern %j: %p', (host, pattern, same) => {
    expect(isSameDomain(host, pattern)).toBe(same);
  });
});

describe('isAllowedHost', () => {
  it.each([
    ['api.example.com', true],
    ['API.example.com', true],
    ['api.example.com:8000', true],
    ['api.example.com.', true],
    ['other.example.com', false],
    ['deep.example.org', true],
    ['example.org', true],
    ['[::1]:8000', true],
    ['[::2]', false],
    ['', false],
    ['api.example.com@evil.example', false],
    ['api.example.com, evil.example', false],
    ['api.example.com:x', false],
    ['evil.example#.example.org', false],
  ])('%j: %p (A-088)', (host, allowed) => {
    expect(isAllowedHost(host, ['api.example.com', '.example.org', '[::1]'])).toBe(allowed);
  });

  it('takes any well-formed host for a star', () => {
    expect(isAllowedHost('anything.example', ['*'])).toBe(true);
    expect(isAllowedHost('not a host', ['*'])).toBe(false);
    expect(isAllowedHost('anything.example', [])).toBe(false);
  });
});
