import { describe, expect, it } from '@jest/globals';
import { randomString, systemRandom } from '../../src/crypto/random';

describe('randomString', () => {
  it('has the length and the alphabet that were asked for', () => {
    expect(randomString(22)).toMatch(/^[a-zA-Z0-9]{22}$/);
    expect(randomString(50, 'ab')).toMatch(/^[ab]{50}$/);
    expect(randomString(0)).toBe('');
  });

  it('differs from call to call', () => {
    expect(randomString(22)).not.toBe(randomString(22));
  });

  it('draws again where a byte would favour the start of the alphabet', () => {
    // 256 is 4 times 62 and 8: bytes from 248 up are no fair choice.
    const bytes = [248, 255, 247, 0, 61];
    const random = { bytes: (size: number) => Buffer.from(Array.from({ length: size }, (_, i) => bytes[i % 5]!)) };
    expect(randomString(3, undefined, random)).toBe('9a9');
  });
});

describe('systemRandom', () => {
  it('gives as many bytes as asked for', () => {
    expect(systemRandom.bytes(20)).toHaveLength(20);
    expect(systemRandom.bytes(20).equals(systemRandom.bytes(20))).toBe(false);
  });
});
