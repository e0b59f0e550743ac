import { Readable } from 'node:stream';
import type { HostRequest } from '../core/host';
import type { Params } from '../core/views';
import type { Meta } from '../http/meta';

/** What a platform knows of a request beside its `Request` object. */
export interface HostDetails {
  /** The address of the peer; throttles know anonymous clients by it. */
  readonly remoteAddress?: string | undefined;
  /** Route parameters, where the platform routes. */
  readonly params?: Params | undefined;
  /** The environment that the server in front adds (`REMOTE_USER`). Never fill it from client headers. */
  readonly META?: Meta | undefined;
}

/** The platform's request in the shape of Node's, with a body that is read as from a socket. */
export class FetchRequest extends Readable implements HostRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly socket: { readonly remoteAddress: string | undefined; readonly encrypted: boolean };
  readonly params: Params | undefined;
  readonly META: Meta | undefined;
  readonly #body: ReadableStreamDefaultReader<Uint8Array> | null;

  constructor(request: globalThis.Request, details: HostDetails) {
    super({ signal: signalOf(request) });
    // A client that goes away is an error of the stream. Without a listener it would end the process.
    this.on('error', () => undefined);
    const { protocol, host, pathname, search } = new URL(request.url);
    this.method = request.method;
    this.url = pathname + search;
    this.headers = { host, ...framingOf(request), ...Object.fromEntries(request.headers) };
    this.socket = { remoteAddress: details.remoteAddress, encrypted: protocol === 'https:' };
    this.params = details.params;
    this.META = details.META;
    this.#body = request.body === null ? null : request.body.getReader();
  }

  override _read(): void {
    void this.#pushNext();
  }

  async #pushNext(): Promise<void> {
    try {
      const next = await this.#body?.read();
      this.push(next?.value ?? null);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    done(error);
    // A source that can't stop has nobody left to tell.
    this.#body?.cancel(error).catch(() => undefined);
  }
}

/** Tells when the client goes away. Workers have none, whatever the type says. */
export function signalOf(request: globalThis.Request): AbortSignal | undefined {
  return request.signal;
}

/** A platform need not name the framing of a body that it has taken apart; by these headers a body is known to be there. */
function framingOf({ body, headers }: globalThis.Request): Readonly<Record<string, string>> {
  return body === null || headers.has('content-length') ? {} : { 'transfer-encoding': 'chunked' };
}
