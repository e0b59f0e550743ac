import { ByteCollector } from '../../../http/byte-collector';

/** How a document of another server is fetched. */
export interface FetchOptions {
  readonly url: string;
  /** Seconds. */
  readonly timeout: number;
  /** Bytes. */
  readonly maxSize: number;
  readonly fetch: (url: string, init: RequestInit) => Promise<globalThis.Response>;
}

export interface FetchedDocument {
  readonly bytes: Buffer;
  /** Seconds that its server lets it be kept; null where it says nothing. */
  readonly maxAge: number | null;
}

/**
 * Fetches a document, within its time and size. Redirects are not followed: they may lead to where nobody meant to ask.
 * @throws Error whatever goes wrong
 */
export async function fetchDocument({ url, timeout, maxSize, fetch }: FetchOptions): Promise<FetchedDocument> {
  const response = await fetch(url, {
    redirect: 'error',
    headers: { Accept: 'application/jwk-set+json, application/json' },
    signal: AbortSignal.timeout(timeout * 1000),
  });
  if (response.status !== 200) throw new Error(`The server answered ${String(response.status)}.`);
  const bytes = await readBounded(response, maxSize);
  return { bytes, maxAge: maxAgeOf(response.headers.get('Cache-Control')) };
}

async function readBounded({ body }: globalThis.Response, maxSize: number): Promise<Buffer> {
  const collected = new ByteCollector();
  if (body === null) return collected.take();
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    collected.append(chunk);
    if (collected.size > maxSize) throw new Error(`The document has more than ${String(maxSize)} bytes.`);
  }
  return collected.take();
}

/** RFC 9111, section 5.2.2. */
function maxAgeOf(cacheControl: string | null): number | null {
  const directives = (cacheControl ?? '').toLowerCase();
  if (/(?:^|[\s,])no-(?:store|cache)(?:$|[\s,=])/.test(directives)) return 0;
  const seconds = /(?:^|[\s,])max-age="?(\d{1,9})"?(?:$|[\s,])/.exec(directives)?.[1];
  return seconds === undefined ? null : Number(seconds);
}
