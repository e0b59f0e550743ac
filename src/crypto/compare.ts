import { timingSafeEqual } from 'node:crypto';

/**
 * Compares two texts in a time that depends on the length of `expected` alone, so that an attacker can't find a secret
 * character by character. The length of a secret is not itself secret.
 */
export function constantTimeEqual(given: string, expected: string): boolean {
  const right = Buffer.from(expected, 'utf8');
  const left = Buffer.from(given, 'utf8');
  if (left.length === right.length) return timingSafeEqual(left, right);
  timingSafeEqual(right, right);
  return false;
}
