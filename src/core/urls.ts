import { decodePath, encodePath, pathOf } from '../http/paths';
import { ImproperlyConfigured } from './exceptions';
import type { Handler, HostRequest, HostResponse, Next } from './host';
import { steadyShapes } from './shapes';
import type { Params } from './views';

/** One line of a URL list, or a group of lines under a common beginning. */
export interface Route {
  readonly pattern: string;
  readonly handler: Handler | null;
  readonly children: readonly Route[];
  readonly name: string | null;
  readonly namespace: string | null;
  /** The format suffix that the pattern takes, see `formatSuffixPatterns`. */
  readonly suffix: { readonly param: string | null; readonly allowed: readonly string[] | null } | null;
}

/** How `reverse` finds a route. */
export interface RouteOptions {
  /** The name under which `reverse` finds the route. */
  readonly name?: string;
  /** The namespace of a group's names; nested ones are joined by `:`. */
  readonly namespace?: string;
}

/**
 * A route in Django's syntax: `/notes/<int:pk>/`, with the converters `str` (the default), `int`, `slug`, `uuid` and
 * `path`. A list of routes in place of a handler puts them under the pattern.
 *
 * @example path('/notes/<int:pk>', NoteDetail.asView(), { name: 'note' })
 */
export function path(pattern: string, target: unknown, options: RouteOptions = {}): Route {
  if (!pattern.startsWith('/') && pattern !== '') {
    throw new ImproperlyConfigured(`The pattern '${pattern}' must begin with a slash: '/${pattern}'.`);
  }
  const route = { pattern, name: options.name ?? null, namespace: options.namespace ?? null, suffix: null };
  if (Array.isArray(target)) return { ...route, handler: null, children: target as Route[] };
  return { ...route, handler: checkHandler(pattern, target), children: [] };
}

function checkHandler(pattern: string, target: unknown): Handler {
  if (typeof target !== 'function') {
    throw new ImproperlyConfigured(`path('${pattern}') takes a handler or a list of routes. Is asView() missing?`);
  }
  if (isClass(target)) {
    throw new ImproperlyConfigured(`path('${pattern}') got the class ${target.name}. Write ${target.name}.asView().`);
  }
  return target as Handler;
}

function isClass(value: object): boolean {
  return Object.getOwnPropertyDescriptor(value, 'prototype')?.writable === false;
}

/** How `formatSuffixPatterns` makes its routes. */
export interface FormatSuffixOptions {
  /** Whether the patterns without a suffix are left out. @default false */
  readonly suffixRequired?: boolean;
  /** The formats that are taken; any of letters and digits by default. */
  readonly allowed?: readonly string[];
  /** The route parameter that holds the format: the setting `formatSuffixKwarg`. @default 'format' */
  readonly param?: string | null;
}

/** Adds to each route one with `.format` before an optional final slash: `/notes/` gets `/notes.json` (DRF's helper). */
export function formatSuffixPatterns(routes: readonly Route[], options: FormatSuffixOptions = {}): Route[] {
  const { suffixRequired = false, allowed = null, param = 'format' } = options;
  return routes.flatMap((route) => {
    if (route.handler === null) return [{ ...route, children: formatSuffixPatterns(route.children, options) }];
    const suffixed = { ...route, suffix: { param, allowed } };
    return suffixRequired ? [suffixed] : [route, suffixed];
  });
}

/** What routing found out, put on the host's request for `reverse` and `NamespaceVersioning`. */
export interface ResolverMatch {
  readonly viewName: string | null;
  readonly namespaces: readonly string[];
  readonly params: Params;
  readonly urls: URLTable;
}

/** No route has this name with these parameters. */
export class NoReverseMatch extends Error {
  override name = 'NoReverseMatch';
}

interface Converter {
  readonly regex: string;
  parse(text: string): unknown;
}
const same = (text: string): string => text;
/** Beyond 2^53 a number would name its neighbour, so a longer one is a BigInt. */
const toInteger = (text: string): number | bigint => (Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text));
const CONVERTERS: Readonly<Record<string, Converter>> = {
  str: { regex: '[^/]+', parse: same },
  int: { regex: '[0-9]+', parse: toInteger },
  slug: { regex: '[-a-zA-Z0-9_]+', parse: same },
  uuid: { regex: '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}', parse: same },
  path: { regex: '[^\\n]+', parse: same },
};

type Piece = string | { readonly param: string; readonly converter: Converter };

interface Compiled {
  readonly order: number;
  readonly handler: Handler;
  readonly fullName: string | null;
  readonly namespaces: readonly string[];
  readonly pieces: readonly Piece[];
  readonly suffix: Route['suffix'];
  /** Null where the pattern is a fixed text. */
  readonly regex: RegExp | null;
}

