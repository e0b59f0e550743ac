/** JSON as Python's encoder writes it, where `JSON.stringify` would differ. */

/** A value that is written as it stands in its text form: a decimal, or an integer beyond 2^53. */
interface JSONStyle {
  /** Blanks per level; 0 for one line. */
  readonly indent: number;
  /** `,` and `:` without blanks (only where `indent` is 0). */
  readonly compact: boolean;
  /** Characters outside ASCII as `\uXXXX`. */
  readonly ascii: boolean;
  /** Whether NaN and the infinities are refused, as JSON wants. */
  readonly strict: boolean;
}

/**
 * Whether `JSON.stringify` writes the value as Python would: plain objects, arrays, texts, finite numbers, booleans
 * and null. It is asked first since native code is several times faster than the writer below.
 */
export function isPlainJSON(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (!isPlainJSON(value[i])) return false;
    return true;
  }
  // Texts of errors are String objects, which native code writes as their text.
  if (Object.getPrototypeOf(value) !== Object.prototype) return value instanceof String;
  for (const key in value) if (!isPlainJSON((value as Record<string, unknown>)[key])) return false;
  return true;
}

/**
 * Writes a value to JSON. Dates are ISO 8601 in UTC with `Z` and, when there are any, six digits of the second;
 * big integers are written in full; maps are objects; sets and other iterables are lists; bytes are UTF-8 text.
 * Members that are `undefined` or functions are left out, as in JavaScript.
 *
 * @throws RangeError for NaN and infinities when strict (a server error, as in DRF)
 * @throws TypeError for what has no JSON form
 */
export function writeJSON(value: unknown, style: JSONStyle): string {
  return write(value, style, '') ?? 'null';
}

function write(input: unknown, style: JSONStyle, margin: string): string | undefined {
  const value = simplify(input);
  switch (typeof value) {
    case 'string':
      return quote(value, style.ascii);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'bigint':
      return value.toString();
    case 'number':
      return writeNumber(value, style.strict);
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? writeList(value, style, margin) : writeObject(value, style, margin);
    default:
      return undefined;
  }
}

function writeNumber(value: number, strict: boolean): string {
  if (Number.isFinite(value)) return String(value);
  if (strict) throw new RangeError(`Out of range float values are not JSON compliant: ${String(value)}`);
  return String(value);
}

function writeList(list: readonly unknown[], style: JSONStyle, margin: string): string {
  const inner = margin + ' '.repeat(style.indent);
  return enclose(
    '[',
    list.map((item) => write(item, style, inner) ?? 'null'),
    ']',
    style,
    margin,
  );
}

function writeObject(object: object, style: JSONStyle, margin: string): string {
  const inner = margin + ' '.repeat(style.indent);
  const colon = style.indent === 0 && style.compact ? ':' : ': ';
  const parts: string[] = [];
  const entries: Iterable<[unknown, unknown]> =
    object instanceof Map ? (object as Map<unknown, unknown>) : Object.entries(object);
  for (const [key, item] of entries) {
    const text = write(item, style, inner);
    if (text !== undefined) parts.push(`${quote(keyText(key), style.ascii)}${colon}${text}`);
  }
  return enclose('{', parts, '}', style, margin);
}

function enclose(open: string, parts: string[], close: string, style: JSONStyle, margin: string): string {
  if (parts.length === 0) return open + close;
  if (style.indent === 0) return open + parts.join(style.compact ? ',' : ', ') + close;
  const inner = margin + ' '.repeat(style.indent);
  return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${margin}${close}`;
}

function keyText(key: unknown): string {
  if (typeof key === 'string') return key;
  if (key === null || typeof key === 'number' || typeof key === 'boolean' || typeof key === 'bigint')
    return String(key);
  throw new TypeError('keys of a JSON object must be texts, numbers, booleans or null');
}

/** Replaces what JSON doesn't know by what stands for it; plain values come back as they are. */
function simplify(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  if (value instanceof Date) return isoDate(value);
  if (value instanceof String || value instanceof Number || value instanceof Boolean) return value.valueOf();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (value instanceof Map) return value;
  if ('toJSON' in value && typeof value.toJSON === 'function') return simplify(value.toJSON());
  if (Symbol.iterator in value) return [...(value as Iterable<unknown>)];
  return value;
}

function isoDate(date: Date): string {
  const text = date.toISOString(); // 2026-01-02T03:04:05.678Z
  const millis = text.slice(-4, -1);
  return millis === '000' ? `${text.slice(0, -5)}Z` : `${text.slice(0, -1)}000Z`;
}

const NOT_ASCII = /[\u007f-\uffff]/g;
const escapeUnit = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

function quote(text: string, ascii: boolean): string {
  const quoted = JSON.stringify(text);
  return ascii
    ? quoted.replace(NOT_ASCII, (char) => (char === '\u007f' ? char : escapeUnit(char)))
    : escapeLineSeparators(quoted);
}

/** U+2028 and U+2029 end a line in JavaScript sources of old; DRF always escapes them. */
export function escapeLineSeparators(json: string): string {
  // `includes` answers at once for a text of one-byte characters, the usual case.
  if (!json.includes('\u2028') && !json.includes('\u2029')) return json;
  return json.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

const OPEN_LIST = 0x5b;
const OPEN_OBJECT = 0x7b;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Whether lists and objects are nested deeper than `limit`. Looks at the text before it is parsed, so that a deep
 * body is refused before anything recursive meets it.
 */
export function isNestedDeeperThan(text: string, limit: number): boolean {
  if (text.length <= limit * 2) return false; // each level takes two characters
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (quoted) {
      if (code === BACKSLASH) i++;
      else if (code === QUOTE) quoted = false;
    } else if (code === QUOTE) quoted = true;
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      if (++depth > limit) return true;
    } else if (code === OPEN_LIST + 2 || code === OPEN_OBJECT + 2) depth--;
  }
  return false;
}
