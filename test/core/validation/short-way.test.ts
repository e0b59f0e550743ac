import 'reflect-metadata';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Expose, Transform, Type } from 'class-transformer';
import * as validator from 'class-validator';
import {
  Allow,
  ArrayContains,
  ArrayMaxSize,
  ArrayMinSize,
  ArrayNotEmpty,
  ArrayUnique,
  Contains,
  Equals,
  IsArray,
  IsBoolean,
  IsDate,
  IsDateString,
  IsDefined,
  IsEmail,
  IsEmpty,
  IsEnum,
  IsIn,
  IsInt,
  IsNegative,
  IsNotEmpty,
  IsNotIn,
  IsNumber,
  IsObject,
  IsOptional,
  IsPositive,
  IsString,
  IsUrl,
  IsUUID,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  NotContains,
  NotEquals,
  ValidateBy,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { validated, ValidationError, type ValidationOptions } from 'sallyport';
import { Generator } from '../../support/generator';

type Dto = new () => object;
type Decorate = (prototype: object, name: string) => void;

/** A validator of the app's own, which never refuses: a class that has it takes the long way. */
const longWay = (): Decorate => ValidateBy({ name: 'appOwn', validator: { validate: () => true } });

enum Numbers {
  a,
  b,
}

const decorators: readonly ((options: object) => Decorate)[] = [
  (options) => IsString(options),
  (options) => IsInt(options),
  (options) => IsNumber({}, options),
  (options) => IsNumber({ allowNaN: true, allowInfinity: true, maxDecimalPlaces: 1 }, options),
  (options) => IsPositive(options),
  (options) => IsNegative(options),
  (options) => IsBoolean(options),
  (options) => IsArray(options),
  (options) => IsObject(options),
  (options) => IsEmail({}, options),
  (options) => IsEmail(undefined, options),
  (options) => IsEmail({ require_tld: false }, options),
  (options) => IsUrl({}, options),
  (options) => IsUUID('all', options),
  (options) => IsDateString({}, options),
  (options) => IsIn(['a', 1, null], options),
  (options) => IsNotIn(['b', 0], options),
  (options) => IsEnum({ a: 'a', b: 2 }, options),
  (options) => IsEnum(Numbers, options),
  (options) => Equals('a', options),
  (options) => NotEquals('b', options),
  (options) => Contains('a', options),
  (options) => NotContains('b', options),
  (options) => IsNotEmpty(options),
  (options) => IsEmpty(options),
  (options) => IsDefined(options),
  (options) => MinLength(1, options),
  (options) => MinLength(2, options),
  (options) => MaxLength(3, options),
  (options) => Length(1, 2, options),
  (options) => Length(2, undefined, options),
  (options) => Matches(/^[a-c]/, options),
  (options) => Matches(/a/g, options),
  (options) => Matches('^B', 'i', options),
  (options) => Min(0, options),
  (options) => Max(5, options),
  (options) => ArrayNotEmpty(options),
  (options) => ArrayMinSize(1, options),
  (options) => ArrayMaxSize(2, options),
  (options) => ArrayContains(['a'], options),
  (options) => ArrayUnique(options),
  () => Allow(),
  () => IsOptional(),
  () => ValidateIf((object: object) => 'b' in object),
];

const NAMES = ['a', 'b', 'c', 'd'];
const OPTIONS: readonly object[] = [
  {},
  {},
  { each: true },
  { message: 'no: $value' },
  { groups: ['x'] },
  { always: true },
];
const TYPES = [Number, String, Boolean, Date];

/** The same class twice: one that may take the short way, one that can't. */
function classes(random: Generator, depth = 0): readonly [short: Dto, long: Dto] {
  const defaults: Record<string, unknown> = {};
  if (random.below(5) === 0) defaults[random.pick([...NAMES, 'undeclared'])] = random.pick(['a', 1, [], undefined]);
  const make = (): Dto =>
    class {
      constructor() {
        Object.assign(this, defaults);
      }
    };
  const pair = [make(), make()] as const;
  const decorate = (name: string, decorate: Decorate): void => {
    for (const { prototype } of pair) decorate(prototype as object, name);
  };
  for (const name of NAMES.slice(0, 1 + random.below(NAMES.length))) {
    for (let count = 1 + random.below(3); count > 0; count--) {
      decorate(name, random.pick(decorators)(random.pick(OPTIONS)));
    }
    if (depth < 2 && random.below(4) === 0) {
      const inner = classes(random, depth + 1);
      decorate(name, ValidateNested(random.pick(OPTIONS)));
      pair.forEach(({ prototype }, at) => {
        (Type(() => inner[at]!) as Decorate)(prototype as object, name);
      });
    } else if (random.below(8) === 0) {
      const type = random.pick(TYPES);
      decorate(
        name,
        Type(() => type),
      );
    }
  }
  longWay()(pair[1].prototype as object, NAMES[0]!);
  return pair;
}

const SCALARS: readonly unknown[] = [
  ...['a', 'b', '', 'abcd', 'a@example.com', 'a..b@example', 'https://example.com/a', '2026-01-02', 'true'],
  ...['123e4567-e89b-42d3-a456-426614174000', '\u{1f600}', 'a\ufe0f', '\ud83d', 'a'.repeat(300)],
  ...[0, 1, 4, 7, -0, -1, 1.5, 1.25, 1e21, NaN, Infinity, true, false, null, undefined],
];

function value(random: Generator, depth: number): unknown {
  const kind = random.below(10);
  if (kind < 6 || depth > 3) return random.pick(SCALARS);
  if (kind === 6 && random.below(8) === 0) return Array(2);
  if (kind < 8) return Array.from({ length: random.below(3) }, () => value(random, depth + 1));
  return body(random, depth + 1);
}

function body(random: Generator, depth = 0): Record<string, unknown> {
  const names = [...NAMES, ...NAMES, ...NAMES, 'undeclared', 'toString', 'constructor'];
  const pairs = Array.from({ length: random.below(6) }, () => [random.pick(names), value(random, depth)] as const);
  return Object.fromEntries(pairs);
}

/** What `validated` says, in a form that can be compared; the classes of a pair count as one. */
async function outcome(Dto: Dto, data: object, options: ValidationOptions): Promise<unknown> {
  try {
    return { accepted: shape(await validated(Dto, data, options)) };
  } catch (error) {
    if (!(error instanceof ValidationError)) return { thrown: String(error) };
    return { refused: error.getFullDetails() };
  }
}

function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (value instanceof Date) return ['date', String(value)];
  if (typeof value !== 'object' || value === null) return value;
  const isPlain = Object.getPrototypeOf(value) === Object.prototype;
  return [isPlain ? 'plain' : 'instance', Object.entries(value).map(([name, member]) => [name, shape(member)])];
}

