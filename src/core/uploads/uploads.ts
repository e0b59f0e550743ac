import type { FileHandle } from 'node:fs/promises';
import { ByteCollector } from '../../http/byte-collector';
import type { HostRequest } from '../host';
import type { Awaitable } from '../policy';
import type { Settings } from '../settings';
import { TemporaryFolder } from './temporary-folder';
import { UploadedFile } from './uploaded-file';

/** A file is too large for memory, and the settings forbid temporary files. */
export class NoPlaceForUpload extends Error {}

interface OpenFile {
  readonly folder: TemporaryFolder;
  readonly path: string;
  readonly handle: FileHandle;
}

/** Receives the files of one request: in memory as long as all of them together fit, then on disk. */
export class Uploads {
  readonly #folder: TemporaryFolder | null;
  readonly #writers: UploadWriter[] = [];
  #freeMemory: number;

  constructor(settings: Settings, raw: HostRequest) {
    const { fileUploadTempDir: parent, fileUploadMaxMemorySize, logger } = settings;
    this.#freeMemory = fileUploadMaxMemorySize;
    this.#folder = parent === null ? null : new TemporaryFolder({ parent, raw, logger });
  }

  /** A writer for one file. */
  receive(name: string, contentType: string): UploadWriter {
    const writer = new UploadWriter(this, name, contentType);
    this.#writers.push(writer);
    return writer;
  }

  /** Removes what has been received, after a request that failed. No writer may be in use any more. */
  async discard(): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.close()));
    await this.#folder?.release();
  }

  /** @internal Takes memory, if there is so much left. */
  takeMemory(bytes: number): boolean {
    if (bytes > this.#freeMemory) return false;
    this.#freeMemory -= bytes;
    return true;
  }

  /** @internal */
  returnMemory(bytes: number): void {
    this.#freeMemory += bytes;
  }

  /** @internal @throws NoPlaceForUpload */
  async openFile(): Promise<OpenFile> {
    const folder = this.#folder;
    if (folder === null) throw new NoPlaceForUpload('the file is too large for memory');
    return { folder, ...(await folder.create()) };
  }
}

/** Collects one file. */
export class UploadWriter {
  readonly #uploads: Uploads;
  readonly #name: string;
  readonly #contentType: string;
  readonly #memory = new ByteCollector();
  #file: OpenFile | undefined;
  #size = 0;

  constructor(uploads: Uploads, name: string, contentType: string) {
    this.#uploads = uploads;
    this.#name = name;
    this.#contentType = contentType;
  }

  /** @throws NoPlaceForUpload */
  write(chunk: Buffer): Awaitable<void> {
    this.#size += chunk.length;
    if (this.#file !== undefined || !this.#uploads.takeMemory(chunk.length)) return this.#writeToDisk(chunk);
    this.#memory.append(chunk);
  }

  async #writeToDisk(chunk: Buffer): Promise<void> {
    if (this.#file === undefined) {
      this.#file = await this.#uploads.openFile();
      const kept = this.#memory.take();
      this.#uploads.returnMemory(kept.length);
      await this.#file.handle.appendFile(kept);
    }
    await this.#file.handle.appendFile(chunk);
  }

  /** The complete file. */
  async finish(): Promise<UploadedFile> {
    if (this.#file === undefined) return new UploadedFile(this.#name, this.#contentType, this.#memory.take());
    const { folder, path } = this.#file;
    await this.close();
    return new UploadedFile(this.#name, this.#contentType, { folder, path, size: this.#size });
  }

  /** Gives back the file descriptor, if there is one. */
  async close(): Promise<void> {
    await this.#file?.handle.close();
  }
}
