import { describe, expect, it } from '@jest/globals';
import * as validator from 'class-validator';
import { validated, ValidationError } from 'sallyport';
import { isBuiltIn } from '../../../src/core/validation/built-in';
import { STRAIGHT } from '../../../src/core/validation/straight';
import { Generator } from '../../support/generator';
import { constraintOf, sureOnes, TRIALS } from './trials';

type Validate = Parameters<typeof isBuiltIn>[0]['validate'];

describe('a constraint with a straight form', () => {
  it.each(Object.keys(TRIALS))('says yes to nothing that class-validator refuses: %s', (name) => {
    let yes = 0;
    for (const sure of sureOnes(name, new Generator(11), 50)) {
      yes++;
      expect(sure).toEqual({ ...sure, theirs: true });
    }
    // Else the comparison says little.
    expect(yes).toBeGreaterThan(250);
  });

  it.each([
    ['isEmail', [], 'someone@example.com'],
    ['isEmail', [{}], 'Ann.B-c+tag_1@mail-1.example.co.uk'],
    ['isUrl', [], 'https://www.example.com/a/b.html?c=d#e'],
    ['isUrl', [undefined], 'http://example.com'],
    ['isLength', [1, 5], 'abcde'],
    ['isLength', [2], 'ab'],
    ['minLength', [3], 'abc'],
    ['maxLength', [3], 'a\u{1f600}'],
    ['contains', ['b'], 'abc'],
    ['matches', [/^[a-z]+$/], 'abc'],
  ])('says yes to what is ordinary: %s(%p) to %p', (name, args, value) => {
    expect(STRAIGHT.get(name)!.make(args)!(value)).toBe(true);
  });

  it.each([
    ['minLength', [1], '\ufe0f'],
    ['isLength', [2, 5], 'a\u{1f600}'],
    ['contains', ['b'], 'a'],
    ['isEmail', [{}], '"ann"@example.com'],
    ['isUrl', [], 'http://ann@example.com'],
  ])('leaves to class-validator what is not: %s(%p) of %p', (name, args, value) => {
    expect(STRAIGHT.get(name)!.make(args)!(value)).toBe(false);
  });

  it('takes no longer than the text is long', () => {
    const isEmail = STRAIGHT.get('isEmail')!.make([])!;
    const isUrl = STRAIGHT.get('isUrl')!.make([])!;
    const started = process.cpuUsage().user;
    for (let i = 0; i < 1000; i++) {
      isEmail(`${'a.'.repeat(31)}@`);
      isEmail(`a@${'a-'.repeat(30)}`);
      isUrl(`http://${'a-a.'.repeat(250)}`);
      isUrl(`http://a.com/${'a'.repeat(1000)}!`);
    }
    expect(process.cpuUsage().user - started).toBeLessThan(1_000_000);
  });
});

describe('whether a constraint is class-validator’s own', () => {
  it.each(Object.entries(TRIALS))('is told of %s', (name, { decorate }) => {
    const instance = constraintOf(decorate(...([] as never[])));
    expect(isBuiltIn(instance, STRAIGHT.get(name)!.module)).toBe(true);
  });

  const builtIn = constraintOf(validator.IsEmail());
  const onlyOurs = (value: unknown): boolean => typeof value === 'string' && value.endsWith('@example.com');
  it.each<[what: string, validate: Validate]>([
    ['has its name', onlyOurs],
    [
      'reads its arguments',
      (value, args) => validator.isEmail(value, args?.constraints[0] as undefined) && onlyOurs(value),
    ],
    ['asks it, and then goes on', (value, args) => builtIn.validate(value, args) === true && onlyOurs(value)],
    ['doesn’t like to be asked without a value', (value) => onlyOurs((value as string).toLowerCase())],
    [
      'answers with a promise, and breaks it',
      async (value) => {
        await Promise.resolve();
        if (value === undefined) throw new Error('nothing to look at');
        return onlyOurs(value);
      },
    ],
  ])('is denied to one of the app that %s', async (_what, validate) => {
    const decorate = validator.ValidateBy({ name: 'isEmail', constraints: [undefined], validator: { validate } });
    expect(isBuiltIn(constraintOf(decorate), 'string/IsEmail')).toBe(false);

    class Colleague {
      email!: string;
    }
    decorate(Colleague.prototype, 'email');
    await expect(validated(Colleague, { email: 'ann@example.com' })).resolves.toEqual({ email: 'ann@example.com' });
    await expect(validated(Colleague, { email: 'ann@example.org' })).rejects.toBeInstanceOf(ValidationError);
  });

  it('leaves the app’s own way of writing stack traces alone', () => {
    const { prepareStackTrace, stackTraceLimit } = Error;
    const write = (): string => 'mine';
    Error.prepareStackTrace = write;
    try {
      expect(isBuiltIn(builtIn, 'string/IsEmail')).toBe(true);
      expect(Error.prepareStackTrace).toBe(write);
      expect(Error.stackTraceLimit).toBe(stackTraceLimit);
    } finally {
      Object.assign(Error, { prepareStackTrace });
    }
  });
});
