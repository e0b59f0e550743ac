import { describe, expect, it } from '@jest/globals';
import { emailError, usernameError } from '../../src/cli/validation';

describe('names of users', () => {
  it.each(['ann', 'Ann.B+c@example-x.org', '名前', 'é_1', 'a'.repeat(150), '𝒶'.repeat(150)])(
    'may be %p (A-013)',
    (name) => {
      expect(usernameError(name)).toBeNull();
    },
  );

  it.each(['a b', 'a\n', 'a/b', '😀', ' ann'])('may not be %p (A-013)', (name) => {
    expect(usernameError(name)).toBe(
      'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.',
    );
  });

  it('are neither empty nor longer than the column', () => {
    expect(usernameError('')).toBe('Username cannot be blank.');
    expect(usernameError('a'.repeat(151))).toBe('Ensure this value has at most 150 characters (it has 151).');
  });
});

describe('addresses of users', () => {
  it.each([
    '',
    'ann@example.com',
    "o'ann+tag.x@mail.example.co",
    'ann@localhost',
    'ann@bücher.example',
    'a@b.cd',
    'A!#$%&*/=?^_`{|}~-@example.com',
  ])('may be %p', (email) => {
    expect(emailError(email)).toBeNull();
  });

  it.each([
    'ann',
    '@example.com',
    'ann@',
    'ann@example',
    'ann@example..com',
    'ann@-example.com',
    'ann@example.com-',
    '.ann@example.com',
    'ann.@example.com',
    'a nn@example.com',
    'ann@exam ple.com',
    'ann@example.com\n',
    'ann@@example.com',
    `ann@${'a'.repeat(64)}.com`,
  ])('may not be %p', (email) => {
    expect(emailError(email)).toBe('Enter a valid email address.');
  });

  it('fit into the column', () => {
    const labels = `${'a'.repeat(60)}.`.repeat(4);
    expect(emailError(`${'a'.repeat(6)}@${labels}com`)).toBeNull();
    expect(emailError(`${'a'.repeat(7)}@${labels}com`)).toBe(
      'Ensure this value has at most 254 characters (it has 255).',
    );
  });
});
