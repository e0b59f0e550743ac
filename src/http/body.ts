/** Reading a request's body, never more than a limit. */

import { ByteCollector } from './byte-collector';

/** The readable side of a host's request: what Node's streams offer. */
export interface BodySource {
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  on(event: 'end' | 'close', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  removeListener(event: string, listener: (...args: never[]) => void): unknown;
  pause?(): unknown;
  resume?(): unknown;
  readonly readableEnded?: boolean;
  readonly destroyed?: boolean;
  /** Whether the client gave the request up. */
  readonly aborted?: boolean;
}

/** The body is larger than the limit. What is left of it passes by unread. */
export class BodyTooLarge extends Error {}

/** The client went away before the whole body had come. */
export class BodyInterrupted extends Error {}

/**
 * Reads the whole body.
 *
 * @param limit bytes; null for no limit
 * @throws BodyTooLarge as soon as the limit is passed
 * @throws BodyInterrupted when the connection ends early
 */
export function readBody(source: BodySource, limit: number | null): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const bytes = new ByteCollector();
    let isOver = false;
    const onData = (chunk: Buffer): void => {
      if (limit === null || bytes.size + chunk.length <= limit) {
        bytes.append(chunk);
        return;
      }
      isOver = true;
      source.removeListener('data', onData);
      // What is left passes by unread, else the connection would be stuck behind it.
      source.resume?.();
      reject(new BodyTooLarge(`body of more than ${String(limit)} bytes`));
    };
    const onEnd = (): void => {
      // A stream of HTTP/2 that the client has reset ends as if it were complete.
      if (source.aborted === true) return onClose();
      isOver = true;
      resolve(bytes.take());
    };
    // Every stream closes, and may fail after that; then there is nobody left to tell.
    const onClose = (cause?: Error): void => {
      if (isOver) return;
      isOver = true;
      reject(new BodyInterrupted('the connection ended before the body', { cause }));
    };
    if (source.destroyed === true && source.readableEnded !== true) {
      onClose();
      return;
    }
    source.on('data', onData);
    source.on('end', onEnd);
    source.on('close', onClose);
    source.on('error', onClose);
  });
}
