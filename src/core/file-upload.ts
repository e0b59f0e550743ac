import { LATIN_1 } from '../http/charset';
import { headerValue } from '../http/headers';
import { dispositionParameter } from '../http/multipart';
import { QueryDict } from '../http/query';
import { ParseError } from './exceptions';
import { BaseParser, DataAndFiles, type ParserContext, type RequestStream } from './parsers';
import { bodyChunks } from './uploads/body-chunks';
import type { UploadedFile } from './uploads/uploaded-file';
import { NoPlaceForUpload, Uploads } from './uploads/uploads';

/**
 * Takes a body of any type as one file, under the key `file`. Its name is the route parameter `filename`, else that of
 * the header `Content-Disposition`.
 *
 * @example path('upload/<str:filename>', Upload.asView())
 */
export class FileUploadParser extends BaseParser {
  readonly mediaType: string = '*/*';

  /**
   * @throws ParseError without a file name, and for a file that is too large for memory where the setting
   * `fileUploadTempDir` forbids temporary files
   * @throws RequestEntityTooLarge over the setting `fileUploadMaxSize`
   */
  async parse(stream: RequestStream, mediaType: string, context: ParserContext): Promise<DataAndFiles<UploadedFile>> {
    const name = bareName(this.getFilename(stream, mediaType, context));
    if (name === null) {
      throw new ParseError(
        'Missing filename. Request should include a Content-Disposition header with a filename parameter.',
      );
    }
    const uploads = new Uploads(this.settings, context.request.raw);
    try {
      const writer = uploads.receive(name, context.request.contentType);
      for await (const chunk of bodyChunks(stream, context)) await writer.write(chunk);
      return new BareFile(await writer.finish());
    } catch (error) {
      await uploads.discard();
      if (!(error instanceof NoPlaceForUpload)) throw error;
      throw new ParseError('FileUpload parse error - none of upload handlers can handle the stream');
    }
  }

  /** The name of the file; null when the request has none. */
  getFilename(_stream: RequestStream, _mediaType: string, { params, request }: ParserContext): string | null {
    const { filename } = params;
    if (typeof filename === 'string') return filename;
    const disposition = headerValue(request.raw.headers, 'content-disposition');
    return disposition === undefined ? null : dispositionParameter(disposition, 'filename', LATIN_1);
  }
}

function bareName(name: string | null): string | null {
  const bare = name?.split('/').at(-1) ?? '';
  return bare === '' || bare === '.' || bare === '..' ? null : bare;
}

/** A body that is a file and no form: its data is a plain object. */
class BareFile extends DataAndFiles<UploadedFile> {
  constructor(file: UploadedFile) {
    super(new QueryDict(), new QueryDict([['file', file]]));
  }

  override merged(): Record<string, UploadedFile> {
    return this.files.toJSON();
  }
}
