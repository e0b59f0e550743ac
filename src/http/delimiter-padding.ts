/** The blanks behind the delimiters of a multipart body. */

const CR = 0x0d;
const LF = 0x0a;
/** More blanks than any program writes; so much is held back of a body at most. */
const LONGEST_PADDING = 100;
const NOTHING = Buffer.alloc(0);

/**
 * Takes the blanks away that may stand between a delimiter and the end of its line (RFC 2046, 5.1.1), out of a body that
 * comes in pieces.
 */
export class DelimiterPadding {
  readonly #delimiter: Buffer;
  /** What may become a delimiter. In front of the body stands the end of a line, as it were. */
  #rest: Buffer = Buffer.from('\r\n');

  constructor(boundary: string) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  }

  /** The pieces of the body that can be passed on. */
  push(chunk: Buffer): Buffer[] {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const pieces: Buffer[] = [];
    let from = 0;
    for (let at = data.indexOf(this.#delimiter); at >= 0; at = data.indexOf(this.#delimiter, from)) {
      const end = at + this.#delimiter.length;
      const stop = endOfBlanks(data, end);
      if (stop === data.length || (data[stop] === CR && stop + 1 === data.length)) {
        return this.#keep(data, at, [...pieces, data.subarray(from, at)]);
      }
      pieces.push(data.subarray(from, end));
      from = data[stop] === CR && data[stop + 1] === LF ? stop : end;
    }
    const last = data.lastIndexOf(CR);
    const isOpen = last >= from && data.subarray(last).equals(this.#delimiter.subarray(0, data.length - last));
    const to = isOpen ? last : data.length;
    return this.#keep(data, to, [...pieces, data.subarray(from, to)]);
  }

  /** What was held back, when the body has ended. */
  end(): Buffer {
    return this.#rest;
  }

  #keep(data: Buffer, from: number, pieces: Buffer[]): Buffer[] {
    this.#rest = from === data.length ? NOTHING : data.subarray(from);
    return pieces.filter(({ length }) => length > 0);
  }
}

function endOfBlanks(data: Buffer, start: number): number {
  let at = start;
  while (at < data.length && at - start < LONGEST_PADDING && (data[at] === 0x20 || data[at] === 0x09)) at++;
  return at;
}