const longWayTaken = (): jest.Spied<typeof validator.validate> => jest.spyOn(validator, 'validate');

afterEach(() => {
  jest.restoreAllMocks();
});

describe('the short way of validated()', () => {
  it('says what class-validator and class-transformer say, of generated classes and bodies', async () => {
    const random = new Generator(7);
    const taken = longWayTaken();
    let [bodies, accepted, short] = [0, 0, 0];
    for (let round = 0; round < 120; round++) {
      const [mayBeShort, long] = classes(random);
      for (let i = 0; i < 25; i++) {
        const data = body(random);
        const options = { partial: random.below(3) === 0, forbidUnknown: random.below(4) === 0 };
        const expected = await outcome(long, structuredClone(data), options);
        taken.mockClear();
        const told = await outcome(mayBeShort, structuredClone(data), options);
        bodies++;
        if (JSON.stringify(expected).startsWith('{"accepted"')) accepted++;
        if (taken.mock.calls.length === 0) short++;
        expect([told, data, options]).toEqual([expected, data, options]);
      }
    }
    // Else the comparison says little.
    expect(bodies).toBe(3000);
    expect(accepted).toBeGreaterThan(300);
    expect(short).toBeGreaterThan(150);
  });

  it.each([{}, { each: true }])('says what class-validator says, of each constraint and value: %p', async (options) => {
    const values = [...SCALARS, ...SCALARS.map((scalar) => [scalar, scalar]), [], [1, 'a'], {}, { a: 1 }, Array(2)];
    let accepted = 0;
    for (const make of decorators) {
      const [short, long] = [class {}, class {}];
      const decorate = make(options);
      for (const { prototype } of [short, long]) decorate(prototype, 'a');
      longWay()(long.prototype, 'a');
      for (const a of values) {
        const [told, expected] = [await outcome(short, { a }, {}), await outcome(long, { a }, {})];
        if (JSON.stringify(expected).startsWith('{"accepted"')) accepted++;
        expect([told, a]).toEqual([expected, a]);
      }
    }
    expect(accepted).toBeGreaterThan(600);
  });

  class Inner {
    @IsString()
    label!: string;
  }
  class Item {
    @IsString()
    @MaxLength(100)
    title!: string;
    @IsArray()
    @IsString({ each: true })
    tags!: string[];
    @ValidateNested({ each: true })
    @Type(() => Inner)
    inner!: Inner[];
    @IsOptional()
    @Type(() => Date)
    @IsDate()
    due?: Date;
  }
  const good = { title: 'a', tags: ['x'], inner: [{ label: 'l', more: 1 }], due: '2026-01-02' };

  it('is taken by a good body, and leaves out what is not declared', async () => {
    const taken = longWayTaken();
    const item = await validated(Item, { ...good, admin: true });
    expect(taken).not.toHaveBeenCalled();
    expect(item).toBeInstanceOf(Item);
    expect(item.inner[0]).toBeInstanceOf(Inner);
    expect(JSON.stringify(item)).toBe(
      '{"title":"a","tags":["x"],"inner":[{"label":"l"}],"due":"2026-01-02T00:00:00.000Z"}',
    );
  });

  it('shares nothing with the body', async () => {
    class Free {
      @IsObject()
      options!: { list: number[] };
    }
    const data = { options: { list: [1] } };
    const free = await validated(Free, data);
    data.options.list.push(2);
    expect(free.options).toEqual({ list: [1] });
  });

  it.each([
    ['a validator of the app’s own', longWay()],
    ['@Transform', Transform(({ value }: { value: unknown }) => value) as Decorate],
    ['@Expose', Expose() as Decorate],
  ])('is closed to a class with %s', async (_what, decorate) => {
    class Special {
      @IsString()
      title!: string;
    }
    decorate(Special.prototype, 'title');
    const taken = longWayTaken();
    expect({ ...(await validated(Special, { title: 'a' })) }).toEqual({ title: 'a' });
    expect(taken).toHaveBeenCalledTimes(1);
  });

  it('asks an asynchronous validator that has the name of a built-in one, and waits for it', async () => {
    class Special {
      @ValidateBy({ name: 'isString', validator: { validate: async (text) => Promise.resolve(text === 'a') } })
      title!: string;
    }
    expect({ ...(await validated(Special, { title: 'a' })) }).toEqual({ title: 'a' });
    await expect(validated(Special, { title: 'b' })).rejects.toBeInstanceOf(ValidationError);
  });

  it('calls no setter that the other way would not call, and misses none', async () => {
    class Named {
      @IsString()
      first!: string;
      set full(text: string) {
        this.first = text;
      }
    }
    expect({ ...(await validated(Named, { full: 'Ann' })) }).toEqual({ first: 'Ann' });
  });

  it('knows a class that refers to itself', async () => {
    class Node {
      @IsString()
      name!: string;
      @IsOptional()
      @ValidateNested({ each: true })
      @Type(() => Node)
      children?: Node[];
    }
    const taken = longWayTaken();
    const tree = await validated(Node, { name: 'a', children: [{ name: 'b', children: [{ name: 'c' }] }] });
    expect(taken).not.toHaveBeenCalled();
    expect(tree.children?.[0]?.children?.[0]).toBeInstanceOf(Node);
    await expect(validated(Node, { name: 'a', children: [{ name: 1 }] })).rejects.toBeInstanceOf(ValidationError);
  });
});
