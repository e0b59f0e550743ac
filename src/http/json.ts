/** JSON as Python's encoder writes it, where `JSON.stringify` would differ. */

import { types } from 'node:util';
import { decodeBytes, UTF_8 } from './charset';

/** How JSON is written. */
export interface JSONStyle {
  /** Blanks per level; 0 for one line. */
  readonly indent: number;
  /** `,` and `:` without blanks (only where `indent` is 0). */
  readonly compact: boolean;
  /** Characters outside ASCII as `\uXXXX`. */
  readonly ascii: boolean;
  /** Whether NaN and the infinities are refused, as JSON wants. */
  readonly strict: boolean;
  /** What is written for an object that is neither an array nor a map. @default toPlain */
  readonly toPlain?: (value: object) => unknown;
}

/** As Python writes it for itself: no blanks, nothing outside ASCII, and NaN as a word of its own. */
export const PYTHON_STYLE: JSONStyle = Object.freeze({ indent: 0, compact: true, ascii: true, strict: false });

/**
 * Whether `JSON.stringify` writes the value as `writeJSON` would: plain objects, arrays, texts, booleans, null, and
 * numbers that are finite and not tiny. It is asked first since native code is several times faster than the writer below.
 *
 * @param isWritten whether an object of another prototype is written with its own members, and nothing stands for it
 */
export function isPlainJSON(value: unknown, isWritten: (value: object) => boolean = isNever): boolean {
  if (typeof value === 'object') return value === null || isPlainContainer(value, isWritten);
  if (typeof value === 'number') return Number.isFinite(value) && !isTiny(value);
  return typeof value === 'string' || typeof value === 'boolean';
}

const isNever = (): boolean => false;

/** Whether `toPlain` has nothing to say about an object, by what it looks at. */
export function isWrittenWhole(value: object): boolean {
  return !('toJSON' in value) && !(Symbol.iterator in value) && !types.isBoxedPrimitive(value);
}

/** A text with more to it, such as an error with its code, is written as the text. */
function isPlainText(value: object): boolean {
  return value instanceof String && value.toString === String.prototype.toString && !('toJSON' in value);
}

function isPlainContainer(value: object, isWritten: (value: object) => boolean): boolean {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (!isPlainJSON(value[i], isWritten)) return false;
    return true;
  }
  if (isPlainText(value)) return true;
  if (Object.getPrototypeOf(value) !== Object.prototype && !isWritten(value)) return false;
  for (const key in value) if (!isPlainJSON((value as Record<string, unknown>)[key], isWritten)) return false;
  return true;
}

/**
 * Writes a value to JSON. Big integers are written in full, maps as objects, and members that are `undefined` or
 * functions are left out, as in JavaScript; for other objects see `toPlain`.
 *
 * @throws RangeError for NaN and infinities when strict (a server error, as in DRF)
 * @throws TypeError for a map with keys that have no text form
 */
export function writeJSON(value: unknown, style: JSONStyle): string {
  return new Writer(style).write(value, '') ?? 'null';
}

class Writer {
  readonly #style: JSONStyle;
  readonly #colon: string;

  constructor(style: JSONStyle) {
    this.#style = style;
    this.#colon = style.indent === 0 && style.compact ? ':' : ': ';
  }

  /** @param margin the blanks that the line of the value begins with */
  write(input: unknown, margin: string): string | undefined {
    const value = this.#simplify(input);
    switch (typeof value) {
      case 'string':
        return this.#quote(value);
      case 'number':
        return this.#writeNumber(value);
      case 'boolean':
      case 'bigint':
        return String(value);
      case 'object':
        if (value === null) return 'null';
        return Array.isArray(value) ? this.#writeList(value, margin) : this.#writeObject(value, margin);
      default:
        return undefined;
    }
  }

  #simplify(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || types.isMap(value)) return value;
    const plain = (this.#style.toPlain ?? toPlain)(value);
    return plain === value ? value : this.#simplify(plain);
  }

