import { EventEmitter } from 'node:events';
import type { HostResponse } from '../core/host';
import { ResponseHeaders } from '../http/headers';

/** Statuses whose answers have no body (Fetch, 2.2.3). */
const NULL_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/** Collects what a handler writes, and gives it out as the platform's response as soon as its body begins. */
export class FetchResponse extends EventEmitter implements HostResponse {
  statusCode = 200;
  headersSent = false;
  writableEnded = false;
  /** Nobody is there any more to take the answer. */
  destroyed = false;
  readonly #answer: (response: globalThis.Response) => void;
  readonly #headers = new ResponseHeaders();
  #init: ResponseInit = {};
  #stream: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(answer: (response: globalThis.Response) => void) {
    super();
    this.#answer = answer;
  }

  getHeader(name: string): string | string[] | undefined {
    const value = [...this.#headers].find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1];
    return value === undefined || typeof value === 'string' ? value : [...value];
  }

  setHeader(name: string, value: number | string | readonly string[]): void {
    this.#headers.set(name, typeof value === 'number' ? String(value) : value);
  }

  removeHeader(name: string): void {
    this.#headers.delete(name);
  }

  /** @throws TypeError, RangeError for what can't be sent; then another head may follow */
  writeHead(status: number, headers: readonly (string | readonly string[])[]): void {
    const all = new ResponseHeaders(this.#headers);
    for (let i = 0; i < headers.length; i += 2) all.set(headers[i] as string, headers[i + 1]!);
    const sent = new Headers();
    for (const [name, value] of all) {
      for (const line of typeof value === 'string' ? [value] : value) sent.append(name, line);
    }
    // The platform's constructor would say so too, but at a time when no other answer is possible any more.
    if (!(status >= 200 && status <= 599)) throw new RangeError(`Invalid status code: ${String(status)}`);
    this.#init = { status, headers: sent };
    this.statusCode = status;
    this.headersSent = true;
  }

  /** @returns whether there is room for more; else `drain` tells when */
  write(chunk: Uint8Array): boolean {
    if (this.destroyed) return true;
    const stream = this.#startStream();
    stream.enqueue(chunk);
    return stream.desiredSize! > 0;
  }

  end(body: string | Uint8Array = ''): void {
    if (!this.headersSent) this.writeHead(this.statusCode, []);
    this.writableEnded = true;
    const isEmpty = body.length === 0 || NULL_BODY.has(this.statusCode);
    if (this.#stream === undefined) {
      this.#answer(new globalThis.Response(isEmpty ? null : body, this.#init));
      return;
    }
    if (!isEmpty) this.write(typeof body === 'string' ? Buffer.from(body) : body);
    if (!this.destroyed) this.#stream.close();
  }

  /** Breaks off an answer that has begun: its reader meets an error. */
  destroy(): void {
    if (this.destroyed) return;
    this.#startStream();
    this.leave(new Error('The answer broke off.'));
  }

  /** Nobody takes the answer any more, or nobody is to. A reader that is still there meets the reason. */
  leave(reason: unknown): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.#stream?.error(reason);
    this.emit('close');
  }

  #startStream(): ReadableStreamDefaultController<Uint8Array> {
    if (this.#stream !== undefined) return this.#stream;
    if (!this.headersSent) this.writeHead(this.statusCode, []);
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#stream = controller;
      },
      pull: () => {
        this.emit('drain');
      },
      cancel: (reason) => {
        this.leave(reason);
      },
    });
    this.#answer(new globalThis.Response(body, this.#init));
    return this.#stream!;
  }
}
