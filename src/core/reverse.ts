import { encodeQuery, parseQuery } from '../http/query';
import { ImproperlyConfigured } from './exceptions';
import type { Request } from './request';
import { NoReverseMatch, URLTable, type ResolverMatch, type Route } from './urls';
import type { Params } from './views';

/** What `reverse` puts into a URL. */
export interface ReverseOptions {
  /** Route parameters. */
  readonly params?: Params;
  /** With a request the URL is absolute, and its versioning scheme takes part. */
  readonly request?: Request;
  /** The format suffix. */
  readonly format?: string;
}

const tables = new WeakMap<readonly Route[], URLTable>();

function tableOf(request: Request): URLTable {
  const match = (request.raw as { resolverMatch?: ResolverMatch }).resolverMatch;
  if (match !== undefined) return match.urls;
  const { urls } = request.settings;
  if (urls === null) {
    throw new ImproperlyConfigured(
      'reverse() knows no routes. Serve them with handle([path(…)]), or give the list as the setting `urls`.',
    );
  }
  let table = tables.get(urls);
  if (table === undefined) tables.set(urls, (table = new URLTable(urls)));
  return table;
}

/**
 * The URL of a named route (DRF's `reverse`). The request's versioning scheme adds its version, and the request's own
 * `format` query parameter is kept.
 *
 * @throws NoReverseMatch when no route has this name with these parameters
 * @throws ImproperlyConfigured when nobody said which routes there are
 */
export function reverse(viewName: string, options: ReverseOptions & { readonly request: Request }): string {
  const { request } = options;
  const scheme = request.versioningScheme;
  let url: string;
  try {
    url = scheme === null ? reverseUnversioned(viewName, options) : scheme.reverse(viewName, options);
  } catch (error) {
    if (scheme === null || !(error instanceof NoReverseMatch)) throw error;
    url = reverseUnversioned(viewName, options);
  }
  return preserveFormat(url, request);
}

/** `reverse` without the versioning scheme: what the schemes call. */
export function reverseUnversioned(viewName: string, options: ReverseOptions & { readonly request: Request }): string {
  const { request, format } = options;
  const suffix = request.settings.formatSuffixKwarg;
  const params = format === undefined ? options.params : { ...options.params, [suffix ?? 'format']: format };
  return request.buildAbsoluteUri(tableOf(request).reverse(viewName, params));
}

function preserveFormat(url: string, request: Request): string {
  const name = request.settings.urlFormatOverride;
  if (name === null || !request.hasQuery) return url;
  const value = request.queryParams.get(name);
  return value === undefined ? url : replaceQueryParam(url, name, value);
}

/** The URL with the parameter set; its parameters are sorted by name. */
export function replaceQueryParam(url: string, name: string, value: string): string {
  return editQuery(url, (query) => {
    query.set(name, value);
  });
}

/** The URL without the parameter; its other parameters are sorted by name. */
export function removeQueryParam(url: string, name: string): string {
  return editQuery(url, (query) => {
    query.delete(name);
  });
}

function editQuery(url: string, edit: (query: ReturnType<typeof parseQuery>) => void): string {
  const [, base = '', , text = '', fragment = ''] = /^([^?#]*)(\?([^#]*))?(#.*)?$/s.exec(url) ?? [];
  const query = parseQuery(text);
  edit(query);
  const encoded = encodeQuery(query);
  return `${base}${encoded === '' ? '' : `?${encoded}`}${fragment}`;
}
