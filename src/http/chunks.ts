import { BodyInterrupted, type BodySource } from './body';

/**
 * The chunks of a body as they come. While the caller is busy with one, the client is held back. A caller that stops
 * early lets the rest pass by unread, so that the connection can be used for the answer and the next request.
 *
 * @throws BodyInterrupted when the connection ends early
 */
export async function* chunksOf(source: BodySource): AsyncGenerator<Buffer, void, undefined> {
  const inbox = new Inbox(source);
  try {
    for (;;) {
      const chunk = inbox.take();
      if (chunk !== undefined) yield chunk;
      else if (!inbox.ended) await inbox.next();
      else break;
    }
    // A stream of HTTP/2 that the client has reset ends as if it were complete.
    if (source.aborted === true) throw new BodyInterrupted('the client gave up the body');
  } finally {
    inbox.close();
  }
}

/** What has come and was not taken yet. */
class Inbox {
  readonly #source: BodySource;
  readonly #chunks: Buffer[] = [];
  #failure: Error | undefined;
  #wake = (): void => undefined;
  ended = false;

  constructor(source: BodySource) {
    this.#source = source;
    source.on('error', (cause) => {
      this.#fail(new BodyInterrupted('the body could not be read', { cause }));
    });
    source.on('data', this.#onData);
    source.on('end', this.#onEnd);
    source.on('close', this.#onClose);
    if (source.destroyed === true && source.readableEnded !== true) this.#onClose();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#chunks.push(chunk);
    this.#source.pause?.();
    this.#wake();
  };

  readonly #onEnd = (): void => {
    this.ended = true;
    this.#wake();
  };

  readonly #onClose = (): void => {
    this.#fail(new BodyInterrupted('the connection ended before the body'));
  };

  #fail(error: BodyInterrupted): void {
    if (!this.ended) this.#failure ??= error;
    this.#wake();
  }

  take(): Buffer | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#chunks.shift();
  }

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#source.resume?.();
    });
  }

  close(): void {
    // The listener for errors stays: an error that comes later must not end the process.
    this.#source.removeListener('data', this.#onData);
    this.#source.removeListener('end', this.#onEnd);
    this.#source.removeListener('close', this.#onClose);
    if (!this.ended) this.#source.resume?.();
  }
}
