import { BodyInterrupted } from '../../http/body';
import { chunksOf } from '../../http/chunks';
import { headerValue } from '../../http/headers';
import { ParseError, RequestEntityTooLarge } from '../exceptions';
import type { ParserContext, RequestStream } from '../parsers';

/**
 * The chunks of a body with files, which is not held in memory.
 * @throws RequestEntityTooLarge over the setting `fileUploadMaxSize`
 * @throws ParseError when the client went away
 */
export async function* bodyChunks(
  stream: RequestStream,
  { request }: ParserContext,
): AsyncGenerator<Buffer, void, undefined> {
  const limit = request.settings.fileUploadMaxSize ?? Infinity;
  // A body that says it is too large is refused before a byte of it is read.
  if (Number(headerValue(request.raw.headers, 'content-length') ?? 0) > limit) throw new RequestEntityTooLarge();
  let size = 0;
  try {
    for await (const chunk of await open(stream)) {
      size += chunk.length;
      if (size > limit) throw new RequestEntityTooLarge();
      yield chunk;
    }
  } catch (error) {
    if (error instanceof BodyInterrupted) throw new ParseError('Request body ended early.');
    throw error;
  }
}

async function open(stream: RequestStream): Promise<AsyncIterable<Buffer> | Iterable<Buffer>> {
  const { source } = stream;
  // Bytes that somebody has read before are kept, or `read` says how to keep them.
  return source === null || source.readableEnded === true ? [await stream.read()] : chunksOf(source);
}
