import { isDeepStrictEqual } from 'node:util';
import type { Answer, Cookie } from './exchange';
import type { Expectation } from './scenarios';

/** What is wrong with an answer, a line for each difference; nothing when it is as expected. */
export function differences(expected: Expectation, actual: Answer): string[] {
  return [
    ...(expected.status === undefined ? [] : compareValue('status', expected.status, actual.status)),
    ...Object.entries(expected.headers ?? {}).flatMap(([name, want]) =>
      compareHeader(name, want, actual.headers.get(name.toLowerCase())),
    ),
    ...(expected.cookies === undefined ? [] : compareCookies(expected.cookies, actual.cookies)),
    ...compareBody(expected.body ?? {}, actual.body),
  ];
}

const show = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function compareValue(where: string, want: unknown, got: unknown): string[] {
  if (isMatcher(want)) return applyMatchers(where, want, got);
  if (Array.isArray(want)) {
    if (!Array.isArray(got) || got.length !== want.length) return [`${where}: ${show(got)} instead of ${show(want)}`];
    return want.flatMap((item, i) => compareValue(`${where}[${String(i)}]`, item, got[i]));
  }
  if (isObject(want)) {
    if (!isObject(got)) return [`${where}: ${show(got)} instead of ${show(want)}`];
    const keys = new Set([...Object.keys(want), ...Object.keys(got)]);
    return [...keys].flatMap((key) => {
      if (Object.hasOwn(want, key))
        return compareValue(`${where}.${key}`, want[key], Object.hasOwn(got, key) ? got[key] : undefined);
      return [`${where}.${key}: ${show(got[key])} should not be there`];
    });
  }
  return want === got ? [] : [`${where}: ${show(got)} instead of ${show(want)}`];
}

function matches(want: unknown, got: unknown): boolean {
  return compareValue('', want, got).length === 0;
}

/** What may stand in the place of a value. */
const MATCHERS: Readonly<Record<string, (argument: never, got: unknown) => boolean>> = {
  $any: (_argument, got) => got !== undefined,
  $match: (pattern: string, got) => typeof got === 'string' && new RegExp(pattern, 'su').test(got),
  $type: (type: string, got) => (got === null ? 'null' : Array.isArray(got) ? 'array' : typeof got) === type,
  $oneOf: (wants: readonly unknown[], got) => wants.some((want) => matches(want, got)),
  $unordered: (wants: readonly unknown[], got) => Array.isArray(got) && isPermutation(wants, got),
  $near: ([number, tolerance]: readonly [number, number], got) =>
    typeof got === 'number' && Math.abs(got - number) <= tolerance,
};

function isPermutation(wants: readonly unknown[], got: readonly unknown[]): boolean {
  const rest = [...got];
  for (const want of wants) {
    const at = rest.findIndex((item) => matches(want, item));
    if (at < 0) return false;
    rest.splice(at, 1);
  }
  return rest.length === 0;
}

function isMatcher(value: unknown): value is Readonly<Record<string, unknown>> {
  return isObject(value) && Object.keys(value).some((key) => key.startsWith('$'));
}

function applyMatchers(where: string, want: Readonly<Record<string, unknown>>, got: unknown): string[] {
  return Object.entries(want).flatMap(([name, argument]) => {
    const matcher = MATCHERS[name];
    if (matcher === undefined) throw new Error(`There is no matcher ${name}.`);
    return matcher(argument as never, got) ? [] : [`${where}: ${show(got)} instead of ${show({ [name]: argument })}`];
  });
}

/** Headers whose spelling may vary, brought into one form. */
const NORMAL_FORMS: Readonly<Record<string, (value: string) => unknown>> = {
  'content-type': normalContentType,
  allow: toSet,
  vary: toSet,
};

function compareHeader(name: string, want: unknown, got: string | undefined): string[] {
  if (want === null) return got === undefined ? [] : [`${name}: ${show(got)} should not be there`];
  if (typeof want !== 'string' || got === undefined) return compareValue(name, want, got);
  const normal = NORMAL_FORMS[name.toLowerCase()] ?? ((value: string) => value);
  return isDeepStrictEqual(normal(want), normal(got)) ? [] : [`${name}: ${show(got)} instead of ${show(want)}`];
}

function toSet(value: string): Set<string> {
  return new Set(
    value
      .split(',')
      .map((item) => item.trim().toLowerCase())
      .filter((item) => item !== ''),
  );
}

function normalContentType(value: string): string[] {
  const [type = '', ...params] = value.split(';').map((part) => part.trim());
  const normalParams = params.map((param) => {
    const [name = '', content = ''] = param.split(/=(.*)/s);
    const bare = content.trim().replace(/^"(.*)"$/, '$1');
    return `${name.trim().toLowerCase()}=${name.trim().toLowerCase() === 'charset' ? bare.toLowerCase() : bare}`;
  });
  return [type.toLowerCase(), ...normalParams];
}

function compareCookies(want: NonNullable<Expectation['cookies']>, got: ReadonlyMap<string, Cookie>): string[] {
  const unexpected = [...got.keys()]
    .filter((name) => !Object.hasOwn(want, name))
    .map((name) => `cookie ${name} should not be set`);
  return [
    ...unexpected,
    ...Object.entries(want).flatMap(([name, cookie]) => compareCookie(name, cookie, got.get(name))),
  ];
}

function compareCookie(
  name: string,
  want: Readonly<Record<string, unknown>> | null,
  got: Cookie | undefined,
): string[] {
  if (want === null) return got === undefined ? [] : [`cookie ${name} should not be set`];
  if (want['$optional'] === true) return [];
  if (got === undefined) return [`cookie ${name} should be set`];
  return Object.entries(want).flatMap(([attribute, value]) => {
    const where = `cookie ${name}, ${attribute}`;
    const actual = got[attribute];
    if (value === null) return actual === undefined ? [] : [`${where}: ${show(actual)} should not be there`];
    // The values of SameSite have no case.
    return attribute === 'samesite'
      ? compareValue(where, lower(value), lower(actual))
      : compareValue(where, value, actual);
  });
}

const lower = (value: unknown): unknown => (typeof value === 'string' ? value.toLowerCase() : value);

function compareBody(want: NonNullable<Expectation['body']>, got: Buffer): string[] {
  if (want.empty === true) return got.length === 0 ? [] : [`body: ${show(got.toString())} instead of nothing`];
  if (want.base64 !== undefined) return compareValue('body', want.base64, got.toString('base64'));
  if (want.text !== undefined) return compareValue('body', want.text, got.toString());
  if (!('json' in want)) return [];
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(got));
  } catch {
    return [`body: ${show(got.toString())} instead of the JSON ${show(want.json)}`];
  }
  return compareValue('body', want.json, value);
}
