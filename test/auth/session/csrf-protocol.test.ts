import { describe, expect, it } from '@jest/globals';
import { FixedRandom } from 'sallyport/testing';
import {
  createSecret,
  findFault,
  findRefererFault,
  isOriginTrusted,
  isTokenOf,
  isTrustedOriginValid,
  maskSecret,
  secretOf,
  unmaskToken,
} from '../../../src/auth/session/protocol/csrf';
import { systemRandom } from '../../../src/crypto/random';

const secret = 'abcdefghijklmnopqrstuvwxyzABCDEF';
const mask = 'ZYXWVUTSRQPONMLKJIHGFEDCBA987654';
const token = `${mask}ZZZZZZZZZZZZZZZZZZZZZZZZZZzzzzzz`; // recorded from Django

describe('tokens', () => {
  it('are secrets behind a mask (A-090)', () => {
    expect(unmaskToken(token)).toBe(secret);
    expect(maskSecret(secret, new FixedRandom())).toMatch(/^[a-zA-Z0-9]{64}$/);
    expect(unmaskToken(maskSecret(secret, systemRandom))).toBe(secret);
  });

  it('are others each time (A-090)', () => {
    const tokens = Array.from({ length: 20 }, () => maskSecret(secret, systemRandom));
    expect(new Set(tokens).size).toBe(20);
    expect(new Set(tokens.map((text) => text.slice(32))).size).toBe(20);
  });

  it('come from secrets that nobody can guess (A-089)', () => {
    const secrets = Array.from({ length: 20 }, () => createSecret(systemRandom));
    expect(new Set(secrets).size).toBe(20);
    for (const text of secrets) expect(text).toMatch(/^[a-zA-Z0-9]{32}$/);
  });

  it.each([
    [secret, secret],
    [token, secret],
    // Recorded from Django 3, whose cookies hold tokens.
    ['XEBDq6ramjyeiXBDKqRhkMeUbWUjiKb8QFCBkZhfnhrjl0rBInSamDgUcQRjeI6a', '3bb8430fb83fdd0887b3c1cab47a685c'],
    ['scyrxCQYbvJpQduRJWiIN7Nrtj98whoISD0U17mvJ4j0sQ8wpD0rxSzeh899yksN', 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef'],
  ])('%s stands for the secret %s (A-091)', (text, expected) => {
    expect(secretOf(text)).toBe(expected);
    expect(isTokenOf(expected, text)).toBe(true);
    expect(isTokenOf(createSecret(systemRandom), text)).toBe(false);
  });

  it.each([
    [secret, null],
    [token, null],
    ['', 'has incorrect length'],
    [secret.slice(1), 'has incorrect length'],
    [`${token}a`, 'has incorrect length'],
    [secret.replace('a', '-'), 'has invalid characters'],
    [token.replace('Z', 'é'), 'has invalid characters'],
  ])('%j: %j', (text, fault) => {
    expect(findFault(text)).toBe(fault);
  });
});

describe('origins', () => {
  const trusted = ['https://app.example.com', 'https://*.example.org', 'http://*.example.org:8080'];

  it.each([
    ['https://testserver', true],
    ['http://testserver', false],
    ['https://TESTSERVER', false],
    ['https://testserver:443', false],
    ['https://app.example.com', true],
    ['http://app.example.com', false],
    ['https://app.example.com:8443', false],
    ['https://x.app.example.com', false],
    ['https://a.example.org', true],
    ['https://a.b.example.org', true],
    ['https://example.org', true],
    ['https://evilexample.org', false],
    ['https://example.org.evil.example', false],
    ['http://a.example.org', false],
    ['http://a.example.org:8080', true],
    ['https://*.example.org', true], // a browser never says this
    ['null', false],
    ['', false],
    ['https://', false],
    ['https://[::1', false],
  ])('%j: %p (A-084)', (origin, expected) => {
    expect(isOriginTrusted(origin, 'https://testserver', trusted)).toBe(expected);
  });

  it('are not trusted because the site has none itself', () => {
    for (const origin of ['null', '', 'https://testserver']) expect(isOriginTrusted(origin, null, [])).toBe(false);
  });

  it('need a scheme to be trusted (A-087)', () => {
    for (const entry of ['https://example.com', 'http://*.example.com:8080', 'app://x'])
      expect(isTrustedOriginValid(entry)).toBe(true);
    for (const entry of ['example.com', '*.example.com', '//example.com', '', 'https:'])
      expect(isTrustedOriginValid(entry)).toBe(false);
  });
});

describe('the referer', () => {
  const trusted = ['https://app.example.com', 'https://*.example.org'];
  const elsewhere = (referer: string): string =>
    `Referer checking failed - ${referer} does not match any trusted origins.`;

  it.each<[string | undefined, string | null]>([
    [undefined, 'Referer checking failed - no Referer.'],
    ['', 'Referer checking failed - Referer is malformed.'],
    ['nonsense', 'Referer checking failed - Referer is malformed.'],
    ['//testserver/', 'Referer checking failed - Referer is malformed.'],
    ['https://', 'Referer checking failed - Referer is malformed.'],
    ['https://[::1/', 'Referer checking failed - Referer is malformed.'],
    ['http://testserver/', 'Referer checking failed - Referer is insecure while host is secure.'],
    ['https://testserver/page?a#b', null],
    ['https://testserver', null],
    ['https://app.example.com/x', null],
    ['https://a.example.org/', null],
    ['https://testserver:443/', elsewhere('https://testserver:443/')],
    ['https://TESTSERVER/', elsewhere('https://TESTSERVER/')],
    ['https://testserver@evil.example/', elsewhere('https://testserver@evil.example/')],
    ['https://testserver.evil.example/', elsewhere('https://testserver.evil.example/')],
    ['https://evil.example/?https://testserver/', elsewhere('https://evil.example/?https://testserver/')],
    ['HTTPS://evil.example/?#', elsewhere('https://evil.example/')],
    ['https://evil.example/?a?#', elsewhere('https://evil.example/?a?')],
    ['https://evil.example?#b?', elsewhere('https://evil.example#b?')],
  ])('%j: %j (A-086)', (referer, fault) => {
    expect(findRefererFault(referer, 'testserver', trusted)).toBe(fault);
  });

  it('may come from below a domain that shares the cookie (A-086)', () => {
    expect(findRefererFault('https://a.example.com/', '.example.com', [])).toBeNull();
    expect(findRefererFault('https://a.example.com/', 'example.com', [])).toBe(elsewhere('https://a.example.com/'));
  });

  it('is never that of a site without a host', () => {
    expect(findRefererFault('https://testserver/', null, [])).toBe(elsewhere('https://testserver/'));
  });
});
