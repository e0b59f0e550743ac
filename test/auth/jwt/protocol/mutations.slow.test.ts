import { describe, expect, it } from '@jest/globals';
import { algorithmNames, JWTError } from '../../../../src/auth/jwt/protocol';
import { mutate, numbersFrom, signToken, verifyToken } from './support';

describe.each(algorithmNames)('%s', (name) => {
  it('refuses 10,000 mutated tokens, and nothing but its own error comes out', () => {
    const token = signToken(name, { token_type: 'access', user_id: '1', exp: 2000, iat: 900, jti: 'a1' });
    const random = numbersFrom(`10000 of ${name}`);
    const wrong: string[] = [];
    for (let i = 0; i < 10_000; i++) {
      const mutated = mutate(token, random);
      try {
        verifyToken(name, mutated);
        wrong.push(`accepted: ${mutated}`);
      } catch (error) {
        if (!(error instanceof JWTError)) wrong.push(`${String(error)}: ${mutated}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});
