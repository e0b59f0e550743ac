import { BodyInterrupted, BodyTooLarge, readBody, type BodySource } from '../http/body';
import { headerValue } from '../http/headers';
import { QueryDict } from '../http/query';
import { isAPIException, ParseError, RequestEntityTooLarge, UnsupportedMediaType } from './exceptions';
import type { HostRequest } from './host';
import { charsetOf, DataAndFiles, isFormMediaType, type Parser, type RequestStream } from './parsers';
import { isPromiseLike, type Awaitable } from './policy';
import { DataPending, wrapAttributeError } from './request-errors';
import type { Request, RequestParts } from './request';

/** The bytes of a body, kept on the host's request: a second view on it must be able to read them again. */
const BODY: unique symbol = Symbol.for('sallyport.body') as never;
type ReadRequest = HostRequest & { [BODY]?: Buffer; readonly rawBody?: unknown };

type Http2Request = HostRequest & { readonly stream?: { readonly endAfterHeaders?: boolean } };

/** Whether a request carries a body. */
export function hasBody(raw: HostRequest): boolean {
  const { headers } = raw;
  const length = headers['content-length'];
  if (length !== undefined) return Number(length) > 0;
  if (headers['transfer-encoding'] !== undefined) return true;
  // HTTP/2 needs neither header: a request without a body ends with its head.
  return (raw as Http2Request).stream?.endAfterHeaders === false;
}

/** What the client is told of a body that could not be read. */
function refuseUnread(error: unknown): never {
  if (error instanceof BodyTooLarge) throw new RequestEntityTooLarge();
  if (error instanceof BodyInterrupted) throw new ParseError('Request body ended early.');
  throw error;
}

/** The body of one request: nothing is read until somebody asks, and it is parsed once. */
export class RequestBody {
  readonly #request: Request;
  readonly #raw: ReadRequest;
  readonly #parts: RequestParts;
  #known = false;
  #data: unknown = undefined;
  #fields: QueryDict | undefined;
  #files: QueryDict<unknown> | undefined;
  #failure: { readonly error: unknown; readonly lasting: boolean } | undefined;
  #pending: PromiseLike<void> | undefined;
  #bytes: Promise<Buffer> | undefined;

  constructor(request: Request, parts: RequestParts) {
    this.#request = request;
    this.#raw = request.raw;
    this.#parts = parts;
  }

  get data(): unknown {
    this.#knowNow();
    return this.#data;
  }

  /** The parsed body without its error, which is kept for whoever reads `data`; empty until it is loaded. */
  get parsed(): unknown {
    return this.#data;
  }

  get files(): QueryDict<unknown> {
    this.#knowNow();
    return (this.#files ??= new QueryDict<unknown>());
  }

  get fields(): QueryDict {
    this.#knowNow();
    return (this.#fields ??= new QueryDict());
  }

  load(): Awaitable<void> {
    if (this.#known) return undefined;
    return (this.#pending ??= this.#begin());
  }

  /** One reading for all who ask, since the stream can be read only once. */
  bytes(): Promise<Buffer> {
    return (this.#bytes ??= this.#read());
  }

  #read(): Promise<Buffer> {
    const raw = this.#raw;
    const kept = raw[BODY] ?? this.#keptByHost();
    if (kept !== undefined) return Promise.resolve((raw[BODY] = kept));
    if (this.#hostHasRead()) {
      return Promise.reject(
        new Error(
          'The bytes of the body are gone: a parser of the host has read them. Keep them there, ' +
            'for example with express.json({ verify(req, res, bytes) { req.rawBody = bytes; } }).',
        ),
      );
    }
    const length = headerValue(raw.headers, 'content-length');
    const limit = this.#parts.settings.dataUploadMaxMemorySize;
    // A body that says it is too large is refused before a byte of it is read.
    if (limit !== null && Number(length ?? 0) > limit) return Promise.reject(new RequestEntityTooLarge());
    return readBody(raw as BodySource, limit).then((bytes) => (raw[BODY] = bytes), refuseUnread);
  }

  #keptByHost(): Buffer | undefined {
    const { rawBody } = this.#raw;
    if (rawBody instanceof Uint8Array) return Buffer.from(rawBody);
    return hasBody(this.#raw) ? undefined : Buffer.alloc(0);
  }

  #hostHasRead(): boolean {
    return this.#raw.readableDidRead === true || this.#raw.readableEnded === true || typeof this.#raw.on !== 'function';
  }

  #knowNow(): void {
    if (!this.#known && isPromiseLike(this.load())) throw new DataPending();
    const failure = this.#failure;
    if (failure === undefined) return;
    if (!failure.lasting) this.#failure = undefined;
    throw failure.error;
  }

  #begin(): PromiseLike<void> | undefined {
    const { contentType } = this.#request;
    const kept = this.#raw[BODY];
    if (kept === undefined ? !hasBody(this.#raw) : kept.length === 0) {
      this.#settleEmpty(isFormMediaType(contentType));
      return undefined;
    }
    const { view } = this.#parts;
    const parser = view.getContentNegotiator().selectParser(this.#request, view.getParsers());
    if (parser === null) {
      this.#fail(new UnsupportedMediaType(contentType), true);
      return undefined;
    }
    if (kept === undefined && this.#raw.body !== undefined && this.#hostHasRead()) {
      this.#settle(this.#raw.body);
      return undefined;
    }
    return this.#parse(parser, contentType);
  }

  #parse(parser: Parser, contentType: string): PromiseLike<void> | undefined {
    const { view, params } = this.#parts;
    const kept = this.#raw[BODY];
    const stream: RequestStream = {
      read: () => kept ?? this.bytes(),
      source: kept === undefined && typeof this.#raw.on === 'function' ? (this.#raw as BodySource) : null,
    };
    const context = { view, params, request: this.#request, charset: charsetOf(contentType) };
    const onError = (error: unknown): void => {
      this.#failToParse(error, contentType);
    };
    try {
      const parsed = parser.parse(stream, contentType, context);
      if (isPromiseLike(parsed)) return parsed.then((data) => this.#settle(data), onError);
      this.#settle(parsed);
    } catch (error) {
      onError(error);
    }
    return undefined;
  }

  #failToParse(error: unknown, contentType: string): void {
    // A chunked body may turn out to be empty; nothing needs a parser then.
    if (this.#raw[BODY]?.length === 0) this.#settleEmpty(isFormMediaType(contentType));
    else this.#fail(isAPIException(error) ? error : wrapAttributeError(error), false);
  }

  #settle(parsed: unknown): void {
    this.#known = true;
    this.#pending = undefined;
    if (!(parsed instanceof DataAndFiles)) {
      this.#data = parsed;
      if (parsed instanceof QueryDict) this.#fields = parsed as QueryDict;
      return;
    }
    this.#fields = parsed.data;
    this.#files = parsed.files;
    this.#data = parsed.merged();
  }

  #settleEmpty(form: boolean): void {
    this.#settle(form ? new QueryDict() : {});
  }

  #fail(error: unknown, lasting: boolean): void {
    this.#settleEmpty(true);
    this.#failure = { error, lasting };
  }
}
