import { inspect, types } from 'node:util';
import type { BodySource } from '../http/body';
import { headerValue } from '../http/headers';
import { buildMeta, type Meta } from '../http/meta';
import { parseQuery, QueryDict, TooManyFields } from '../http/query';
import type { Authenticator } from './authentication';
import { isAPIException, RequestEntityTooLarge, UnsupportedMediaType } from './exceptions';
import type { HostRequest } from './host';
import type { ContentNegotiation } from './negotiation';
import { charsetOf, DataAndFiles, isFormMediaType, readWithin, type Parser, type RequestStream } from './parsers';
import { isPromiseLike, type Awaitable } from './policy';
import type { Renderer } from './renderers';
import type { Settings } from './settings';
import type { AnonymousUser, BaseUser } from './users';
import type { Versioning } from './versioning';
import type { APIView, Params } from './views';

/**
 * A bug in an authenticator or a parser. JavaScript takes a missing property for `undefined` as Python takes an
 * AttributeError for "no such attribute"; under this name the bug can't pass for "anonymous". It ends in a 500.
 */
export class WrappedAttributeError extends Error {
  readonly code = 'wrapped_attribute_error';
  override name = 'WrappedAttributeError';
}

/** `request.user` was read before it was known, and knowing it takes input or output. */
export class AuthenticationPending extends Error {
  readonly code = 'authentication_pending';
  override name = 'AuthenticationPending';
  constructor() {
    super(
      'The user is not known yet, since an authenticator answers asynchronously. Write `await request.getUser()` first.',
    );
  }
}

/** `request.data` was read before the body had been. */
export class DataPending extends Error {
  readonly code = 'data_pending';
  override name = 'DataPending';
  constructor() {
    super('The body has not been read yet. Write `await request.load()` first.');
  }
}

function wrapAttributeError(error: unknown): unknown {
  // By name, since errors that Node itself throws may come from another realm, where `instanceof` is false.
  if (!types.isNativeError(error) || (error.name !== 'TypeError' && error.name !== 'ReferenceError')) return error;
  return new WrappedAttributeError(error.message, { cause: error });
}

/** A user and token that a test puts in place of every authenticator. */
export interface ForcedAuthentication {
  readonly user: unknown;
  readonly token: unknown;
}
export const FORCED: unique symbol = Symbol.for('sallyport.forcedAuthentication') as never;
const BODY: unique symbol = Symbol.for('sallyport.body') as never;
type MarkedRequest = HostRequest & { [FORCED]?: ForcedAuthentication; [BODY]?: Buffer; readonly rawBody?: unknown };

/** What a request is made with; the view supplies it. */
export interface RequestParts {
  readonly settings: Settings;
  readonly parsers: readonly Parser[];
  readonly authenticators: readonly Authenticator[];
  readonly negotiator: ContentNegotiation;
  readonly view: APIView;
  readonly params: Params;
}

/**
 * The request that views and policies see: the host's request is under `raw`, and nothing of it shows through.
 *
 * `user`, `auth` and `data` are plain values once the cycle (or `getUser()`, `load()`) has prepared them.
 */
export class Request<User extends BaseUser = BaseUser, Auth = unknown> {
  readonly raw: HostRequest;
  readonly method: string;
  acceptedRenderer: Renderer | null = null;
  acceptedMediaType: string | null = null;
  version: string | null = null;
  versioningScheme: Versioning | null = null;

  readonly #parts: RequestParts;
  #authenticators: readonly Authenticator[];

  #userKnown = false;
  #user: User | AnonymousUser | null = null;
  #auth: Auth | null = null;
  #authSet = false;
  #authenticator: Authenticator | null = null;
  #authenticating = false;
  #pendingUser: Promise<void> | undefined;

  #dataKnown = false;
  #data: unknown = undefined;
  #fields: QueryDict | undefined;
  #files: QueryDict<unknown> | undefined;
  #dataError: { readonly error: unknown; readonly lasting: boolean } | undefined;
  #pendingData: Promise<void> | undefined;

  #query: QueryDict | undefined;
  #headers: Headers | undefined;
  #meta: Meta | undefined;

  constructor(raw: HostRequest, parts: RequestParts, method: string = raw.method ?? 'GET') {
    this.raw = raw;
    this.method = method;
    this.#parts = parts;
    this.#authenticators = parts.authenticators;
    const forced = (raw as MarkedRequest)[FORCED];
    if (forced !== undefined) {
      this.#authenticators = [{ authenticate: () => [forced.user as BaseUser, forced.token] as const }];
    }
  }

