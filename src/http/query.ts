/** Multi-value mappings of query strings and forms, as Django's `QueryDict`. */

/**
 * An ordered mapping of a name to all its values. `get` gives the LAST one, as Django does; written to JSON it shows
 * the last value of each name.
 */
export class QueryDict<T = string> implements Iterable<[string, T]> {
  readonly #lists: Map<string, T[]>;

  constructor(pairs?: Iterable<readonly [string, T]>) {
    this.#lists = new Map();
    if (pairs !== undefined) for (const [name, value] of pairs) this.append(name, value);
  }

  get size(): number {
    return this.#lists.size;
  }

  get(name: string): T | undefined {
    return this.#lists.get(name)?.at(-1);
  }

  getlist(name: string): T[] {
    return [...(this.#lists.get(name) ?? [])];
  }

  has(name: string): boolean {
    return this.#lists.has(name);
  }

  append(name: string, value: T): void {
    const list = this.#lists.get(name);
    if (list === undefined) this.#lists.set(name, [value]);
    else list.push(value);
  }

  set(name: string, value: T): void {
    this.#lists.set(name, [value]);
  }

  setlist(name: string, values: readonly T[]): void {
    this.#lists.set(name, [...values]);
  }

  delete(name: string): boolean {
    return this.#lists.delete(name);
  }

  keys(): IterableIterator<string> {
    return this.#lists.keys();
  }

  /** Pairs of a name and all its values. */
  *lists(): IterableIterator<[string, T[]]> {
    for (const [name, values] of this.#lists) yield [name, [...values]];
  }

  /** Pairs of a name and its last value. */
  *entries(): IterableIterator<[string, T]> {
    for (const [name, values] of this.#lists) {
      if (values.length > 0) yield [name, values.at(-1) as T];
    }
  }

  [Symbol.iterator](): IterableIterator<[string, T]> {
    return this.entries();
  }

  /** A plain object of the last values: what a validator or a JSON renderer sees. */
  toJSON(): Record<string, T> {
    const plain: Record<string, T> = {};
    for (const [name, value] of this.entries()) {
      // A field named __proto__ must be a property like any other.
      Object.defineProperty(plain, name, { value, enumerable: true, configurable: true, writable: true });
    }
    return plain;
  }
}

/** How many fields one form or query string may carry (Django's `DATA_UPLOAD_MAX_NUMBER_FIELDS`). */
export class TooManyFields extends Error {}

export type TextDecoding = (bytes: Buffer) => string;
const utf8: TextDecoding = (bytes) => bytes.toString('utf8');

/**
 * Parses `a=1&b=2`. Blank values are kept, only `&` separates, `+` is a blank, escapes that do not decode become
 * U+FFFD (Python's `parse_qsl` with `keep_blank_values` and `errors='replace'`).
 *
 * @param text characters of the wire, each one byte or, for text that was decoded before, any character
 * @param decode how the bytes of the percent escapes become text
 * @throws TooManyFields when there are more than `maxFields` pairs
 */
export function parseQuery(text: string, maxFields = Infinity, decode: TextDecoding = utf8): QueryDict {
  const result = new QueryDict();
  let fields = 0;
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    if (++fields > maxFields) throw new TooManyFields(`more than ${String(maxFields)} fields`);
    const eq = pair.indexOf('=');
    const name = eq < 0 ? pair : pair.slice(0, eq);
    result.append(decodeComponent(name, decode), eq < 0 ? '' : decodeComponent(pair.slice(eq + 1), decode));
  }
  return result;
}

const ESCAPES = /(?:%[0-9a-fA-F]{2})+/g;

function decodeComponent(text: string, decode: TextDecoding): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  return spaced.replace(ESCAPES, (run) => decode(Buffer.from(run.replaceAll('%', ''), 'hex')));
}

/** Writes a query string: names sorted, all values of each, escaped as Python's `urlencode` does. */
export function encodeQuery(query: QueryDict): string {
  const parts: string[] = [];
  for (const [name, values] of [...query.lists()].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) {
    for (const value of values) parts.push(`${encodeComponent(name)}=${encodeComponent(value)}`);
  }
  return parts.join('&');
}

function encodeComponent(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}
