import type { RequestOptions } from './server';

/** A part of a multipart body. */
export interface Part {
  readonly name?: string;
  /** Given as it is: the disposition of a part that `name` and `filename` can't write. */
  readonly disposition?: string;
  readonly filename?: string;
  readonly headers?: readonly string[];
  readonly content?: string | Uint8Array;
}

export const BOUNDARY = 'BoUnDaRy';

/** A multipart body, byte for byte. */
export function multipart(parts: readonly Part[], boundary = BOUNDARY): Buffer {
  const pieces: Uint8Array[] = [];
  for (const { name = 'f', filename, disposition, headers = [], content = '' } of parts) {
    const file = filename === undefined ? '' : `; filename="${filename}"`;
    const head = [`Content-Disposition: ${disposition ?? `form-data; name="${name}"${file}`}`, ...headers];
    pieces.push(Buffer.from(`--${boundary}\r\n${head.join('\r\n')}\r\n\r\n`));
    pieces.push(Buffer.from(content), Buffer.from('\r\n'));
  }
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
}

/** A POST of such a body. */
export const typed = (boundary = BOUNDARY, rest = ''): RequestOptions => ({
  method: 'POST',
  headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}${rest}` },
});
