/** JSON as Python's decoder reads it, where `JSON.parse` would differ. */

/** Why a text is no JSON, in the words of Python's decoder. It never quotes the text, which may hold a password. */
export class InvalidJSON extends Error {}

/** Python refuses longer integers: turning them into a number takes quadratic time. */
const MAX_INTEGER_DIGITS = 4300;

/** What an integer that a double can't hold begins with; the digits of a fraction stand behind a point. */
const LONG_INTEGER = /(?<![\d.])\d{16}/;

/**
 * Parses JSON. Integers beyond 2^53 come as `bigint`, so that no digit is lost.
 *
 * @param strict whether `NaN`, `Infinity` and `-Infinity` are refused, which JSON doesn't know but Python writes
 * @throws InvalidJSON
 */
export function readJSON(text: string, strict = true): unknown {
  if (text.startsWith('\ufeff')) {
    throw new InvalidJSON('Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)');
  }
  if (!LONG_INTEGER.test(text)) {
    try {
      return JSON.parse(text);
    } catch {
      // The reader below knows what is wrong and where, and reads the three numbers that JSON doesn't know.
    }
  }
  return new Reader(text, strict).readAll();
}

const CONSTANTS: Readonly<Record<string, unknown>> = { true: true, false: false, null: null };
const NOT_FINITE: Readonly<Record<string, number>> = { NaN, Infinity, '-Infinity': -Infinity };
const WORD = /true|false|null|NaN|-?Infinity/y;
const NUMBER = /(-?(?:0|[1-9]\d*))(\.\d+)?([eE][-+]?\d+)?/y;
const BLANKS = /[ \t\n\r]*/y;
// eslint-disable-next-line no-control-regex -- JSON forbids exactly these inside of texts
const PLAIN_CHARACTERS = /[^"\\\u0000-\u001f]*/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** A reader of one text; `#at` is the place of the next character. */
class Reader {
  readonly #text: string;
  readonly #strict: boolean;
  #at = 0;

  constructor(text: string, strict: boolean) {
    this.#text = text;
    this.#strict = strict;
  }

  readAll(): unknown {
    this.#take(BLANKS);
    const value = this.#readValue();
    this.#take(BLANKS);
    if (this.#at < this.#text.length) throw this.#fail('Extra data');
    return value;
  }

  #readValue(): unknown {
    switch (this.#text[this.#at]) {
      case '"':
        return this.#readText();
      case '{':
        return this.#readObject();
      case '[':
        return this.#readList();
      default:
        return this.#readScalar();
    }
  }

  #readScalar(): unknown {
    const word = this.#take(WORD)?.[0];
    if (word !== undefined) {
      if (word in CONSTANTS) return CONSTANTS[word];
      if (this.#strict) throw new InvalidJSON(`Out of range float values are not JSON compliant: '${word}'`);
      return NOT_FINITE[word];
    }
    const match = this.#take(NUMBER);
    if (match === null) throw this.#fail('Expecting value');
    const [number, digits = '', fraction, exponent] = match;
    return fraction === undefined && exponent === undefined ? toInteger(digits) : Number(number);
  }

  #readList(): unknown[] {
    const list: unknown[] = [];
    this.#skip();
    if (this.#isNext(']')) return list;
    for (;;) {
      list.push(this.#readValue());
      this.#take(BLANKS);
      if (this.#isNext(']')) return list;
      this.#expectComma();
    }
  }

  #readObject(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.#skip();
    if (this.#isNext('}')) return object;
    for (;;) {
      if (this.#text[this.#at] !== '"') throw this.#fail('Expecting property name enclosed in double quotes');
      const name = this.#readText();
      this.#take(BLANKS);
      if (this.#text[this.#at] !== ':') throw this.#fail("Expecting ':' delimiter");
      this.#skip();
      const value = this.#readValue();
      setMember(object, name, value);
      this.#take(BLANKS);
      if (this.#isNext('}')) return object;
      this.#expectComma();
    }
  }

  #readText(): string {
    const start = this.#at++;
    let text = '';
    for (;;) {
      text += this.#take(PLAIN_CHARACTERS)![0];
      const character = this.#text[this.#at];
      if (character === undefined) throw this.#fail('Unterminated string starting at', start);
      if (character === '"') {
        this.#at++;
        return text;
      }
      if (character !== '\\') throw this.#fail('Invalid control character at');
      text += this.#readEscape(start);
    }
  }

  #readEscape(start: number): string {
    const letter = this.#text[++this.#at];
    if (letter === undefined) throw this.#fail('Unterminated string starting at', start);
    if (letter !== 'u') {
      const character = ESCAPES[letter];
      if (character === undefined) throw this.#fail('Invalid \\escape', this.#at - 1);
      this.#at++;
      return character;
    }
    const digits = this.#text.slice(this.#at + 1, this.#at + 5);
    // Python looks for the character behind the digits too, before it looks at them.
    if (this.#at + 5 >= this.#text.length || !/^[0-9a-fA-F]{4}$/.test(digits)) {
      throw this.#fail('Invalid \\uXXXX escape');
    }
    this.#at += 5;
    return String.fromCharCode(parseInt(digits, 16));
  }

  /** Takes one character, and the blanks behind it. */
  #skip(): void {
    this.#at++;
    this.#take(BLANKS);
  }

  #isNext(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #expectComma(): void {
    if (this.#text[this.#at] !== ',') throw this.#fail("Expecting ',' delimiter");
    this.#skip();
  }

  /** Takes what a sticky pattern matches here. */
  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#at = pattern.lastIndex;
    return match;
  }

  #fail(what: string, at = this.#at): InvalidJSON {
    const { line, column, character } = placeOf(this.#text, at);
    return new InvalidJSON(`${what}: line ${String(line)} column ${String(column)} (char ${String(character)})`);
  }
}

function setMember(object: Record<string, unknown>, name: string, value: unknown): void {
  // Assigning would change the prototype; JSON.parse makes a property like any other, too.
  if (name === '__proto__')
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  else object[name] = value;
}

/** Lines and columns from 1, characters from 0; they count characters, not the units of UTF-16. */
function placeOf(text: string, at: number): { line: number; column: number; character: number } {
  let line = 1;
  let lineStart = 0;
  let character = 0;
  for (let i = 0; i < at; i++, character++) {
    if (text.codePointAt(i)! > 0xffff) i++;
    else if (text[i] === '\n') {
      line++;
      lineStart = character + 1;
    }
  }
  return { line, column: character - lineStart + 1, character };
}

function toInteger(digits: string): number | bigint {
  const length = digits.length - (digits.startsWith('-') ? 1 : 0);
  if (length > MAX_INTEGER_DIGITS) {
    throw new InvalidJSON(
      `Exceeds the limit (${String(MAX_INTEGER_DIGITS)} digits) for integer string conversion: ` +
        `value has ${String(length)} digits`,
    );
  }
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : BigInt(digits);
}
