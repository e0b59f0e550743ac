import type * as Busboy from '@fastify/busboy';
import type { Readable } from 'node:stream';
import { DelimiterPadding } from '../../http/delimiter-padding';
import type { PartHeaders } from '../../http/multipart';
import { isPromiseLike, type Awaitable } from '../policy';

/** Takes the content of a part. */
export interface PartSink {
  write(chunk: Buffer): Awaitable<void>;
  /** @param isWhole whether a delimiter has ended the part, and not the body */
  end(isWhole: boolean): Awaitable<void>;
}

/** Looks at the headers of a part; null when nobody wants its content. */
export type OpenPart = (headers: PartHeaders) => PartSink | null;

export interface Splitting {
  readonly boundary: string;
  /** Parts of any kind that a body may have. */
  readonly maxParts: number;
  readonly open: OpenPart;
}

/** A body has more parts than allowed. */
export class TooManyParts extends Error {}

/**
 * Splits a multipart body into its parts. A closing delimiter that is missing is added at the end, as Django does.
 * When the promise is settled, well or badly, no sink is in use any more.
 *
 * @throws TooManyParts, and whatever `chunks`, `open` and the sinks throw
 */
export async function splitMultipart(chunks: AsyncIterable<Buffer>, splitting: Splitting): Promise<void> {
  const padding = new DelimiterPadding(splitting.boundary);
  const splitter = new Splitter(splitting);
  try {
    for await (const chunk of chunks) {
      for (const piece of padding.push(chunk)) await splitter.write(piece);
    }
    const rest = padding.end();
    if (rest.length > 0) await splitter.write(rest);
    await splitter.finish();
  } catch (error) {
    await splitter.abandon();
    throw error;
  }
}

/** The package is loaded by the first body with parts, since most servers never see one. */
function createDicer(boundary: string): Busboy.Dicer {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it for everybody
  const { Dicer } = require('@fastify/busboy') as typeof Busboy;
  return new Dicer({ boundary });
}

class Splitter {
  readonly #dicer: Busboy.Dicer;
  readonly #splitting: Splitting;
  readonly #parts: Readable[] = [];
  readonly #work: Promise<void>[] = [];
  #last: Readable | undefined;
  #isOver = false;
  /** The part that was still open when the body was over. */
  #cut: Readable | undefined;
  #count = 0;
  #finished = false;
  #failure: { readonly error: unknown } | undefined;
  #resolve = (): void => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor(splitting: Splitting) {
    this.#splitting = splitting;
    this.#dicer = createDicer(splitting.boundary);
    this.#dicer.on('error', (error) => {
      this.#fail(error);
    });
    this.#dicer.on('finish', () => {
      this.#finished = true;
      this.#resolve();
    });
    this.#dicer.on('part', (part) => {
      if (this.#isOver) {
        this.#cut = this.#last;
        part.resume();
        return;
      }
      if (++this.#count > splitting.maxParts) throw new TooManyParts(`more than ${String(splitting.maxParts)} parts`);
      this.#last = part;
      part.once('header', (headers: object) => {
        this.#begin(part, headers as PartHeaders);
      });
    });
  }

  /** Resolves when the parts have taken the chunk, so that the client is not faster than they are. */
  write(chunk: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) throw this.#failure.error;
      // There is no callback where a part fails, since that is not read on, and none for the chunk that ends the body
      // while its parts are still being read.
      this.#resolve = resolve;
      this.#reject = reject;
      if (this.#finished) resolve();
      else this.#dicer.write(chunk, () => this.#resolve());
    });
  }

  /** Ends the body. Behind its own end nothing counts; where that is missing, a part of ours tells which one was open. */
  async finish(): Promise<void> {
    this.#isOver = true;
    const delimiter = `\r\n--${this.#splitting.boundary}`;
    await this.write(Buffer.from(`${delimiter}\r\n\r\n${delimiter}--\r\n`, 'latin1'));
    await Promise.all(this.#work);
  }

  async abandon(): Promise<void> {
    for (const part of this.#parts) part.destroy();
    await Promise.allSettled(this.#work);
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#reject(error);
  }

  #begin(part: Readable, headers: PartHeaders): void {
    const sink = this.#splitting.open(headers);
    if (sink === null) {
      part.resume();
      return;
    }
    const work = this.#copy(part, sink);
    work.catch((error: unknown) => {
      this.#fail(error);
    });
    this.#parts.push(part);
    this.#work.push(work);
  }

  async #copy(part: Readable, sink: PartSink): Promise<void> {
    for await (const chunk of part) {
      const written = sink.write(chunk as Buffer);
      if (isPromiseLike(written)) await written;
    }
    await sink.end(part !== this.#cut);
  }
}
