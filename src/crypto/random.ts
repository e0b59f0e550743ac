import { randomBytes } from 'node:crypto';

/** Where the library takes its randomness; a setting, so that tests may inject their own. */
export interface RandomSource {
  /** `size` bytes that nobody can guess. */
  bytes(size: number): Buffer;
}

export const systemRandom: RandomSource = { bytes: (size) => randomBytes(size) };

const LETTERS_AND_DIGITS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** A text of `length` characters, each equally likely (Django's `get_random_string`). */
export function randomString(
  length: number,
  alphabet = LETTERS_AND_DIGITS,
  random: RandomSource = systemRandom,
): string {
  // Bytes above the largest multiple of the alphabet's size are drawn again: a plain modulo would favour its start.
  const limit = 256 - (256 % alphabet.length);
  let text = '';
  while (text.length < length) {
    for (const byte of random.bytes(length * 2)) {
      if (byte < limit && text.length < length) text += alphabet[byte % alphabet.length]!;
    }
  }
  return text;
}
