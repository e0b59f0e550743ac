import { STATUS_CODES } from 'node:http';
import { encodeText } from '../http/charset';
import { mergeVary, ResponseHeaders, type HeadersInput } from '../http/headers';
import type { Awaitable } from './policy';
import { isPromiseLike } from './policy';
import type { Renderer, RendererContext } from './renderers';

/** What an answer is beside its data. */
export interface ResponseOptions {
  /** @default 200 */
  readonly status?: number;
  /** Names and values, or pairs of them; `Allow` and the type and length of the body are the library's. */
  readonly headers?: HeadersInput;
  /** The value of `Content-Type`, as it is; by default the renderer's media type. */
  readonly contentType?: string;
  /** The template of this answer, for renderers that fill one in. */
  readonly templateName?: string;
  /** Whether an exception handler made this answer. Then the unit of work is rolled back. */
  readonly exception?: boolean;
}

/** A body ready to be written, and the value of `Content-Type`; null when there is none. */
export interface RenderedBody {
  readonly body: string | Uint8Array;
  readonly contentType: string | null;
}

const BRAND = Symbol.for('sallyport.Response');

/**
 * What a view answers: data, rendered in the form that was negotiated. For ready bytes, redirects and streams answer
 * with the platform's own `Response` instead.
 *
 * @example return new Response({ id: note.id }, { status: 201 });
 */
export class Response<Data = unknown> {
  data: Data | null;
  status: number;
  contentType: string | null;
  templateName: string | null;
  exception: boolean;
  acceptedRenderer: Renderer | null = null;
  acceptedMediaType: string | null = null;
  rendererContext: RendererContext | null = null;
  #headers: ResponseHeaders | undefined;
  #defaults: Readonly<Record<string, string>> | undefined;

  constructor(data: Data | null = null, options: ResponseOptions = {}) {
    const { status = 200, contentType = null, templateName = null, exception = false, headers } = options;
    this.data = data;
    this.status = status;
    this.contentType = contentType;
    this.templateName = templateName;
    this.exception = exception;
    if (headers !== undefined) this.#headers = new ResponseHeaders(headers);
  }

  get [BRAND](): true {
    return true;
  }

  /** The headers of the answer. `Allow` is the cycle's and overwrites what the view sets; `Vary` is merged. */
  get headers(): ResponseHeaders {
    return (this.#headers ??= new ResponseHeaders(this.#defaults));
  }

  /** @internal The view's default headers, while nobody has looked at or set any other: most answers have no more. */
  get onlyDefaults(): Readonly<Record<string, string>> | undefined {
    return this.#headers === undefined ? this.#defaults : undefined;
  }

  /** @internal Adds the view's default headers: `Vary` is merged, others overwrite. */
  addDefaults(defaults: Readonly<Record<string, string>>): void {
    if (this.#headers === undefined) this.#defaults = defaults;
    else mergeInto(this.#headers, defaults);
  }

  /** The standard reason phrase of the status; empty for codes without one. */
  get statusText(): string {
    return STATUS_CODES[this.status] ?? '';
  }

  get statusCode(): number {
    return this.status;
  }

  /**
   * The body by the accepted renderer.
   * @throws Error when the cycle didn't say which renderer, media type and context were accepted
   */
  render(): Awaitable<RenderedBody> {
    const { acceptedRenderer: renderer, acceptedMediaType: mediaType, rendererContext: context } = this;
    if (renderer === null) throw new Error('.acceptedRenderer not set on Response');
    if (mediaType === null) throw new Error('.acceptedMediaType not set on Response');
    if (context === null) throw new Error('.rendererContext not set on Response');
    const rendered = renderer.render(this.data, mediaType, context);
    if (isPromiseLike(rendered)) return rendered.then((body) => this.#finish(renderer, body));
    return this.#finish(renderer, rendered);
  }

  #finish(renderer: Renderer, rendered: string | Uint8Array | null): RenderedBody {
    const { charset } = renderer;
    const contentType =
      this.contentType ?? (charset === null ? renderer.mediaType : `${renderer.mediaType}; charset=${charset}`);
    if (typeof rendered === 'string') {
      if (charset !== null) return { body: encodeText(rendered, charset), contentType };
      if (renderer.encodesUtf8 !== true)
        throw new Error('renderer returned text, and did not specify a charset value.');
    }
    // Empty bytes have no type, not even the one that the view gave; empty text keeps its own.
    if (rendered === null || rendered.length === 0) return { body: '', contentType: null };
    return { body: rendered, contentType };
  }
}

/** Recognises responses of another copy of the package too. */
export function isResponse(value: unknown): value is Response {
  return value !== null && typeof value === 'object' && BRAND in value;
}

/** Whether a value is the platform's own `Response`. */
export function isPlatformResponse(value: unknown): value is globalThis.Response {
  return value instanceof globalThis.Response || Object.prototype.toString.call(value) === '[object Response]';
}

function mergeInto(target: ResponseHeaders | Headers, headers: Readonly<Record<string, string>>): void {
  for (const name in headers) {
    const value = headers[name]!;
    const present = name === 'Vary' ? target.get(name) : null;
    target.set(name, present === null ? value : mergeVary(present, value));
  }
}

/** A copy of the platform's answer with a view's default headers; those of redirects can't be changed in place. */
export function withDefaults(
  response: globalThis.Response,
  defaults: Readonly<Record<string, string>>,
): globalThis.Response {
  const copy = new globalThis.Response(response.body, response);
  mergeInto(copy.headers, defaults);
  return copy;
}
