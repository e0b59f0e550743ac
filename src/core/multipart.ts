import { decodeBase64 } from '../http/base64';
import { ByteCollector } from '../http/byte-collector';
import type { Charset } from '../http/charset';
import { parseMediaType } from '../http/media-types';
import {
  Base64Decoder,
  boundaryOf,
  decodeLoosely,
  describePart,
  InvalidBase64,
  type PartDescription,
  type PartHeaders,
} from '../http/multipart';
import { QueryDict } from '../http/query';
import { ParseError, RequestEntityTooLarge } from './exceptions';
import type { HostRequest } from './host';
import { BaseParser, DataAndFiles, type ParserContext, type RequestStream } from './parsers';
import type { Settings } from './settings';
import { bodyChunks } from './uploads/body-chunks';
import { splitMultipart, TooManyParts, type PartSink } from './uploads/parts';
import type { UploadedFile } from './uploads/uploaded-file';
import { NoPlaceForUpload, Uploads } from './uploads/uploads';

/** Characters of all headers of a part; as much as Node allows a whole request. */
const MAX_PART_HEADERS = 16_384;

/** The form that was read, kept on the host's request: its stream can't be read again by a second view. */
const FORM: unique symbol = Symbol.for('sallyport.form') as never;
type ReadRequest = HostRequest & { [FORM]?: DataAndFiles<UploadedFile> };

/**
 * `multipart/form-data`: fields and files. Files are not held in memory beyond the setting `fileUploadMaxMemorySize`;
 * what is larger rests in temporary files, which are removed with the request.
 */
export class MultiPartParser extends BaseParser {
  readonly mediaType: string = 'multipart/form-data';

  /**
   * @throws ParseError for a malformed body
   * @throws RequestEntityTooLarge over a limit of the settings
   */
  async parse(stream: RequestStream, mediaType: string, context: ParserContext): Promise<DataAndFiles<UploadedFile>> {
    const boundary = boundaryOf(mediaType);
    if (boundary === null) {
      const named = parseMediaType(mediaType).params.get('boundary') ?? 'None';
      throw malformed(`Invalid boundary in multipart: ${named}`);
    }
    const raw = context.request.raw as ReadRequest;
    return (raw[FORM] ??= await this.#read(stream, boundary, context));
  }

  async #read(stream: RequestStream, boundary: string, context: ParserContext): Promise<DataAndFiles<UploadedFile>> {
    const { dataUploadMaxNumberFields: fields, dataUploadMaxNumberFiles: files } = this.settings;
    const form = new Form(this.settings, context);
    try {
      await splitMultipart(bodyChunks(stream, context), {
        boundary,
        maxParts: (fields ?? Infinity) + (files ?? Infinity),
        open: (headers) => form.open(headers),
      });
      return form.result();
    } catch (error) {
      await form.discard();
      throw toAnswer(error);
    }
  }
}

function malformed(message: string): ParseError {
  return new ParseError(`Multipart form parse error - ${message}`);
}

function toAnswer(error: unknown): unknown {
  if (error instanceof InvalidBase64) return malformed('Could not decode base64 data.');
  if (error instanceof TooManyParts) return new RequestEntityTooLarge('Request has too many fields.');
  if (error instanceof NoPlaceForUpload) return new RequestEntityTooLarge();
  return error;
}

/** The parts of one body, as far as they have come. */
class Form {
  readonly #settings: Settings;
  readonly #charset: Charset;
  readonly #uploads: Uploads;
  /** In the order of the parts, though a file that goes to disk may be complete later than the next. */
  readonly #fields: { readonly name: string; value: string }[] = [];
  readonly #files: { readonly name: string; file?: UploadedFile }[] = [];
  #dataSize = 0;

  constructor(settings: Settings, { request, charset }: ParserContext) {
    this.#settings = settings;
    this.#charset = charset;
    this.#uploads = new Uploads(settings, request.raw);
  }

  open(headers: PartHeaders): PartSink | null {
    if (sizeOf(headers) > MAX_PART_HEADERS) throw new RequestEntityTooLarge('Request has too long headers in a part.');
    const part = describePart(headers, this.#charset);
    if (part === null) return null;
    return part.isFile ? this.#openFile(part) : this.#openField(part);
  }

  #openField({ name, isBase64 }: PartDescription): PartSink {
    const entry = { name, value: '' };
    this.#fields.push(entry);
    checkNumber(this.#fields, this.#settings.dataUploadMaxNumberFields, 'fields');
    this.#countData(name.length + 2); // with the = and & of a form that is no multipart one, as Django counts
    const bytes = new ByteCollector();
    return {
      write: (chunk) => {
        this.#countData(chunk.length);
        bytes.append(chunk);
      },
      end: () => {
        const content = bytes.take();
        const decoded = isBase64 ? decodeBase64(content.toString('latin1')) : null;
        entry.value = decodeLoosely(decoded ?? content, this.#charset);
      },
    };
  }

  #openFile({ name, fileName, contentType, isBase64 }: PartDescription): PartSink | null {
    const entry: { readonly name: string; file?: UploadedFile } = { name };
    this.#files.push(entry);
    checkNumber(this.#files, this.#settings.dataUploadMaxNumberFiles, 'files');
    if (fileName === null) return null;
    const writer = this.#uploads.receive(fileName, contentType);
    const decoder = isBase64 ? new Base64Decoder() : null;
    return {
      write: (chunk) => writer.write(decoder === null ? chunk : decoder.push(chunk)),
      end: async (isWhole) => {
        if (isWhole) decoder?.end();
        const file = await writer.finish();
        // As in Django, a file that the body cuts off hasn't come; of a field, what has come counts.
        if (isWhole) entry.file = file;
      },
    };
  }

  #countData(bytes: number): void {
    this.#dataSize += bytes;
    if (this.#dataSize > (this.#settings.dataUploadMaxMemorySize ?? Infinity)) throw new RequestEntityTooLarge();
  }

  result(): DataAndFiles<UploadedFile> {
    const files = new QueryDict<UploadedFile>();
    for (const { name, file } of this.#files) if (file !== undefined) files.append(name, file);
    return new DataAndFiles(new QueryDict(this.#fields.map(({ name, value }) => [name, value] as const)), files);
  }

  discard(): Promise<void> {
    return this.#uploads.discard();
  }
}

function sizeOf(headers: PartHeaders): number {
  let size = 0;
  for (const name in headers) {
    for (const value of headers[name]!) size += name.length + value.length;
  }
  return size;
}

function checkNumber(entries: readonly unknown[], limit: number | null, what: string): void {
  if (limit !== null && entries.length > limit) throw new RequestEntityTooLarge(`Request has too many ${what}.`);
}