function compilePieces(pattern: string): Piece[] {
  const pieces: Piece[] = [];
  let rest = pattern;
  for (
    let match;
    (match = /<(?:([^>:]*):)?([^>]*)>/.exec(rest)) !== null;
    rest = rest.slice(match.index + match[0].length)
  ) {
    const [, kind = 'str', param] = match;
    const converter = Object.hasOwn(CONVERTERS, kind) ? CONVERTERS[kind] : undefined;
    if (converter === undefined || !/^[A-Za-z_$][\w$]*$/.test(param!)) {
      throw new ImproperlyConfigured(
        `'${match[0]}' in the pattern '${pattern}' is no parameter. Write '<int:pk>'; converters are ${Object.keys(CONVERTERS).join(', ')}.`,
      );
    }
    if (match.index > 0) pieces.push(rest.slice(0, match.index));
    pieces.push({ param: param!, converter });
  }
  if (rest !== '') pieces.push(rest);
  return pieces;
}

const escapeRegex = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

function compileRegex(pieces: readonly Piece[], suffix: Route['suffix']): RegExp | null {
  if (suffix === null && pieces.every((piece) => typeof piece === 'string')) return null;
  let source = pieces
    .map((piece) => (typeof piece === 'string' ? escapeRegex(piece) : `(${piece.converter.regex})`))
    .join('');
  if (suffix !== null) {
    const formats = suffix.allowed === null ? '[a-z0-9]+' : suffix.allowed.map(escapeRegex).join('|');
    source = `${source.replace(/(?:\\\/)+$/, '')}\\.(${formats})\\/?`;
  }
  return new RegExp(`^${source}$`, 'su');
}

/** Where a route stands: the text before its own, and the namespaces around it. */
interface Place {
  readonly pattern: string;
  readonly namespaces: readonly string[];
}

/** The handler of a path, and what routing found out. */
interface Resolved {
  readonly handler: Handler;
  readonly match: ResolverMatch;
}

/** A list of routes, ready to find the one of a path and the path of a name. */
export class URLTable {
  /** The answers for paths without parameters, known beforehand. */
  readonly #answers = new Map<string, Resolved>();
  /** Patterns with parameters, by the fixed text before the first one up to its last slash. */
  readonly #byPrefix = new Map<string, Compiled[]>();
  readonly #byName = new Map<string, Compiled[]>();
  readonly #fixed = new Map<string, Compiled>();
  #longestPrefix = 0;
  #count = 0;

  constructor(routes: readonly Route[]) {
    this.#add(routes, { pattern: '', namespaces: [] });
    // A pattern that stands earlier in the list may take a fixed path too, so each is searched for once.
    for (const [path, route] of this.#fixed) this.#answers.set(path, this.#search(path, route)!);
  }

  #add(routes: readonly Route[], { pattern, namespaces }: Place): void {
    for (const route of routes) {
      const inner: Place = {
        pattern: pattern + route.pattern,
        namespaces: route.namespace === null ? namespaces : [...namespaces, ...route.namespace.split(':')],
      };
      if (route.handler === null) this.#add(route.children, inner);
      else this.#addRoute(route, route.handler, inner);
    }
  }

