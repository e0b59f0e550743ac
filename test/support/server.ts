import { createServer, request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, OutgoingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Handler, Logger } from 'sallyport';

export interface RequestOptions {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
  /** Text or bytes as they are; anything else is sent as JSON. */
  readonly body?: unknown;
  /** Sends the body without a length. */
  readonly chunked?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly text: string;
  /** The body parsed as JSON. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into answers of every shape
  readonly json: any;
}

/** A handler behind a socket of its own. */
export interface TestServer {
  readonly port: number;
  request(options?: RequestOptions): Promise<Answer>;
  close(): Promise<void>;
}

/** Serves a handler on a free port of this machine. */
export async function serve(handler: Handler): Promise<TestServer> {
  const server = createServer((incoming, outgoing) => {
    void handler(incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { port, request: (options = {}) => send(port, options), close: () => close(server) };
}

/** Serves a handler for a single request. */
export async function call(handler: Handler, options: RequestOptions = {}): Promise<Answer> {
  const server = await serve(handler);
  try {
    return await server.request(options);
  } finally {
    await server.close();
  }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}

export function send(
  port: number,
  { method = 'GET', path = '/', headers, body, chunked }: RequestOptions,
): Promise<Answer> {
  const [type, bytes] = encode(body);
  const framing = chunked === true ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': bytes?.length };
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      port,
      host: '127.0.0.1',
      method,
      path,
      headers: { ...type, ...(bytes === null ? {} : framing), ...headers },
    });
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          rawHeaders: incoming.rawHeaders,
          text,
          get json(): unknown {
            return JSON.parse(text);
          },
        });
      });
    });
    if (bytes !== null) outgoing.write(bytes);
    outgoing.end();
  });
}

export function encode(body: unknown): readonly [type: OutgoingHttpHeaders, bytes: Buffer | null] {
  if (body === undefined) return [{}, null];
  if (typeof body === 'string') return [{}, Buffer.from(body)];
  if (body instanceof Uint8Array) return [{}, Buffer.from(body)];
  return [{ 'Content-Type': 'application/json' }, Buffer.from(JSON.stringify(body))];
}

/** A logger that keeps what it is told, for views whose errors are expected. */
export function errorLog(): { readonly logger: Logger; readonly errors: unknown[] } {
  const errors: unknown[] = [];
  return { errors, logger: { error: (context) => errors.push((context as { err: unknown }).err) } };
}
