import { headerValue } from '../http/headers';
import { mediaTypeMatches, parseMediaType, type MediaType } from '../http/media-types';
import { Http404, NotAcceptable } from './exceptions';
import type { Parser } from './parsers';
import type { Renderer } from './renderers';
import type { Request } from './request';
import type { Settings } from './settings';

/** Chooses the parser of a request and the renderer of its answer. */
export interface ContentNegotiation {
  /** The parser for the request's content type, or null when there is none. */
  selectParser(request: Request, parsers: readonly Parser[]): Parser | null;
  /**
   * The renderer and the media type that was accepted.
   * @throws NotAcceptable, Http404
   */
  selectRenderer(
    request: Request,
    renderers: readonly Renderer[],
    formatSuffix: string | null,
  ): readonly [renderer: Renderer, mediaType: string];
}

/** The base of classes that choose the parser of a request and the renderer of its answer. */
export abstract class BaseContentNegotiation implements ContentNegotiation {
  constructor(protected readonly settings: Settings) {}
  abstract selectParser(request: Request, parsers: readonly Parser[]): Parser | null;
  abstract selectRenderer(
    request: Request,
    renderers: readonly Renderer[],
    formatSuffix: string | null,
  ): readonly [renderer: Renderer, mediaType: string];
}

// For subclasses in JavaScript, where `abstract` says nothing.
BaseContentNegotiation.prototype.selectParser = () => {
  throw new Error('.selectParser() must be implemented');
};
BaseContentNegotiation.prototype.selectRenderer = () => {
  throw new Error('.selectRenderer() must be implemented');
};

const ANYTHING: readonly MediaType[] = [parseMediaType('*/*')];
const LIMIT = 512;
const memo = new Map<string, readonly MediaType[]>();

/** The entries of an `Accept` header, the most specific first; among equals the order of the header. */
function parseAccept(header: string): readonly MediaType[] {
  const known = memo.get(header);
  if (known !== undefined) return known;
  const entries = header
    .split(',') // also inside quotes, as DRF does
    .map((entry) => parseMediaType(entry.trim()))
    .sort((a, b) => b.precedence - a.precedence);
  if (memo.size >= LIMIT) memo.clear(); // clients choose these texts: the memo must not grow with them
  if (header.length <= 512) memo.set(header, entries);
  return entries;
}

/**
 * DRF's choice. The most specific group of `Accept` entries that any renderer satisfies decides, and inside a group
 * the order of the renderers; `q` values are ignored. A format suffix or the `format` query parameter narrows the
 * renderers first.
 */
export class DefaultContentNegotiation extends BaseContentNegotiation {
  selectParser(request: Request, parsers: readonly Parser[]): Parser | null {
    const type = parseMediaType(request.contentType);
    return parsers.find((parser) => mediaTypeMatches(parseMediaType(parser.mediaType), type)) ?? null;
  }

  selectRenderer(
    request: Request,
    renderers: readonly Renderer[],
    formatSuffix: string | null,
  ): readonly [renderer: Renderer, mediaType: string] {
    const format = formatSuffix !== null && formatSuffix !== '' ? formatSuffix : this.getFormatOverride(request);
    const candidates = format === null ? renderers : this.filterRenderers(renderers, format);
    const accepted = this.getAcceptList(request);
    for (let from = 0; from < accepted.length;) {
      const { precedence } = accepted[from]!;
      let to = from + 1;
      while (to < accepted.length && accepted[to]!.precedence === precedence) to++;
      for (const renderer of candidates) {
        const type = parseMediaType(renderer.mediaType);
        for (let i = from; i < to; i++) {
          if (mediaTypeMatches(type, accepted[i]!)) return [renderer, acceptedMediaType(type, accepted[i]!)];
        }
      }
      from = to;
    }
    throw new NotAcceptable(null, null, renderers);
  }

  /** @throws Http404 when no renderer has this format */
  filterRenderers(renderers: readonly Renderer[], format: string): readonly Renderer[] {
    const filtered = renderers.filter((renderer) => renderer.format === format);
    if (filtered.length === 0) throw new Http404();
    return filtered;
  }

  /** The entries of `Accept`; an absent header accepts anything, an empty one nothing. */
  getAcceptList(request: Request): readonly MediaType[] {
    const header = headerValue(request.raw.headers, 'accept');
    return header === undefined ? ANYTHING : parseAccept(header);
  }

  /** The query parameter that overrides the format; an empty one counts as absent. */
  protected getFormatOverride(request: Request): string | null {
    const name = this.settings.urlFormatOverride;
    if (name === null || !request.hasQuery) return null;
    const format = request.queryParams.get(name);
    return format === undefined || format === '' ? null : format;
  }
}

/**
 * The media type that counts as accepted: the client's entry where it is as specific as the renderer's, else the
 * renderer's with the parameters that the client added (`q` among them).
 */
function acceptedMediaType(renderer: MediaType, client: MediaType): string {
  if (renderer.precedence <= client.precedence) return client.full;
  if (client.params.size === 0) return renderer.full;
  return `${renderer.full};${[...client.params].map(([name, value]) => `${name}=${value}`).join(';')}`;
}
