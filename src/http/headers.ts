/** Header values of requests, header sets of answers, and the merging of `Vary`. */

/** Request headers as Node gives them: lower-case names, repeated ones joined (or an array for `Set-Cookie`). */
export type RawHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** One header of a request as text, `undefined` when absent. */
export function headerValue(headers: RawHeaders, lowerCaseName: string): string | undefined {
  const value = headers[lowerCaseName];
  return value === undefined || typeof value === 'string' ? value : value.join(', ');
}

/** The lower-case name of the header that WSGI calls so: `HTTP_X_API_KEY` is `x-api-key`. */
export function fromMetaName(metaName: string): string {
  return metaName
    .replace(/^HTTP_/, '')
    .replaceAll('_', '-')
    .toLowerCase();
}

/** Compares names without case. The length tells most of them apart, and making one lower-case makes a new text. */
export function isHeader(name: string, lowerCaseName: string): boolean {
  return name.length === lowerCaseName.length && name.toLowerCase() === lowerCaseName;
}

/**
 * The headers of a request without the pseudo headers of HTTP/2. Its `:authority` stands in place of `Host`, which the
 * client need not send there and which doesn't count beside it (RFC 9113, 8.3.1).
 */
export function withoutPseudoHeaders(headers: RawHeaders): RawHeaders {
  if (headers[':method'] === undefined) return headers;
  const plain = Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':')));
  const authority = headers[':authority'];
  return authority === undefined ? plain : { ...plain, host: authority };
}

const WORDS = /[^ \t\n\r\v\f]+/g;
const OTHER_BLANKS = /[\t\n\r\v\f]/;

/**
 * Splits on ASCII whitespace only, as Python's `bytes.split()` does: a no-break space (0xA0), which `\s` would take,
 * is part of a word.
 */
export function splitOnAsciiWhitespace(text: string): string[] {
  const blank = text.indexOf(' ');
  // Nearly always there are two words and a blank, which needs no search for the others.
  if (blank > 0 && !OTHER_BLANKS.test(text) && text.indexOf(' ', blank + 1) < 0 && blank + 1 < text.length) {
    return [text.slice(0, blank), text.slice(blank + 1)];
  }
  return text.match(WORDS) ?? [];
}

export type HeaderContent = string | readonly string[];
type HeaderPairs = Iterable<readonly [string, HeaderContent]>;
export type HeadersInput = Readonly<Record<string, HeaderContent | number>> | HeaderPairs;

function isIterable(input: HeadersInput): input is HeaderPairs {
  return Symbol.iterator in input;
}

/** The headers of an answer: names compared without case and written as they were first set. */
export class ResponseHeaders implements Iterable<[string, HeaderContent]> {
  /** A list, since an answer has a handful of them, for which a map takes more room and time. */
  #entries: [name: string, value: HeaderContent][] = [];

  constructor(input?: HeadersInput) {
    if (input === undefined) return;
    if (isIterable(input)) {
      for (const [name, value] of input) this.set(name, value);
      return;
    }
    for (const name of Object.keys(input)) {
      const value = input[name]!;
      this.set(name, typeof value === 'number' ? String(value) : value);
    }
  }

  get size(): number {
    return this.#entries.length;
  }

  #find(name: string): [string, HeaderContent] | undefined {
    const key = name.toLowerCase();
    for (const entry of this.#entries) if (isHeader(entry[0], key)) return entry;
    return undefined;
  }

  get(name: string): string | null {
    const entry = this.#find(name);
    if (entry === undefined) return null;
    return typeof entry[1] === 'string' ? entry[1] : entry[1].join(', ');
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  set(name: string, value: HeaderContent): void {
    const entry = this.#find(name);
    if (entry === undefined) this.#entries.push([name, value]);
    else [entry[0], entry[1]] = [name, value];
  }

  /** Adds a value beside those that are there: a second line for `Set-Cookie`, a list member for the others. */
  append(name: string, value: string): void {
    const isCookie = isHeader(name, 'set-cookie');
    const entry = this.#find(name);
    if (entry === undefined) this.set(name, isCookie ? [value] : value);
    else if (isCookie) entry[1] = [...(typeof entry[1] === 'string' ? [entry[1]] : entry[1]), value];
    else entry[1] = `${this.get(name)!}, ${value}`;
  }

  delete(name: string): boolean {
    const entry = this.#find(name);
    // A new list, so that whoever goes through the old one misses none.
    if (entry !== undefined) this.#entries = this.#entries.filter((other) => other !== entry);
    return entry !== undefined;
  }

  [Symbol.iterator](): IterableIterator<[string, HeaderContent]> {
    return this.#entries.values();
  }
}

/**
 * Merges names into a `Vary` value: the order that is there is kept, new names are appended, names are compared
 * without case, empty parts are dropped, and `*` on either side makes the whole value `*` (Django's
 * `patch_vary_headers`).
 */
export function mergeVary(present: string | null, additions: string): string {
  const names = new Map<string, string>();
  for (const part of `${present ?? ''},${additions}`.split(',')) {
    const name = part.trim();
    if (name === '*') return '*';
    if (name !== '' && !names.has(name.toLowerCase())) names.set(name.toLowerCase(), name);
  }
  return [...names.values()].join(', ');
}
