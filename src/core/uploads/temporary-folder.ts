import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { onResponse, type HostRequest } from '../host';
import type { Logger } from '../logger';

/** What can be listened to, of a host's socket and response. */
interface Closing {
  once?(event: 'close', listener: () => void): unknown;
  removeListener?(event: 'close', listener: () => void): unknown;
}

export interface TemporaryFolderOptions {
  /** The folder in which this one is made. */
  readonly parent: string;
  readonly raw: HostRequest;
  readonly logger: Logger;
}

/** Where the large files of one request rest: a folder of its own, which only this process's user may enter. */
export class TemporaryFolder {
  readonly #options: TemporaryFolderOptions;
  readonly #readers = new Set<Readable>();
  #path: Promise<string> | undefined;
  #files = 0;
  #over = false;
  #removal: Promise<void> | undefined;

  constructor(options: TemporaryFolderOptions) {
    this.#options = options;
  }

  /** Makes a file, under a name that owes nothing to the client. */
  async create(): Promise<{ readonly path: string; readonly handle: FileHandle }> {
    this.#path ??= this.#make();
    const path = join(await this.#path, String(++this.#files));
    this.#mustLast();
    return { path, handle: await open(path, 'wx', 0o600) };
  }

  #make(): Promise<string> {
    this.#watchRequest();
    return mkdtemp(join(this.#options.parent, 'sallyport-'));
  }

  /** @throws Error when the request is over */
  read(path: string): Readable {
    this.#mustLast();
    const reader = createReadStream(path);
    this.#readers.add(reader);
    reader.once('close', () => {
      this.#readers.delete(reader);
      if (this.#over) void this.release();
    });
    return reader;
  }

  #mustLast(): void {
    if (!this.#over) return;
    throw new Error('The uploaded file was removed with its request. Copy it while the request lasts.');
  }

  /** Removes the folder; where an answer still reads from it, when that is done. Never rejects. */
  release(): Promise<void> | undefined {
    this.#over = true;
    if (this.#readers.size > 0 || this.#path === undefined) return undefined;
    return (this.#removal ??= this.#remove(this.#path));
  }

  async #remove(folder: Promise<string>): Promise<void> {
    try {
      // A file may just be made, for a client that went away: then the folder is not empty at first.
      await rm(await folder, { recursive: true, force: true, maxRetries: 3 });
    } catch (error) {
      this.#options.logger.error({ err: error }, 'Uploaded files could not be removed.');
    }
  }

  /**
   * The request is over when its answer is ready, when the host has answered instead, after an error that went to
   * `next`, and at the latest when the connection ends.
   */
  #watchRequest(): void {
    const { raw } = this.#options;
    const { socket, res } = raw as { readonly socket?: Closing; readonly res?: Closing };
    const onClose = (): void => void release();
    const release = (): Promise<void> | undefined => {
      for (const emitter of [socket, res]) emitter?.removeListener?.('close', onClose);
      return this.release();
    };
    for (const emitter of [socket, res]) emitter?.once?.('close', onClose);
    onResponse(raw, release);
  }
}
