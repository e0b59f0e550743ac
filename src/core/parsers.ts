import { BodyInterrupted, BodyTooLarge, readBody, type BodySource } from '../http/body';
import { decodeBytes, findCharset, UndecodableText, type Charset } from '../http/charset';
import { isNestedDeeperThan } from '../http/json';
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
}

export abstract class BaseParser implements Parser {
  abstract readonly mediaType: string;

  constructor(protected readonly settings: Settings) {}

  abstract parse(stream: RequestStream, mediaType: string, context: ParserContext): Awaitable<unknown>;
}

/** `application/json`, in the charset of the content type, else UTF-8. */
export class JSONParser extends BaseParser {
  readonly mediaType: string = 'application/json';

  async parse(stream: RequestStream, _mediaType: string, context: ParserContext): Promise<unknown> {
    const bytes = await stream.read();
    const text = decodeOrFail(bytes, context.charset, 'JSON parse error');
    if (isNestedDeeperThan(text, this.settings.dataUploadMaxDepth)) {
      throw new RequestEntityTooLarge('Request body is nested too deeply.');
    }
    if (text.startsWith('\ufeff')) {
      throw new ParseError(
        'JSON parse error - Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)',
      );
    }
    try {
      return JSON.parse(text);
    } catch (error) {
      // The parser's message may quote the body, which may hold a password: only its place is told.
      throw new ParseError(`JSON parse error - Expecting value: ${placeOf(error)}`);
    }
  }
}

function placeOf(error: unknown): string {
  const at = error instanceof Error ? /at position (\d+)/.exec(error.message) : null;
  return at === null ? 'line 1 column 1 (char 0)' : `char ${at[1]!}`;
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
  return (name === undefined ? null : findCharset(name)) ?? 'utf-8';
}

/** Whether a content type is one of the two that HTML forms send. */
export function isFormMediaType(contentType: string): boolean {
  const { mainType, subType } = parseMediaType(contentType);
  return (
    (mainType === 'application' && subType === 'x-www-form-urlencoded') ||
    (mainType === 'multipart' && subType === 'form-data')
  );
}

/**
 * Reads a body into memory.
 * @throws RequestEntityTooLarge over `limit` bytes
 * @throws ParseError when the client went away
 */
export async function readWithin(source: BodySource, declared: number | null, limit: number | null): Promise<Buffer> {
  // A body that says it is too large is refused before a byte of it is read.
  if (declared !== null && limit !== null && declared > limit) throw new RequestEntityTooLarge();
  try {
    return await readBody(source, limit);
  } catch (error) {
    if (error instanceof BodyTooLarge) throw new RequestEntityTooLarge();
    if (error instanceof BodyInterrupted) throw new ParseError('Request body ended early.');
    throw error;
  }
}