  // The URL

  /** Path and query as the client sent them. */
  getFullPath(): string {
    return this.raw.originalUrl ?? this.raw.url ?? '/';
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

  /** The host and port that the client asked for. */
  getHost(): string {
    return headerValue(this.raw.headers, 'host') ?? '';
  }

  /** An absolute URL for a path or relative reference; without one, for this request. */
  buildAbsoluteUri(location: string = this.getFullPath()): string {
    return new URL(location, `${this.scheme}://${this.getHost()}${this.path}`).href;
  }

  // Headers

  /** The headers, names without case. */
  get headers(): Headers {
    if (this.#headers === undefined) {
      this.#headers = new Headers();
      for (const name of Object.keys(this.raw.headers)) {
        if (!name.startsWith(':')) this.#headers.set(name, headerValue(this.raw.headers, name) ?? '');
      }
    }
    return this.#headers;
  }

  get META(): Meta {
    return (this.#meta ??= buildMeta({
      method: this.method,
      path: this.path,
      query: this.#queryText(),
      headers: this.raw.headers,
      remoteAddress: this.raw.socket?.remoteAddress,
      additions: this.raw.META,
    }));
  }

  /** The whole value of `Content-Type`, empty when absent. */
  get contentType(): string {
    return headerValue(this.raw.headers, 'content-type') ?? '';
  }

  get settings(): Settings {
    return this.#parts.settings;
  }

  get authenticators(): readonly Authenticator[] {
    return this.#authenticators;
  }

  // Who makes the request

  /**
   * The user; anonymous when nobody was recognised.
   * @throws AuthenticationPending when authentication takes input or output and nobody has awaited it
   */
  get user(): User | AnonymousUser | null {
    this.#knowUserNow();
    return this.#user;
  }

  /** Settles who makes the request. `auth` becomes null unless it is set as well. The host sees both. */
  set user(user: User | AnonymousUser | null) {
    const auth = this.#authSet ? this.#auth : null;
    this.#settle(user, auth, this.#authenticator);
  }

  /** What vouches for the user: a token, the claims of a JWT; null with a session or password. */
  get auth(): Auth | null {
    if (!this.#authSet) this.#knowUserNow();
    return this.#auth;
  }

  set auth(auth: Auth | null) {
    this.#authSet = true;
    this.#auth = auth;
    this.raw.auth = auth;
  }

  /** The authenticator that recognised the user, or null. */
  get successfulAuthenticator(): Authenticator | null {
    this.#knowUserNow();
    return this.#authenticator;
  }

  /** The user, running the authenticators if that has not been done. Concurrent callers share one run. */
  async getUser(): Promise<User | AnonymousUser | null> {
    await this.loadUser();
    return this.#user;
  }

  /** `getUser` without a promise where none is needed: what the cycle and the policies call. */
  loadUser(): Awaitable<void> {
    if (this.#userKnown) return undefined;
    return this.#pendingUser ?? this.#authenticate();
  }

  #knowUserNow(): void {
    if (this.#userKnown) return;
    if (this.#pendingUser === undefined) {
      const pending = this.#authenticate();
      if (!isPromiseLike(pending)) return;
      // Nobody may ever await this run, and a rejection that nobody handles would end the process.
      pending.then(undefined, () => undefined);
    }
    throw new AuthenticationPending();
  }

  #authenticate(): Awaitable<void> {
    if (this.#authenticating) throw new Error('An authenticator asked for the user that it is to find.');
    this.#authenticating = true;
    let pending: Promise<void> | undefined;
    try {
      pending = this.#askAuthenticators();
      return pending;
    } finally {
      if (pending === undefined) this.#authenticating = false;
      else this.#pendingUser = pending;
    }
  }

  /** Asks in order, as long as the answers are plain values; goes on with `#await` at the first promise. */
  #askAuthenticators(from = 0): Promise<void> | undefined {
    for (let i = from; i < this.#authenticators.length; i++) {
      const authenticator = this.#authenticators[i]!;
      let answer;
      try {
        answer = authenticator.authenticate(this);
      } catch (error) {
        throw this.#refused(error);
      }
      if (isPromiseLike(answer)) return this.#await(answer, i);
      if (this.#accepted(answer, authenticator)) return undefined;
    }
    if (!this.#userKnown) this.#settleAnonymous();
    return undefined;
  }

  async #await(answer: PromiseLike<readonly [BaseUser, unknown] | null | undefined>, at: number): Promise<void> {
    try {
      let pair;
      try {
        pair = await answer;
      } catch (error) {
        throw this.#refused(error);
      }
      if (this.#accepted(pair, this.#authenticators[at]!)) return;
      const rest = this.#askAuthenticators(at + 1);
      if (rest !== undefined) await rest;
    } finally {
      this.#authenticating = false;
      this.#pendingUser = undefined;
    }
  }

  #accepted(pair: readonly [BaseUser, unknown] | null | undefined, authenticator: Authenticator): boolean {
    if (this.#userKnown) return true; // somebody set the user meanwhile, and that settles it
    if (pair === null || pair === undefined) return false;
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new Error(`${authenticator.constructor.name}.authenticate must return [user, auth], null or undefined.`);
    }
    this.#settle(pair[0] as User | null, pair[1] as Auth | null, authenticator);
    return true;
  }

  /** An answer for the client leaves the request anonymous; a bug is not remembered, so the next read meets it again. */
  #refused(error: unknown): unknown {
    if (!isAPIException(error)) return wrapAttributeError(error);
    this.#settleAnonymous();
    return error;
  }

  #settleAnonymous(): void {
    const { unauthenticatedUser, unauthenticatedToken } = this.settings;
    const user = unauthenticatedUser === null ? null : (unauthenticatedUser() as AnonymousUser);
    this.#settle(user, unauthenticatedToken === null ? null : (unauthenticatedToken() as Auth), null);
  }

  #settle(user: User | AnonymousUser | null, auth: Auth | null, authenticator: Authenticator | null): void {
    this.#userKnown = true;
    this.#user = user;
    this.#auth = auth;
    this.#authenticator = authenticator;
    this.raw.user = user;
    this.raw.auth = auth;
  }

  // The body

  /**
   * The parsed body: a `QueryDict` of a form, whatever JSON holds, an empty object without a body.
   *
   * An error of the parser is thrown by the first read, and later ones see an empty form; "unsupported media type" is
   * thrown by each.
   * @throws ParseError, UnsupportedMediaType, RequestEntityTooLarge
   * @throws DataPending when the body has not been read
   */
  get data(): unknown {
    this.#knowDataNow();
    return this.#data;
  }

  /** The uploaded files by field. */
  get files(): QueryDict<unknown> {
    this.#knowDataNow();
    return (this.#files ??= new QueryDict<unknown>());
  }

  /** The fields of a form, without files; empty for other media types. */
  get POST(): QueryDict {
    this.#knowDataNow();
    return (this.#fields ??= new QueryDict());
  }

  /** Whether the request carries a body that has not been found empty. */
  get hasBody(): boolean {
    const { headers } = this.raw;
    const length = headers['content-length'];
    if (length !== undefined) return Number(length) > 0;
    if (headers['transfer-encoding'] !== undefined) return true;
    // HTTP/2 needs neither header.
    return (
      this.raw.httpVersionMajor === 2 &&
      this.raw.readableEnded !== true &&
      this.method !== 'GET' &&
      this.method !== 'HEAD'
    );
  }

  /** Reads and parses the body, once. Never rejects: an error is kept for the read of `data`. */
  load(): Awaitable<void> {
    if (this.#dataKnown) return undefined;
    return (this.#pendingData ??= this.#beginLoading());
  }

  /**
   * The bytes of the body, within the memory limit of the settings.
   * @throws RequestEntityTooLarge
   * @throws Error when the host has consumed the stream
   */
  async body(): Promise<Buffer> {
    const raw = this.raw as MarkedRequest;
    if (raw[BODY] !== undefined) return raw[BODY];
    if (raw.rawBody instanceof Uint8Array) return (raw[BODY] = Buffer.from(raw.rawBody));
    if (!this.hasBody) return (raw[BODY] = Buffer.alloc(0));
    if (this.#hostHasRead()) {
      throw new Error(
        'The bytes of the body are gone: a parser of the host has read them. Keep them there, ' +
          'for example with express.json({ verify(req, res, bytes) { req.rawBody = bytes; } }).',
      );
    }
    const length = headerValue(raw.headers, 'content-length');
    const { dataUploadMaxMemorySize } = this.settings;
    const bytes = await readWithin(
      raw as BodySource,
      length === undefined ? null : Number(length),
      dataUploadMaxMemorySize,
    );
    return (raw[BODY] = bytes);
  }

  #hostHasRead(): boolean {
    return this.raw.readableDidRead === true || this.raw.readableEnded === true || typeof this.raw.on !== 'function';
  }

  #knowDataNow(): void {
    if (!this.#dataKnown && isPromiseLike(this.load())) throw new DataPending();
    const failure = this.#dataError;
    if (failure === undefined) return;
    if (!failure.lasting) this.#dataError = undefined;
    throw failure.error;
  }

  #beginLoading(): Promise<void> | undefined {
    const kept = (this.raw as MarkedRequest)[BODY];
    if (kept === undefined ? !this.hasBody : kept.length === 0) {
      this.#settleEmpty(isFormMediaType(this.contentType));
      return undefined;
    }
    const parser = this.#parts.negotiator.selectParser(this, this.#parts.parsers);
    if (parser === null) {
      this.#fail(new UnsupportedMediaType(this.contentType), true);
      return undefined;
    }
    if (kept === undefined && this.raw.body !== undefined && this.#hostHasRead()) {
      this.#settleData(this.raw.body);
      return undefined;
    }
    return this.#parse(parser);
  }

  async #parse(parser: Parser): Promise<void> {
    const { view, params } = this.#parts;
    const contentType = this.contentType;
    const kept = (this.raw as MarkedRequest)[BODY];
    const stream: RequestStream = {
      read: () => kept ?? this.body(),
      source: kept === undefined && typeof this.raw.on === 'function' ? (this.raw as BodySource) : null,
    };
    try {
      this.#settleData(
        await parser.parse(stream, contentType, { view, params, request: this, charset: charsetOf(contentType) }),
      );
    } catch (error) {
      // A chunked body may turn out to be empty; nothing needs a parser then.
      if ((this.raw as MarkedRequest)[BODY]?.length === 0) this.#settleEmpty(isFormMediaType(contentType));
      else this.#fail(isAPIException(error) ? error : wrapAttributeError(error), false);
    }
  }

  #settleData(parsed: unknown): void {
    this.#dataKnown = true;
    this.#pendingData = undefined;
    if (!(parsed instanceof DataAndFiles)) {
      this.#data = parsed;
      if (parsed instanceof QueryDict) this.#fields = parsed as QueryDict;
      return;
    }
    this.#fields = parsed.data;
    this.#files = parsed.files;
    const merged = new QueryDict<unknown>();
    for (const [name, values] of parsed.data.lists()) merged.setlist(name, values);
    for (const [name, values] of parsed.files.lists()) for (const value of values) merged.append(name, value);
    this.#data = merged;
  }

  #settleEmpty(form: boolean): void {
    this.#settleData(form ? new QueryDict() : {});
  }

  #fail(error: unknown, lasting: boolean): void {
    this.#settleEmpty(true);
    this.#dataError = { error, lasting };
  }

  // The rest

  /** @internal The same request as if it had come with another method; what is known of it stays known. */
  cloneAs(method: string): Request<User, Auth> {
    const clone = new Request<User, Auth>(this.raw, this.#parts, method);
    clone.#authenticators = this.#authenticators;
    clone.acceptedRenderer = this.acceptedRenderer;
    clone.acceptedMediaType = this.acceptedMediaType;
    clone.version = this.version;
    clone.versioningScheme = this.versioningScheme;
    clone.#userKnown = this.#userKnown;
    clone.#user = this.#user;
    clone.#auth = this.#auth;
    clone.#authenticator = this.#authenticator;
    clone.#dataKnown = this.#dataKnown;
    clone.#data = this.#data;
    clone.#fields = this.#fields;
    clone.#files = this.#files;
    clone.#dataError = this.#dataError;
    return clone;
  }

  [inspect.custom](): string {
    return `<Request: ${this.method} '${this.getFullPath()}'>`;
  }
}

/** A request whose user is known to be one: what handlers behind `IsAuthenticated` take. */
export type AuthenticatedRequest<User extends BaseUser, Auth = unknown> = Request<User, Auth> & { readonly user: User };

/** The same request with another method, as metadata and forms ask "might this user POST here?". */
export function cloneRequest<User extends BaseUser, Auth>(
  request: Request<User, Auth>,
  method: string,
): Request<User, Auth> {
  return request.cloneAs(method);
}
