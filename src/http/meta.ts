import type { RawHeaders } from './headers';
import { headerValue } from './headers';

/** The environment of a request under WSGI's names. Client headers stand only under `HTTP_…`, so none can pose as the server's. */
export type Meta = Readonly<Record<string, string | undefined>>;

export interface MetaSource {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: RawHeaders;
  readonly remoteAddress: string | undefined;
  /** What the server in front adds, such as `REMOTE_USER`. */
  readonly additions: Meta | undefined;
}

export function buildMeta(source: MetaSource): Meta {
  const meta: Record<string, string | undefined> = {
    REQUEST_METHOD: source.method,
    PATH_INFO: source.path,
    QUERY_STRING: source.query,
    REMOTE_ADDR: source.remoteAddress,
  };
  for (const name of Object.keys(source.headers)) {
    const value = headerValue(source.headers, name);
    // A header with an underscore would land on the key of the one with a hyphen, so it is left out, as WSGI servers do.
    if (value === undefined || name.includes('_')) continue;
    const key = name.toUpperCase().replaceAll('-', '_');
    meta[key === 'CONTENT_TYPE' || key === 'CONTENT_LENGTH' ? key : `HTTP_${key}`] = value;
  }
  return Object.freeze(Object.assign(meta, source.additions));
}
