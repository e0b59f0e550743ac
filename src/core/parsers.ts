import type { BodySource } from '../http/body';
import { decodeBytes, findCharset, UndecodableText, UTF_8, type Charset } from '../http/charset';
import { isNestedDeeperThan } from '../http/json';
import { InvalidJSON, readJSON } from '../http/json-reader';
import { parseMediaType } from '../http/media-types';
import { parseQuery, QueryDict, TooManyFields } from '../http/query';
import { ParseError, RequestEntityTooLarge } from './exceptions';
import type { Awaitable } from './policy';
import type { Request } from './request';
import type { Settings } from './settings';
import type { APIView, Params } from './views';

/** What a parser may look at beside the body. */
export interface ParserContext {
  readonly view: APIView;
  readonly params: Params;
  readonly request: Request;
  /** The charset of the content type if it is known, else `utf-8`. */
  readonly charset: Charset;
}

/** The body as it comes from the socket. */
export interface RequestStream {
  /**
   * All bytes, within the memory limit of the settings (`dataUploadMaxMemorySize`).
   * @throws RequestEntityTooLarge, ParseError
   */
  read(): Awaitable<Buffer>;
  /** The host's stream, for parsers that don't want the whole in memory; null when the bytes were read before. */
  readonly source: BodySource | null;
}

/** Turns a body into data. */
export interface Parser {
  /** The media type that it reads; `*` matches anything. */
  readonly mediaType: string;
  parse(stream: RequestStream, mediaType: string, context: ParserContext): Awaitable<unknown>;
}

/** What a parser returns that reads files too. */
export class DataAndFiles<File = unknown> {
  constructor(
    readonly data: QueryDict,
    readonly files: QueryDict<File>,
  ) {}

  /** What `request.data` shows: fields, and files beside them. */
  merged(): QueryDict<string | File> | Record<string, File> {
    const merged = new QueryDict<string | File>();
    for (const [name, values] of this.data.lists()) merged.setlist(name, values);
    for (const [name, values] of this.files.lists()) for (const value of values) merged.append(name, value);
    return merged;
  }
}

/** The base of parsers: bodies of one media type in, data out. */
export abstract class BaseParser implements Parser {
  abstract readonly mediaType: string;

  constructor(protected readonly settings: Settings) {}

  abstract parse(stream: RequestStream, mediaType: string, context: ParserContext): Awaitable<unknown>;
}

// For subclasses in JavaScript, where `abstract` says nothing.
BaseParser.prototype.parse = () => {
  throw new Error('.parse() must be overridden.');
};

/**
 * `application/json`, in the charset of the content type, else UTF-8. Integers beyond 2^53 come as `bigint`, with all
 * their digits.
 */
export class JSONParser extends BaseParser {
  readonly mediaType: string = 'application/json';
  /** `NaN` and infinities are an error; the setting `strictJson`. */
  readonly strict: boolean | null = null;

  parse(stream: RequestStream, _mediaType: string, context: ParserContext): Promise<unknown> {
    // `then` in place of `await`: it costs half as much, and most writing requests come by here.
    return Promise.resolve(stream.read()).then((bytes) => this.#read(bytes, context.charset));
  }

  #read(bytes: Buffer, charset: Charset): unknown {
    const text = decodeOrFail(bytes, charset, 'JSON parse error');
    if (isNestedDeeperThan(text, this.settings.dataUploadMaxDepth)) {
      throw new RequestEntityTooLarge('Request body is nested too deeply.');
    }
    try {
      return readJSON(text, this.strict ?? this.settings.strictJson);
    } catch (error) {
      if (error instanceof InvalidJSON) throw new ParseError(`JSON parse error - ${error.message}`);
      throw error;
    }
  }
}

function decodeOrFail(bytes: Buffer, charset: Charset, prefix: string): string {
  try {
    return decodeBytes(bytes, charset);
  } catch (error) {
    if (error instanceof UndecodableText) throw new ParseError(`${prefix} - ${error.message}`);
    throw error;
  }
}

/** `application/x-www-form-urlencoded`: a `QueryDict`. */
export class FormParser extends BaseParser {
  readonly mediaType: string = 'application/x-www-form-urlencoded';

  async parse(stream: RequestStream, _mediaType: string, context: ParserContext): Promise<QueryDict> {
    const bytes = await stream.read();
    let text: string;
    try {
      text = decodeBytes(bytes, context.charset);
    } catch {
      text = bytes.toString('latin1'); // as Django does with a body that is no text in its charset
    }
    try {
      return parseQuery(text, this.settings.dataUploadMaxNumberFields ?? Infinity, (escaped) => {
        try {
          return decodeBytes(escaped, context.charset);
        } catch {
          return escaped.toString('utf8'); // with U+FFFD for what does not decode
        }
      });
    } catch (error) {
      if (error instanceof TooManyFields) throw new RequestEntityTooLarge('Request has too many fields.');
      throw error;
    }
  }
}

/** The charset that a content type names, if anybody knows it, else UTF-8. */
export function charsetOf(contentType: string): Charset {
  const name = parseMediaType(contentType).params.get('charset');
  return (name === undefined ? null : findCharset(name)) ?? UTF_8;
}

/** Whether a content type is one of the two that HTML forms send. */
export function isFormMediaType(contentType: string): boolean {
  const { mainType, subType } = parseMediaType(contentType);
  return (
    (mainType === 'application' && subType === 'x-www-form-urlencoded') ||
    (mainType === 'multipart' && subType === 'form-data')
  );
}
