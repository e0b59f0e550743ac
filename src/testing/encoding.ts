import { ImproperlyConfigured } from '../core/errors';
import type { PolicyClass } from '../core/policy';
import { JSONRenderer, type RendererContext } from '../core/renderers';
import { defaultSettings } from '../core/settings';
import { MultiPartRenderer, scalarText, type TestRequestRenderer } from './renderers';
import { isJSON } from './response';

/** A body and what it is. */
export interface Content {
  readonly body: Uint8Array | Blob;
  readonly contentType: string | null;
}

/** The forms in which data can be sent, under DRF's names. */
export interface EncodingOptions {
  /** The form of data where a request names none. @default 'multipart' */
  readonly testRequestDefaultFormat?: string;
  /** The forms that there are. @default [MultiPartRenderer, JSONRenderer] */
  readonly testRequestRendererClasses?: readonly PolicyClass<TestRequestRenderer>[];
}

/** How the data of a request becomes its body. */
export interface ContentOptions {
  /** The word of a renderer: `'multipart'`, `'json'`. */
  readonly format?: string;
  /** Sends text and bytes as they are under this type; other data only as JSON. */
  readonly contentType?: string;
}

export const NO_CONTENT: Content = Object.freeze({ body: new Uint8Array(), contentType: null });

/** Turns the data of tests into bodies. */
export class ContentEncoder {
  readonly #defaultFormat: string;
  readonly #renderers: ReadonlyMap<string | null, TestRequestRenderer>;

  constructor(options: EncodingOptions) {
    this.#defaultFormat = options.testRequestDefaultFormat ?? 'multipart';
    const classes = options.testRequestRendererClasses ?? [MultiPartRenderer, JSONRenderer];
    this.#renderers = new Map(
      classes.map((Class) => {
        const renderer = new Class(defaultSettings);
        return [renderer.format, renderer];
      }),
    );
  }

  /** @throws TypeError for a format that there is none of, and for data that it can't express */
  encode(data: unknown, { format, contentType }: ContentOptions): Content {
    if (data === null || data === undefined) return { ...NO_CONTENT, contentType: contentType ?? null };
    if (contentType !== undefined) {
      if (format !== undefined) throw new TypeError('You may not set both `format` and `contentType`.');
      return encodeAs(contentType, data);
    }
    return this.#render(data, format ?? this.#defaultFormat);
  }

  #render(data: unknown, format: string): Content {
    const renderer = this.#renderers.get(format);
    if (renderer === undefined) {
      const known = [...this.#renderers.keys()].map((word) => `'${String(word)}'`).join(', ');
      throw new TypeError(
        `Invalid format '${format}'. Available formats are ${known}. Set testRequestRendererClasses to enable extra request formats.`,
      );
    }
    const { mediaType, charset } = renderer;
    // No view stands behind a request that is being made.
    const rendered = renderer.render(data, mediaType, {} as RendererContext);
    return {
      body: toBody(rendered ?? '', mediaType),
      contentType: charset === null ? mediaType : `${mediaType}; charset=${charset}`,
    };
  }
}

function encodeAs(contentType: string, data: unknown): Content {
  const encoded = isJSON(contentType) && typeof data !== 'string' && !isBinary(data) ? JSON.stringify(data) : data;
  return { body: toBody(encoded, contentType), contentType };
}

function isBinary(data: unknown): data is Uint8Array | Blob {
  return data instanceof Uint8Array || data instanceof Blob;
}

function toBody(data: unknown, what: string): Uint8Array | Blob {
  if (isBinary(data)) return data;
  if (typeof data === 'string') return Buffer.from(data);
  if (data instanceof Promise) {
    throw new ImproperlyConfigured(
      `The renderer of ${what} is asynchronous. Requests of tests are made synchronously.`,
    );
  }
  throw new TypeError(`A body of type ${what} is text or bytes. Write it as such, or choose a \`format\`.`);
}

/** The path with its query, which data replaces; lists are names that are there several times. */
export function withQuery(path: string, data: Readonly<Record<string, unknown>> | URLSearchParams | null): string {
  const query = new URLSearchParams(data === null || data instanceof URLSearchParams ? (data ?? '') : pairsOf(data));
  if (query.size === 0) return path;
  const mark = path.indexOf('?');
  return `${mark < 0 ? path : path.slice(0, mark)}?${query.toString()}`;
}

function pairsOf(data: Readonly<Record<string, unknown>>): [string, string][] {
  return Object.entries(data).flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as unknown[]) : [value]).map((item): [string, string] => {
      const text = scalarText(item);
      if (text !== null) return [name, text];
      throw new TypeError(
        `Cannot encode ${item === null ? 'null' : typeof item} for key '${name}' in a query string. Did you mean to pass an empty string or omit the value?`,
      );
    }),
  );
}
