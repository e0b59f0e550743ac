import { isPlainObject } from './plan';

/**
 * Whether a value is good beyond doubt. Where it says no, class-validator is asked: what is easily told of ordinary values
 * needn't be told of all.
 */
export type SureYes = (value: unknown) => boolean;

export interface Straight {
  /** Where class-validator has the decorator, below `class-validator/cjs/decorator/`. */
  readonly module: string;
  /** Undefined for arguments of the decorator that are out of the ordinary. */
  readonly make: (args: readonly unknown[]) => SureYes | undefined;
}

/** The constraints of class-validator that are dear and often used, by their names. Most others take ten nanoseconds. */
export const STRAIGHT: ReadonlyMap<string, Straight> = new Map<string, Straight>([
  ['isEmail', { module: 'string/IsEmail', make: ([options]) => byDefault(options, isOrdinaryEmail) }],
  ['isUrl', { module: 'string/IsUrl', make: ([options]) => byDefault(options, isOrdinaryUrl) }],
  ['isLength', { module: 'string/Length', make: ([min, max]) => hasLength(min, max) }],
  ['minLength', { module: 'string/MinLength', make: ([min]) => hasLength(min, undefined) }],
  ['maxLength', { module: 'string/MaxLength', make: ([max]) => hasLength(0, max) }],
  ['contains', { module: 'string/Contains', make: ([part]) => contains(part) }],
  ['matches', { module: 'string/Matches', make: ([pattern]) => matches(pattern) }],
]);

function byDefault(options: unknown, check: SureYes): SureYes | undefined {
  const isDefault = options === undefined || (isPlainObject(options) && Object.keys(options).length === 0);
  return isDefault ? check : undefined;
}

/** Nothing repeated here can take what follows it, so that no text takes longer than its length. */
const DOMAIN = String.raw`(?:[a-z\d]+(?:-+[a-z\d]+)*\.)+[a-z]{2,}`;
const EMAIL = new RegExp(String.raw`^[a-z\d_+-]+(?:\.[a-z\d_+-]+)*@${DOMAIN}$`, 'i');
const URL_WITH_HOST = new RegExp(String.raw`^https?://(?=[^/]{1,63}(?:/|$))${DOMAIN}(?:/[\w./~%?#&=+-]*)?$`, 'i');

/** The local part of an address may have that length, and each label of its domain one less. */
const SHORT_EMAIL = 64;
const SHORT_URL = 1024;

function isOrdinaryEmail(value: unknown): boolean {
  return typeof value === 'string' && value.length <= SHORT_EMAIL && EMAIL.test(value);
}

function isOrdinaryUrl(value: unknown): boolean {
  return typeof value === 'string' && value.length <= SHORT_URL && URL_WITH_HOST.test(value);
}

/** validator.js counts a pair of surrogates as one, and the selectors of a glyph's variation as its version has it. */
const COUNTED_APART = /[\uD800-\uDFFF]|[\uFE0E\uFE0F]/;

function hasLength(min: unknown, max: unknown): SureYes | undefined {
  if (!isLimit(min) || !isLimit(max)) return undefined;
  const [fewest, most] = [min ?? 0, max ?? Infinity];
  return (value) =>
    typeof value === 'string' &&
    value.length <= most &&
    value.length >= fewest &&
    (fewest <= 0 || !COUNTED_APART.test(value));
}

function isLimit(limit: unknown): limit is number | undefined {
  return limit === undefined || typeof limit === 'number';
}

function contains(part: unknown): SureYes | undefined {
  // An empty one is contained in texts of two characters and more, as validator.js splits them.
  if (typeof part !== 'string' || part === '') return undefined;
  return (value) => typeof value === 'string' && value.includes(part);
}

function matches(pattern: unknown): SureYes | undefined {
  // One that is global or sticky goes on from where it stopped.
  if (!(pattern instanceof RegExp) || pattern.global || pattern.sticky) return undefined;
  return (value) => typeof value === 'string' && pattern.test(value);
}
