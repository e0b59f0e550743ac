/** DRF's words for what class-validator finds wrong (`rest_framework/fields.py`). */

/** Clients see the names of Python's types in DRF's texts. */
export function pythonType(value: unknown): string {
  if (value === null || value === undefined) return 'NoneType';
  if (Array.isArray(value)) return 'list';
  switch (typeof value) {
    case 'string':
      return 'str';
    case 'boolean':
      return 'bool';
    case 'number':
      return Number.isInteger(value) ? 'int' : 'float';
    case 'bigint':
      return 'int';
    default:
      return 'dict';
  }
}

/** One text about one value. */
export interface Failure {
  readonly text: string;
  readonly code: string;
}

/** What a text may name: the value, and the arguments of the decorator. */
export interface FailedConstraint {
  readonly value: unknown;
  readonly args: readonly unknown[];
}

interface Wording {
  readonly code: string;
  /** Null: the decorator's arguments don't fit DRF's text, so class-validator's own is used. */
  readonly text: (failed: FailedConstraint) => string | null;
}

const always = (text: string, code = 'invalid'): Wording => ({ code, text: () => text });
const withNumber = (text: string, code: string): Wording => ({
  code,
  text: ({ args }) => (typeof args[0] === 'number' ? text.replace('#', String(args[0])) : null),
});
const bounded = (text: string, code: string): Wording => ({
  code,
  text: ({ args }) =>
    typeof args[0] === 'number' || typeof args[0] === 'bigint' ? text.replace('#', String(args[0])) : null,
});

const EMAIL = always('Enter a valid email address.');
const DATE_TIME = always(
  'Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].',
);
const CHOICE: Wording = { code: 'invalid_choice', text: ({ value }) => `"${display(value)}" is not a valid choice.` };
const NUMBER = always('A valid number is required.');
const TOO_SHORT = 'Ensure this field has at least # characters.';
const TOO_LONG = 'Ensure this field has no more than # characters.';

const WORDINGS: Readonly<Record<string, Wording>> = {
  isString: always('Not a valid string.'),
  isBoolean: always('Must be a valid boolean.'),
  isInt: always('A valid integer is required.'),
  isNumber: NUMBER,
  isDecimal: NUMBER,
  isNumberString: NUMBER,
  isArray: { code: 'not_a_list', text: ({ value }) => `Expected a list of items but got type "${pythonType(value)}".` },
  isObject: {
    code: 'not_a_dict',
    text: ({ value }) => `Expected a dictionary of items but got type "${pythonType(value)}".`,
  },
  isDate: DATE_TIME,
  isDateString: DATE_TIME,
  isIso8601: DATE_TIME,
  isEmail: EMAIL,
  isUrl: always('Enter a valid URL.'),
  isUuid: always('Must be a valid UUID.'),
  isIp: always('Enter a valid IPv4 or IPv6 address.'),
  isIn: CHOICE,
  isEnum: CHOICE,
  matches: always('This value does not match the required pattern.'),
  isNotEmpty: always('This field may not be blank.', 'blank'),
  arrayNotEmpty: always('This list may not be empty.', 'empty'),
  arrayMinSize: withNumber('Ensure this field has at least # elements.', 'min_length'),
  arrayMaxSize: withNumber('Ensure this field has no more than # elements.', 'max_length'),
  minLength: withNumber(TOO_SHORT, 'min_length'),
  maxLength: withNumber(TOO_LONG, 'max_length'),
  isLength: {
    code: 'min_length',
    text: ({ value, args: [least, most] }) =>
      typeof value === 'string' && typeof most === 'number' && value.length > most
        ? TOO_LONG.replace('#', String(most))
        : TOO_SHORT.replace('#', String(least)),
  },
  min: bounded('Ensure this value is greater than or equal to #.', 'min_value'),
  max: bounded('Ensure this value is less than or equal to #.', 'max_value'),
};

/** A value of these is of the wrong type altogether: DRF says nothing else about it then. */
const TYPES: ReadonlySet<string> = new Set([
  'isString',
  'isBoolean',
  'isInt',
  'isNumber',
  'isArray',
  'isObject',
  'isDate',
  'nestedValidation',
]);

export function isTypeConstraint(name: string): boolean {
  return TYPES.has(name);
}

/** DRF's text and code for a failed decorator; null where DRF has no such field. */
export function wordingOf(name: string, failed: FailedConstraint): Failure | null {
  const wording = Object.hasOwn(WORDINGS, name) ? WORDINGS[name] : undefined;
  const text = wording?.text(failed) ?? null;
  return wording === undefined || text === null ? null : { text, code: wording.code };
}

function display(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (value === null || value === undefined) return 'None';
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : JSON.stringify(value);
}
