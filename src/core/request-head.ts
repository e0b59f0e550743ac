import { headerValue, withoutPseudoHeaders, type RawHeaders } from '../http/headers';
import { isAllowedHost } from '../http/hosts';
import { buildMeta, type Meta } from '../http/meta';
import { withoutOrigin } from '../http/paths';
import { parseQuery, TooManyFields, type QueryDict } from '../http/query';
import { DisallowedHost, RequestEntityTooLarge } from './exceptions';
import type { HostRequest } from './host';
import type { Settings } from './settings';

/** The part of a request that came before its body: method, URL and headers. Each is read when somebody asks. */
export class RequestHead {
  #query: QueryDict | undefined;
  #rawHeaders: RawHeaders | undefined;
  #headers: Headers | undefined;
  #meta: Meta | undefined;

  constructor(
    /** The host's request. Nothing of it shows through elsewhere. */
    readonly raw: HostRequest,
    readonly settings: Settings,
    readonly method: string,
  ) {}

  // The URL

  /** Path and query as the client sent them. */
  getFullPath(): string {
    return withoutOrigin(this.raw.originalUrl ?? this.raw.url ?? '/');
  }

  /** The path as the client sent it, without the query. */
  get path(): string {
    const full = this.getFullPath();
    const mark = full.indexOf('?');
    return mark < 0 ? full : full.slice(0, mark);
  }

  /** Whether the URL has a query at all. */
  get hasQuery(): boolean {
    return this.getFullPath().includes('?');
  }

  get queryParams(): QueryDict {
    if (this.#query !== undefined) return this.#query;
    try {
      return (this.#query = parseQuery(this.#queryText(), this.settings.dataUploadMaxNumberFields ?? Infinity));
    } catch (error) {
      if (error instanceof TooManyFields) throw new RequestEntityTooLarge('Request has too many query parameters.');
      throw error;
    }
  }

  #queryText(): string {
    const full = this.getFullPath();
    const mark = full.indexOf('?');
    if (mark < 0) return '';
    // Node hands out the bytes of the URL as latin-1 characters; clients mean UTF-8.
    return Buffer.from(full.slice(mark + 1), 'latin1').toString('utf8');
  }

  /** Whether the client's connection is encrypted, here or at the proxy that `secureProxySslHeader` names. */
  isSecure(): boolean {
    const trusted = this.settings.secureProxySslHeader;
    if (trusted !== null) {
      const value = headerValue(this.raw.headers, trusted[0].toLowerCase());
      if (value !== undefined) return value.split(',', 1)[0]!.trim() === trusted[1];
    }
    return this.raw.socket?.encrypted === true;
  }

  get scheme(): 'http' | 'https' {
    return this.isSecure() ? 'https' : 'http';
  }

  /**
   * The host and port that the client asked for.
   * @throws DisallowedHost for one that is malformed or that the setting `allowedHosts` doesn't name
   */
  getHost(): string {
    const { allowedHosts, useXForwardedHost } = this.settings;
    const forwarded = useXForwardedHost ? headerValue(this.raw.headers, 'x-forwarded-host') : undefined;
    const host = forwarded ?? headerValue(this.#sentHeaders, 'host') ?? '';
    // Whatever is allowed, a text that is no host would give URLs that lead elsewhere.
    if (!isAllowedHost(host, allowedHosts ?? ['*'])) {
      throw new DisallowedHost(`The host '${host}' is malformed or not among the allowedHosts of the settings.`);
    }
    return host;
  }

  /** An absolute URL for a path or relative reference; without one, for this request. */
  buildAbsoluteUri(location?: string): string {
    const origin = `${this.scheme}://${this.getHost()}`;
    // The request's own path is not resolved like a reference: `//evil.example/` would be another host.
    if (location === undefined) return new URL(origin + this.getFullPath()).href;
    return new URL(location, origin + this.path).href;
  }

  // Headers

  get #sentHeaders(): RawHeaders {
    return (this.#rawHeaders ??= withoutPseudoHeaders(this.raw.headers));
  }

  /** The headers, names without case. */
  get headers(): Headers {
    if (this.#headers === undefined) {
      this.#headers = new Headers();
      const sent = this.#sentHeaders;
      for (const name of Object.keys(sent)) this.#headers.set(name, headerValue(sent, name) ?? '');
    }
    return this.#headers;
  }

  get META(): Meta {
    return (this.#meta ??= buildMeta({
      method: this.method,
      path: this.path,
      query: this.#queryText(),
      headers: this.#sentHeaders,
      remoteAddress: this.raw.socket?.remoteAddress,
      additions: this.raw.META,
    }));
  }

  /** The whole value of `Content-Type`, empty when absent. */
  get contentType(): string {
    return headerValue(this.raw.headers, 'content-type') ?? '';
  }
}