  #writeNumber(value: number): string {
    if (this.#style.strict && !Number.isFinite(value)) {
      throw new RangeError(`Out of range float values are not JSON compliant: ${String(value)}`);
    }
    return numberText(value);
  }

  #writeList(list: readonly unknown[], margin: string): string {
    const inner = this.#deeper(margin);
    return this.#enclose(
      '[]',
      list.map((item) => this.write(item, inner) ?? 'null'),
      margin,
    );
  }

  #writeObject(object: object, margin: string): string {
    const inner = this.#deeper(margin);
    const entries: Iterable<[unknown, unknown]> = types.isMap(object) ? object : Object.entries(object);
    const members: string[] = [];
    for (const [key, item] of entries) {
      const text = this.write(item, inner);
      if (text !== undefined) members.push(`${this.#quote(keyText(key))}${this.#colon}${text}`);
    }
    return this.#enclose('{}', members, margin);
  }

  #deeper(margin: string): string {
    return margin + ' '.repeat(this.#style.indent);
  }

  #enclose(brackets: string, parts: readonly string[], margin: string): string {
    if (parts.length === 0) return brackets;
    const [open, close] = brackets;
    if (this.#style.indent === 0) return `${open!}${parts.join(this.#style.compact ? ',' : ', ')}${close!}`;
    const inner = this.#deeper(margin);
    return `${open!}\n${inner}${parts.join(`,\n${inner}`)}\n${margin}${close!}`;
  }

  #quote(text: string): string {
    const quoted = JSON.stringify(text);
    return this.#style.ascii ? quoted.replace(NOT_ASCII, escapeUnit) : escapeLineSeparators(quoted);
  }
}

/** Whether Python writes a number with an exponent that JavaScript writes without, or with one of one digit. */
function isTiny(value: number): boolean {
  return value < 0.0001 && value > -0.0001 && value !== 0;
}

/**
 * A number as Python writes it, down to `1e-05` where JavaScript has `0.00001`.
 *
 * Python writes floats from 10^16 with an exponent too, JavaScript from 10^21. All numbers in between are whole, and
 * whether one is meant as an integer can't be told. They are written in digits, as Python writes an integer: a client
 * that expects one may not read `1e+16`.
 */
function numberText(value: number): string {
  return isTiny(value) ? value.toExponential().replace(/-(\d)$/, '-0$1') : String(value);
}

function keyText(key: unknown): string {
  if (typeof key === 'string') return key;
  if (typeof key === 'number') return numberText(key);
  if (key === null || typeof key === 'boolean' || typeof key === 'bigint') return String(key);
  throw new TypeError('keys of a JSON object must be texts, numbers, booleans or null');
}

/**
 * What stands for an object that JSON doesn't know: the ISO 8601 text of a date, in UTC with `Z` and, where there are
 * any, six digits of the second; the UTF-8 text of bytes; what `toJSON` gives; the list of what can be iterated.
 * Any other object comes back as it is, and its own enumerable members are written.
 *
 * @throws UndecodableText for bytes that are no UTF-8
 * @throws RangeError for an invalid date
 */
export function toPlain(value: object): unknown {
  if (types.isDate(value)) return isoDate(value);
  if (types.isBoxedPrimitive(value)) return value.valueOf();
  // Before toJSON, since that of a Buffer is a list of numbers.
  if (types.isUint8Array(value)) return decodeBytes(value, UTF_8);
  if (hasToJSON(value)) return value.toJSON();
  if (Symbol.iterator in value) return [...(value as Iterable<unknown>)];
  return value;
}

function hasToJSON(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

function isoDate(date: Date): string {
  const text = date.toISOString(); // 2026-01-02T03:04:05.678Z
  const millis = text.slice(-4, -1);
  return millis === '000' ? `${text.slice(0, -5)}Z` : `${text.slice(0, -1)}000Z`;
}

// DEL is ASCII, but Python's encoder escapes it in this mode.
const NOT_ASCII = /[\u007f-\uffff]/g;
const escapeUnit = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** U+2028 and U+2029 end a line in JavaScript sources of old; DRF always escapes them. */
export function escapeLineSeparators(json: string): string {
  // `includes` answers at once for a text of one-byte characters, the usual case.
  if (!json.includes('\u2028') && !json.includes('\u2029')) return json;
  return json.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Whether lists and objects are nested deeper than `limit`. Looks at the text before it is parsed, so that a deep
 * body is refused before anything recursive meets it.
 */
export function isNestedDeeperThan(text: string, limit: number): boolean {
  // Most bodies have not even that many brackets, and native code finds them many times faster than the loop.
  if (countUpTo(limit + 1, text, '{') + countUpTo(limit + 1, text, '[') <= limit) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfQuoted(text, i);
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      if (++depth > limit) return true;
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth--;
  }
  return false;
}

function countUpTo(most: number, text: string, bracket: string): number {
  let count = 0;
  for (let at = text.indexOf(bracket); at >= 0 && count < most; at = text.indexOf(bracket, at + 1)) count++;
  return count;
}

function endOfQuoted(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) return i;
    if (code === BACKSLASH) i++;
  }
  return text.length;
}
