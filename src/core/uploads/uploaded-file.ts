import { Readable } from 'node:stream';
import type { TemporaryFolder } from './temporary-folder';

/** Content that was too large for memory. */
export interface StoredContent {
  readonly folder: TemporaryFolder;
  readonly path: string;
  readonly size: number;
}

/**
 * A file that came with a request. It can be read as often as needed, as long as the request lasts: a large one rests
 * in a temporary file, which is removed with the request.
 */
export class UploadedFile {
  /** The client's word, without folders. Never make a path of it. */
  readonly name: string;
  /** The client's word: what the file claims to be. */
  readonly contentType: string;
  /** Bytes. */
  readonly size: number;
  readonly #content: Buffer | StoredContent;

  constructor(name: string, contentType: string, content: Buffer | StoredContent) {
    this.name = name;
    this.contentType = contentType;
    this.size = Buffer.isBuffer(content) ? content.length : content.size;
    this.#content = content;
  }

  /** Where the content rests on disk; null when it is in memory. Whoever moves the file away keeps it. */
  get temporaryPath(): string | null {
    return Buffer.isBuffer(this.#content) ? null : this.#content.path;
  }

  /** @throws Error when the request is over */
  stream(): Readable {
    const content = this.#content;
    return Buffer.isBuffer(content) ? Readable.from([content]) : content.folder.read(content.path);
  }

  /**
   * The whole content, in memory: mind the size.
   * @throws Error when the request is over
   */
  async bytes(): Promise<Buffer> {
    if (Buffer.isBuffer(this.#content)) return this.#content;
    const chunks: Buffer[] = [];
    for await (const chunk of this.stream()) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }

  /**
   * The content as UTF-8, with U+FFFD for what is not.
   * @throws Error when the request is over
   */
  async text(): Promise<string> {
    return (await this.bytes()).toString('utf8');
  }
}
