import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Meta } from '../http/meta';
import {
  ContentEncoder,
  NO_CONTENT,
  withQuery,
  type Content,
  type ContentOptions,
  type EncodingOptions,
} from './encoding';
import type { RequestDescription } from './exchange';

/** What a request may have beside its path and data. */
export interface RequestOptions extends ContentOptions {
  /** Headers by name, in any case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether it comes over https. @default false */
  readonly secure?: boolean;
  /** @default '127.0.0.1' */
  readonly remoteAddress?: string;
  /** What the server in front adds, such as `REMOTE_USER`; headers of the client don't belong here. */
  readonly META?: Meta;
}

/** The body of a request of any method, as it is. */
export interface RawData {
  readonly data?: string | Uint8Array;
}

/** What all requests of a factory or client have. */
export interface RequestDefaults extends EncodingOptions, Omit<RequestOptions, keyof ContentOptions> {
  /** Whether session authentication looks for CSRF tokens, as it does in production. @default false */
  readonly enforceCsrfChecks?: boolean;
}

/** The parameters of a query; a list is a name that is there several times. */
export type QueryData = Readonly<Record<string, unknown>> | URLSearchParams | null;

/** The methods that requests are made with. What becomes of one is the subclass's business. */
export abstract class RequestMethods<Result, Options extends RequestOptions = RequestOptions> {
  readonly #defaults: RequestDefaults;
  readonly #encoder: ContentEncoder;

  constructor(defaults: RequestDefaults = {}) {
    this.#defaults = defaults;
    this.#encoder = new ContentEncoder(defaults);
  }

  /** @param query replaces the query of the path, if it is not empty */
  get(path: string, query: QueryData = null, options?: Options): Result {
    return this.#make({ method: 'GET', path: withQuery(path, query), ...NO_CONTENT }, options);
  }

  /** @param query replaces the query of the path, if it is not empty */
  head(path: string, query: QueryData = null, options?: Options): Result {
    return this.#make({ method: 'HEAD', path: withQuery(path, query), ...NO_CONTENT }, options);
  }

  /** @param data without it the body is empty; see `format` and `contentType` for what becomes of it */
  post(path: string, data?: unknown, options?: Options): Result {
    return this.#make({ method: 'POST', path, ...this.#encode(data, options) }, options);
  }

  /** @param data as for `post` */
  put(path: string, data?: unknown, options?: Options): Result {
    return this.#make({ method: 'PUT', path, ...this.#encode(data, options) }, options);
  }

  /** @param data as for `post` */
  patch(path: string, data?: unknown, options?: Options): Result {
    return this.#make({ method: 'PATCH', path, ...this.#encode(data, options) }, options);
  }

  /** @param data as for `post` */
  delete(path: string, data?: unknown, options?: Options): Result {
    return this.#make({ method: 'DELETE', path, ...this.#encode(data, options) }, options);
  }

  /** @param data as for `post` */
  options(path: string, data?: unknown, options?: Options): Result {
    return this.#make({ method: 'OPTIONS', path, ...this.#encode(data, options) }, options);
  }

  /**
   * Any method with any body.
   * @param options.data sent as it is; its type is `application/octet-stream` unless `contentType` says otherwise
   */
  generic(method: string, path: string, options?: Options & RawData): Result {
    const body = Buffer.from(options?.data ?? '');
    const contentType = options?.contentType ?? (body.length > 0 ? 'application/octet-stream' : null);
    return this.#make({ method, path, body, contentType }, options);
  }

  protected abstract deliver(description: RequestDescription, options?: Options): Result;

  #encode(data: unknown, options: ContentOptions = {}): Content {
    return this.#encoder.encode(data, options);
  }

  #make(line: { readonly method: string; readonly path: string } & Content, options?: Options): Result {
    const chosen: RequestDefaults = { ...this.#defaults, ...options };
    const { host, url, secure } = targetOf(line.path, chosen.secure ?? false);
    const ownHeaders: Record<string, string> = { host };
    if (line.contentType !== null) ownHeaders['content-type'] = line.contentType;
    const size = line.body instanceof Blob ? line.body.size : line.body.length;
    if (size > 0) ownHeaders['content-length'] = String(size);
    const description: RequestDescription = {
      method: line.method,
      url,
      headers: { ...ownHeaders, ...toHeaders(this.#defaults.headers), ...toHeaders(options?.headers) },
      body: line.body,
      secure,
      remoteAddress: chosen.remoteAddress ?? '127.0.0.1',
      META: chosen.META,
      enforceCsrfChecks: this.#defaults.enforceCsrfChecks ?? false,
    };
    return this.deliver(description, options);
  }
}

/** Where a request goes: an absolute URL says all, a path leaves the host to `testserver`. */
export function targetOf(path: string, secure: boolean): Pick<RequestDescription, 'url' | 'secure'> & { host: string } {
  const [, scheme, host, rest] = /^(https?):\/\/([^/?#]*)(.*)$/is.exec(path) ?? [];
  const target = (rest ?? path).split('#', 1)[0]!;
  return {
    host: host ?? 'testserver',
    // A request line holds ASCII without blanks. Escapes, dots and double slashes stay as they are: tests may mean them.
    url: (target.startsWith('?') || target === '' ? `/${target}` : target).replace(/[^!-~]+/g, encodeURIComponent),
    secure: scheme === undefined ? secure : scheme.toLowerCase() === 'https',
  };
}

/**
 * Names in small letters, as Node gives them to an app.
 * @throws TypeError for a value that no header can have
 */
export function toHeaders(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      validateHeaderName(name);
      validateHeaderValue(name, value);
      return [name.toLowerCase(), value];
    }),
  );
}
