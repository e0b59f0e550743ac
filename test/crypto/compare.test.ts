import { describe, expect, it } from '@jest/globals';
import { constantTimeEqual } from '../../src/crypto/compare';

describe('constantTimeEqual', () => {
  it('is true for the same text only', () => {
    expect(constantTimeEqual('secret', 'secret')).toBe(true);
    expect(constantTimeEqual('', '')).toBe(true);
    expect(constantTimeEqual('secreT', 'secret')).toBe(false);
  });

  it('is false for a part or an extension, and does not throw over the length', () => {
    expect(constantTimeEqual('secre', 'secret')).toBe(false);
    expect(constantTimeEqual('secrets', 'secret')).toBe(false);
    expect(constantTimeEqual('', 'secret')).toBe(false);
    expect(constantTimeEqual('secret', '')).toBe(false);
  });

  it('compares bytes of UTF-8, not UTF-16 units', () => {
    expect(constantTimeEqual('é', 'é')).toBe(true);
    expect(constantTimeEqual('é', 'e\u0301')).toBe(false);
    expect(constantTimeEqual('é', 'ab')).toBe(false);
  });
});
