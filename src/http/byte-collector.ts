const EMPTY = Buffer.alloc(0);

/**
 * Bytes that come in pieces. From the second piece on they are copied into one buffer at once: as objects, a body sent
 * byte by byte would take a hundred times its size.
 */
export class ByteCollector {
  /** Nobody else holds it, but for a first piece that came whole. */
  #buffer: Buffer = EMPTY;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  append(chunk: Uint8Array): void {
    const size = this.#size + chunk.length;
    if (this.#size === 0) {
      this.#buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
      this.#size = size;
      return;
    }
    if (size > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(size, 2 * this.#buffer.length));
      this.#buffer.copy(larger, 0, 0, this.#size);
      this.#buffer = larger;
    }
    this.#buffer.set(chunk, this.#size);
    this.#size = size;
  }

  /** What has come so far. The collector is empty afterwards. */
  take(): Buffer {
    const bytes = this.#buffer.length === this.#size ? this.#buffer : this.#buffer.subarray(0, this.#size);
    this.#buffer = EMPTY;
    this.#size = 0;
    return bytes;
  }
}
