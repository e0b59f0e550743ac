import * as validator from 'class-validator';
import { STRAIGHT } from '../../../src/core/validation/straight';
import type { Generator } from '../../support/generator';

/** What is asked about one constraint: arguments of its decorator, and values, as a generator makes them. */
interface Trial {
  readonly decorate: (...args: never[]) => PropertyDecorator;
  readonly args: (random: Generator) => unknown[];
  readonly value: (random: Generator) => unknown;
}

const LETTERS = [
  'a',
  'b',
  'Z',
  '0',
  '9',
  'é',
  'ſ',
  '\u212a',
  '中',
  '\u{1f600}',
  '\ufe0f',
  '\u200d',
  '\ud83d',
  '\ude00',
];
const SIGNS = [
  '.',
  '..',
  '-',
  '--',
  '_',
  '+',
  '@',
  '/',
  '//',
  ':',
  '?',
  '#',
  '&',
  '=',
  '%',
  '!',
  '"',
  '<',
  ' ',
  '\n',
  '\0',
];
const NO_TEXTS = [
  undefined,
  null,
  0,
  -0,
  NaN,
  Infinity,
  true,
  {},
  [],
  ['a'],
  ['a@b.co'],
  new String('a@b.co'),
  Symbol('a'),
];

/** Mostly one of the good ones. */
function mostly(random: Generator, good: readonly string[], odd: readonly string[]): string {
  return random.pick(random.below(12) === 0 ? odd : good);
}

function text(random: Generator, most: number): string {
  return random.list(most, () => random.pick(random.below(4) === 0 ? SIGNS : LETTERS)).join('');
}

/** What `make` makes, now and then with a mistake, very long, or no text at all. */
function value(random: Generator, make: (random: Generator) => string): unknown {
  const kind = random.below(40);
  const made = make(random);
  if (kind === 0) return random.pick(NO_TEXTS);
  if (kind === 1) return made + random.pick(LETTERS).repeat(10 ** random.below(4));
  if (kind < 6) return random.mutate(made, 1);
  return kind < 10 ? made.replace(/./su, text(random, 2)) : made;
}

function dotted(random: Generator, make: () => string): string {
  return [make(), ...random.list(2, make)].join(mostly(random, ['.'], ['..', '', ' . ', '@', '。']));
}

function mailbox(random: Generator): string {
  const odd = ['', '.', '"a b"', 'ä', 'a b', 'a!b', 'c'.repeat(64), 'd'.repeat(65)];
  return dotted(random, () => mostly(random, ['a', 'ann', 'A-1', 'x_y', 'b+c', '-', '12', 'b'.repeat(30)], odd));
}

function host(random: Generator): string {
  const odd = ['', '-a', 'b-', 'a_b', 'ö', '[1.2.3.4]', 'ａ', 'a'.repeat(62), 'b'.repeat(63), 'c'.repeat(64)];
  const labels = dotted(random, () => mostly(random, ['a', 'mail', 'EXAMPLE', 'xn--a', 'a-1', '1'], odd));
  const top = mostly(
    random,
    ['com', 'CH', 'museum'],
    ['c', 'c1', '1', '', 'xn--a', 'com.', 'c-m', 'ſſ', 'd'.repeat(64)],
  );
  return labels + mostly(random, ['.'], ['', '..']) + top;
}

function email(random: Generator): string {
  return mailbox(random) + mostly(random, ['@'], ['', '@@', ' @', '@a@']) + host(random);
}

function url(random: Generator): string {
  const protocol = mostly(
    random,
    ['http://', 'https://', 'HTTPS://'],
    ['ftp://', 'javascript://', 'http:/', '//', '', 'mailto:'],
  );
  const user = mostly(random, [''], ['ann@', 'ann:b@', '@', ':@', 'a:b:c@']);
  const port = mostly(random, [''], [':80', ':0', ':99999', ':', ':a']);
  const path = mostly(
    random,
    ['', '/', '/a/b.html?c=d%20&e#f'],
    ['?a=b', '#a', `/${text(random, 8)}`, `/${'a'.repeat(2084)}`],
  );
  return protocol + user + host(random) + port + path;
}

function options(random: Generator): unknown[] {
  const others = [{ require_tld: false }, { host_blacklist: ['a.com'] }, { host_whitelist: ['b.com'] }, null, 1];
  return random.below(3) === 0 ? [random.pick(others)] : random.pick([[], [undefined], [{}]]);
}

function limit(random: Generator): unknown {
  return random.pick([0, 1, 2, 3, 4, 5, 6, 64, -1, 1.5, NaN, Infinity, undefined, null, '2']);
}

const short = (random: Generator): unknown => value(random, () => text(random, 6));
const PATTERNS = [/^a/, /b$/i, /./, /./u, /a/g, /a/y, /^$/, /[^a]/s, /(?<!a)b/, 'a', '^a.b$'];

export const TRIALS: Readonly<Record<string, Trial>> = {
  isEmail: { decorate: validator.IsEmail, args: options, value: (random) => value(random, email) },
  isUrl: { decorate: validator.IsUrl, args: options, value: (random) => value(random, url) },
  isLength: { decorate: validator.Length, args: (random) => [limit(random), limit(random)], value: short },
  minLength: { decorate: validator.MinLength, args: (random) => [limit(random)], value: short },
  maxLength: { decorate: validator.MaxLength, args: (random) => [limit(random)], value: short },
  contains: {
    decorate: validator.Contains,
    args: (random) => [random.pick(['a', 'ab', '', '\ud83d', 1, null])],
    value: short,
  },
  matches: { decorate: validator.Matches, args: (random) => [random.pick(PATTERNS)], value: short },
};

/** The constraint that a decorator registers. */
export function constraintOf(decorate: PropertyDecorator): validator.ValidatorConstraintInterface {
  class Target {}
  decorate(Target.prototype, 'field');
  const storage = validator.getMetadataStorage();
  const [rule] = storage.getTargetValidationMetadatas(Target, '', false, false);
  return storage.getTargetValidatorConstraints(rule!.constraintCls)[0]!.instance;
}

function answerOf(instance: validator.ValidatorConstraintInterface, value: unknown, constraints: unknown[]): unknown {
  try {
    return instance.validate(value, { value, constraints, targetName: '', property: 'field', object: {} });
  } catch (error) {
    return error;
  }
}

export interface Yes {
  readonly args: readonly unknown[];
  readonly value: unknown;
  /** What class-validator says. */
  readonly theirs: unknown;
}

/** What the straight form of a constraint says yes to, of so many values for each of 60 uses of its decorator. */
export function* sureOnes(name: string, random: Generator, values: number): Iterable<Yes> {
  const trial = TRIALS[name]!;
  for (let use = 0; use < 60; use++) {
    const args = trial.args(random);
    const instance = constraintOf(trial.decorate(...(args as never[])));
    // Before class-validator is asked, which fills options in.
    const surely = STRAIGHT.get(name)!.make(args);
    for (let i = 0; i < values && surely !== undefined; i++) {
      const value = trial.value(random);
      if (surely(value)) yield { args, value, theirs: answerOf(instance, value, args) };
    }
  }
}
