import { IncomingMessage, request as openRequest, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { duplexPair, type Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { NOT_ENFORCED } from '../auth/session/csrf';
import type { Meta } from '../http/meta';

/**
 * What can be tested: a view's handler, `handle([...])`, an Express app, or any other listener of `node:http`.
 * Express apps are called with `next`, as if they were mounted.
 */
export type TestApp = (request: FactoryRequest, response: ServerResponse, next: (error?: unknown) => void) => unknown;

/** All that makes a request. */
export interface RequestDescription {
  readonly method: string;
  /** Path and query as they stand in the request line. */
  readonly url: string;
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | Blob;
  /** Whether it comes over https. */
  readonly secure: boolean;
  readonly remoteAddress: string;
  /** What the server in front adds, such as `REMOTE_USER`. */
  readonly META: Meta | undefined;
  readonly enforceCsrfChecks: boolean;
}

/** What a client learns of an answer. */
export interface Answer {
  readonly status: number;
  /** The reason phrase. */
  readonly statusText: string;
  readonly headers: Headers;
  /** The body as it was sent. */
  readonly bytes: Buffer;
  /** The request that was answered: what the view and its policies left on it, such as `user`. */
  readonly request: FactoryRequest;
}

/** The server's end of a connection that no network carries. */
interface ServerSide extends Duplex {
  readonly remoteAddress: string;
  readonly encrypted: boolean;
  readonly clientSide: Duplex;
}

function openConnection({ remoteAddress, secure }: RequestDescription): ServerSide {
  const [serverSide, clientSide] = duplexPair();
  const itself = (): Duplex => serverSide;
  // Apps may call these on the socket of a request; there is nothing to do here.
  const ofSockets = { setTimeout: itself, setNoDelay: itself, setKeepAlive: itself, ref: itself, unref: itself };
  // The client's side tells of a broken connection; without a listener here the same error would end the process.
  serverSide.on('error', () => undefined);
  serverSide.once('close', () => clientSide.destroy());
  return Object.assign(serverSide, ofSockets, { remoteAddress, encrypted: secure, clientSide });
}

/**
 * A request of `APIRequestFactory`: Node's own class, with a body that is read as from a socket. A view may be called
 * with it once, since a body can be read only once.
 */
export class FactoryRequest extends IncomingMessage {
  declare user?: unknown;
  declare auth?: unknown;
  declare params?: unknown;
  declare body?: unknown;
  declare META?: Meta;
  readonly [NOT_ENFORCED]: boolean;

  constructor(description: RequestDescription) {
    super(openConnection(description) as unknown as Socket);
    this.httpVersion = '1.1';
    this.httpVersionMajor = 1;
    this.httpVersionMinor = 1;
    this.method = description.method;
    this.url = description.url;
    this.headers = { ...description.headers };
    this.rawHeaders = Object.entries(description.headers).flat();
    this[NOT_ENFORCED] = !description.enforceCsrfChecks;
    if (description.META !== undefined) this.META = description.META;
    const chunks = chunksOf(description.body);
    // A field and not a method: Express puts prototypes of its own under the requests that it serves.
    this._read = (size: number): void => {
      super._read(size);
      void this.#pushNext(chunks);
    };
  }

  async #pushNext(chunks: AsyncIterator<Uint8Array, void>): Promise<void> {
    try {
      const { done, value } = await chunks.next();
      this.complete = done === true;
      this.push(value ?? null);
    } catch (cause) {
      this.destroy(new Error('A file of the request could not be read.', { cause }));
    }
  }
}

/** As much as one read of a socket gives at most. */
const CHUNK = 65_536;

async function* chunksOf(body: Uint8Array | Blob): AsyncGenerator<Uint8Array, void> {
  const bytes = body instanceof Blob ? new Uint8Array(await body.arrayBuffer()) : body;
  for (let at = 0; at < bytes.length; at += CHUNK) yield bytes.subarray(at, at + CHUNK);
}

/**
 * Has an app answer a request. What the app writes goes through Node's `ServerResponse`, and is read by Node's HTTP
 * client: so framing, HEAD and interrupted answers are those of a network.
 *
 * @throws what the app passes to `next` or throws itself
 */
export function exchange(app: TestApp, request: FactoryRequest): Promise<Answer> {
  const serverSide = request.socket as unknown as ServerSide;
  if (serverSide.writableEnded || serverSide.destroyed) {
    throw new Error('This request has been answered. Make another one for another call.');
  }
  return new Promise((resolve, reject) => {
    const reader = openRequest({ method: request.method, createConnection: () => serverSide.clientSide });
    const fail = (error: unknown): void => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what the app threw, as it threw it
      reject(error);
      reader.destroy();
    };
    reader.on('error', (cause) => {
      reject(new Error('The app closed the connection before it had answered.', { cause: request.errored ?? cause }));
    });
    reader.on('response', (message) => {
      readAnswer(message, request).then(resolve, fail);
    });
    reader.end();
    serverSide.resume(); // drops what the reader asks: the app is given the request itself

    const response = openResponse(request, serverSide);
    const next = (error?: unknown): void => {
      if (error === undefined || error === null) answerNotFound(response);
      else fail(error);
    };
    new Promise((done) => {
      done(app(request, response, next));
    }).catch(fail);
  });
}

function openResponse(request: FactoryRequest, serverSide: ServerSide): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(request.socket);
  response.once('finish', () => {
    response.detachSocket(request.socket);
    serverSide.end();
  });
  return response;
}

async function readAnswer(message: IncomingMessage, request: FactoryRequest): Promise<Answer> {
  let bytes: Buffer;
  try {
    bytes = await buffer(message);
  } catch (cause) {
    throw new Error('The app closed the connection in the middle of its answer.', { cause });
  }
  const headers = new Headers();
  for (let i = 0; i < message.rawHeaders.length; i += 2) {
    headers.append(message.rawHeaders[i]!, message.rawHeaders[i + 1]!);
  }
  return { status: message.statusCode!, statusText: message.statusMessage!, headers, bytes, request };
}

/** The answer of `handle` to a path that no route matches, for every kind of app. */
function answerNotFound(response: ServerResponse): void {
  response.writeHead(404, { 'Content-Type': 'application/json' });
  response.end('{"detail":"Not found."}');
}