  #addRoute(route: Route, handler: Handler, { pattern, namespaces }: Place): void {
    const { suffix } = route;
    const pieces = compilePieces(pattern);
    const regex = compileRegex(pieces, suffix);
    const fullName = route.name === null ? null : [...namespaces, route.name].join(':');
    const compiled = { order: this.#count++, handler, fullName, namespaces, pieces, suffix, regex };
    if (fullName !== null) push(this.#byName, fullName, compiled);
    if (regex === null) {
      if (!this.#fixed.has(pattern)) this.#fixed.set(pattern, compiled);
      return;
    }
    const start = typeof pieces[0] === 'string' ? pieces[0] : '';
    // A suffix stands in place of a final slash, which the path then lacks.
    const text = suffix === null || pieces.length > 1 ? start : start.replace(/\/+$/, '');
    const prefix = text.slice(0, text.lastIndexOf('/') + 1);
    this.#longestPrefix = Math.max(this.#longestPrefix, prefix.length);
    push(this.#byPrefix, prefix, compiled);
  }

  /** The route of a request target that is just a path without parameters: the quick answer, if there is one. */
  matchFixed(target: string): Resolved | undefined {
    return this.#answers.get(target);
  }

  /** The first route of the list that matches a decoded path. */
  match(path: string): Resolved | null {
    return this.#answers.get(path) ?? this.#search(path, undefined);
  }

  #search(path: string, fixed: Compiled | undefined): Resolved | null {
    let found = fixed;
    let groups: RegExpExecArray | null = null;
    // No further than the longest prefix: a path of nothing but slashes would cost its length squared.
    const end = this.#longestPrefix;
    for (let slash = path.indexOf('/'); slash >= 0 && slash < end; slash = path.indexOf('/', slash + 1)) {
      for (const candidate of this.#byPrefix.get(path.slice(0, slash + 1)) ?? []) {
        if (found !== undefined && found.order < candidate.order) break;
        const result = candidate.regex!.exec(path);
        if (result !== null) {
          found = candidate;
          groups = result;
          break;
        }
      }
    }
    if (found === undefined) return null;
    const { handler, fullName, namespaces } = found;
    return { handler, match: { viewName: fullName, namespaces, params: paramsOf(found, groups), urls: this } };
  }

  /**
   * The path of a route by its full name.
   * @throws NoReverseMatch
   */
  reverse(name: string, params: Params = {}): string {
    const given = Object.keys(params).filter((param) => params[param] !== undefined);
    for (const route of this.#byName.get(name) ?? []) {
      const path = buildPath(route, params, given);
      if (path !== null) return path;
    }
    throw new NoReverseMatch(`Reverse for '${name}' with parameters '${given.join(', ')}' not found.`);
  }
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** One value for all requests, so nobody may write into it. */
const NO_PARAMS: Params = Object.freeze({});

function paramsOf(route: Compiled, groups: RegExpExecArray | null): Params {
  if (groups === null) return NO_PARAMS;
  const params: Record<string, unknown> = {};
  let at = 1;
  for (const piece of route.pieces) {
    if (typeof piece !== 'string') params[piece.param] = piece.converter.parse(groups[at++]!);
  }
  if (route.suffix !== null) params[route.suffix.param ?? 'None'] = groups[at];
  return params;
}

function buildPath(route: Compiled, params: Params, given: readonly string[]): string | null {
  const { pieces, suffix } = route;
  const names = pieces.filter((piece) => typeof piece !== 'string').length + (suffix === null ? 0 : 1);
  if (names !== given.length) return null;
  const texts = pieces.map((piece) => (typeof piece === 'string' ? piece : fill(piece, params)));
  if (texts.includes(null)) return null;
  const path = texts.join('');
  return suffix === null ? toPath(path) : withSuffix(path, suffix, params);
}

function withSuffix(path: string, suffix: NonNullable<Route['suffix']>, params: Params): string | null {
  const format = params[suffix.param ?? 'None'];
  if (typeof format !== 'string' || suffix.allowed?.includes(format) === false) return null;
  // With the slash that a request may leave out, as DRF writes it.
  return toPath(`${path.replace(/\/+$/, '')}.${format}/`);
}

/** Two slashes at the start would make a host of what follows (`//evil.example`), so the second one is escaped. */
function toPath(text: string): string {
  return encodePath(text).replace(/^\/\//, '/%2F');
}

/** The text of a parameter; null where it is missing or no text of its converter. */
function fill({ param, converter }: Exclude<Piece, string>, params: Params): string | null {
  const value = params[param];
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return null;
  const text = String(value);
  return new RegExp(`^(?:${converter.regex})$`, 'su').test(text) ? text : null;
}

type RoutedRequest = HostRequest & { params?: unknown; resolverMatch?: ResolverMatch };

/**
 * One handler for a list of routes, for `http.createServer` or as a middleware. A path that no route matches goes on
 * to `next`; without one it is answered with 404.
 *
 * @example createServer(handle([path('/me', Me.asView())])).listen(8000)
 */
export function handle(routes: readonly Route[]): Handler {
  const table = new URLTable(routes);
  return (request: HostRequest, response: HostResponse, next?: Next): Promise<void> => {
    if (next !== undefined) steadyShapes(request, response);
    const target = request.url ?? '/';
    const found = table.matchFixed(target) ?? table.match(decodePath(pathOf(target)));
    if (found === null) {
      if (next !== undefined) next();
      else notFound(request, response);
      return DONE;
    }
    const routed = request as RoutedRequest;
    routed.params = found.match.params;
    routed.resolverMatch = found.match;
    return found.handler(request, response, next);
  };
}

const DONE = Promise.resolve();

function notFound(request: HostRequest, response: HostResponse): void {
  const body = '{"detail":"Not found."}';
  response.statusCode = 404;
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Content-Length', body.length);
  if (request.method === 'HEAD') response.end();
  else response.end(body);
}
