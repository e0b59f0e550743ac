import { inspect } from 'node:util';
import type { QueryDict } from '../http/query';
import type { Authenticator } from './authentication';
import { isAPIException } from './exceptions';
import type { HostRequest } from './host';
import { isPromiseLike, type Awaitable } from './policy';
import type { Renderer } from './renderers';
import { hasBody, RequestBody } from './request-body';
import { AuthenticationPending, isAwaitedBy, wrapAttributeError } from './request-errors';
import { RequestHead } from './request-head';
import type { Settings } from './settings';
import { rememberStore } from './user-permissions';
import type { AnonymousUser, BaseUser } from './users';
import type { Versioning } from './versioning';
import type { APIView, Params } from './views';

/** A user and token that a test puts in place of every authenticator. */
export interface ForcedAuthentication {
  readonly user: unknown;
  readonly token: unknown;
}
export const FORCED: unique symbol = Symbol.for('sallyport.forcedAuthentication') as never;
type MarkedRequest = HostRequest & { [FORCED]?: ForcedAuthentication };

function forcing({ user, token }: ForcedAuthentication): Authenticator {
  return { authenticate: () => [user as BaseUser, token] as const };
}

const BRAND = Symbol.for('sallyport.Request');

type Pair = readonly [BaseUser, unknown] | null | undefined;
/** An authenticator that has not answered yet, and its place in the list. */
interface PendingAnswer {
  readonly answer: PromiseLike<Pair>;
  readonly at: number;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a request of any user type
type Run = (request: Request<any, any>, first: PendingAnswer) => Promise<void>;

/** What a request is made with; the view supplies it. */
export interface RequestParts {
  readonly settings: Settings;
  readonly authenticators: readonly Authenticator[];
  /** Makes the parsers and the negotiator, when there is a body to read. */
  readonly view: APIView;
  readonly params: Params;
}

/**
 * The request that views and policies see: the host's request is under `raw`, and nothing of it shows through.
 *
 * `user`, `auth` and `data` are plain values once the cycle (or `getUser()`, `load()`) has prepared them.
 */
export class Request<User extends BaseUser = BaseUser, Auth = unknown> extends RequestHead {
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
  #asking = false;
  #pendingUser: Promise<void> | undefined;
  /** What waits for the authenticators; a function of its own for each run. */
  #run: Run | undefined;

  #body: RequestBody | undefined;

  /** @throws TypeError when `raw` is a wrapper already: a view that calls another one hands over `request.raw` */
  constructor(raw: HostRequest, parts: RequestParts, method: string = raw.method ?? 'GET') {
    if (isRequest(raw))
      throw new TypeError('A Request wraps what the host has made, and no other Request: give it `raw`.');
    super(raw, parts.settings, method);
    this.#parts = parts;
    this.#authenticators = parts.authenticators;
    const forced = (raw as MarkedRequest)[FORCED];
    if (forced !== undefined) this.#authenticators = [forcing(forced)];
  }

  get [BRAND](): true {
    return true;
  }

  // Who makes the request

  get authenticators(): readonly Authenticator[] {
    return this.#authenticators;
  }

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
    if (this.#asking || (this.#pendingUser !== undefined && isAwaitedBy(this.#run!))) {
      // Waiting for itself, the run would never end.
      throw new Error('An authenticator asked for the user that it is to find.');
    }
    return this.#pendingUser ?? this.#authenticate();
  }

  #knowUserNow(): void {
    const pending = this.loadUser();
    if (!isPromiseLike(pending)) return;
    // Nobody may ever await this run, and a rejection that nobody handles would end the process.
    pending.then(undefined, () => undefined);
    throw new AuthenticationPending();
  }

  #authenticate(): Promise<void> | undefined {
    const pending = this.#askFrom(0);
    return pending === undefined ? undefined : (this.#pendingUser = this.#awaitAnswers(pending));
  }

  /** Asks in order, as long as the answers are plain values; the first promise is given back. */
  #askFrom(start: number): PendingAnswer | undefined {
    for (let at = start; at < this.#authenticators.length; at++) {
      const authenticator = this.#authenticators[at]!;
      const answer = this.#ask(authenticator);
      if (isPromiseLike(answer)) return { answer, at };
      if (this.#accepted(answer, authenticator)) return undefined;
    }
    if (!this.#userKnown) this.#settleAnonymous();
    return undefined;
  }

  #ask(authenticator: Authenticator): ReturnType<Authenticator['authenticate']> {
    this.#asking = true;
    try {
      return authenticator.authenticate(this);
    } catch (error) {
      throw this.#refused(error);
    } finally {
      this.#asking = false;
    }
  }

  #awaitAnswers(first: PendingAnswer): Promise<void> {
    const run = Request.#createRun();
    this.#run = run;
    return run(this, first);
  }

  /**
   * A function of its own for each request, so that an authenticator which asks in between is seen (`isAwaitedBy`, which
   * is also why it awaits). All it works on comes as arguments: V8 keeps such functions longer than requests, and what
   * they close over with them.
   */
  static #createRun(): Run {
    return async (request, first) => {
      try {
        for (let pending: PendingAnswer | undefined = first; pending !== undefined;) {
          const { answer, at }: PendingAnswer = pending;
          let pair;
          try {
            pair = await answer;
          } catch (error) {
            throw request.#refused(error);
          }
          pending = request.#accepted(pair, request.#authenticators[at]!) ? undefined : request.#askFrom(at + 1);
        }
      } finally {
        request.#pendingUser = undefined;
      }
    };
  }

  #accepted(pair: Pair, authenticator: Authenticator): boolean {
    if (this.#userKnown) return true; // somebody set the user meanwhile, and that settles it
    if (pair === null || pair === undefined) return false;
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new Error(`${authenticator.constructor.name}.authenticate must return [user, auth], null or undefined.`);
    }
    this.#settle((pair[0] ?? null) as User | null, (pair[1] ?? null) as Auth | null, authenticator);
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
    if (this.settings.users !== null) rememberStore(user, this.settings.users);
    this.raw.user = user;
    this.raw.auth = auth;
  }

  // The body

  get #content(): RequestBody {
    return (this.#body ??= new RequestBody(this, this.#parts));
  }

  /**
   * The parsed body: a `QueryDict` of a form, whatever JSON holds, an empty object without a body.
   *
   * An error of the parser is thrown by the first read, and later ones see an empty form; "unsupported media type" is
   * thrown by each.
   * @throws ParseError, UnsupportedMediaType, RequestEntityTooLarge
   * @throws DataPending when the body has not been read
   */
  get data(): unknown {
    return this.#content.data;
  }

  /**
   * @internal What `data` is after `load()`, for a look ahead of the view: it throws nothing, and an error of the parser
   * is still thrown by the first read of `data`.
   */
  get parsedData(): unknown {
    return this.#content.parsed;
  }

  /** The uploaded files by field. */
  get files(): QueryDict<unknown> {
    return this.#content.files;
  }

  /** The fields of a form, without files; empty for other media types. */
  get POST(): QueryDict {
    return this.#content.fields;
  }

  /** Whether the request carries a body; one that is chunked may still turn out to be empty. */
  get hasBody(): boolean {
    return hasBody(this.raw);
  }

  /** Reads and parses the body, once. Never rejects: an error is kept for the read of `data`. */
  load(): Awaitable<void> {
    return this.#content.load();
  }

  /**
   * The bytes of the body, within the memory limit of the settings.
   * @throws RequestEntityTooLarge
   * @throws Error when the host has consumed the stream
   */
  async body(): Promise<Buffer> {
    return this.#content.bytes();
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
    clone.#authSet = this.#authSet;
    clone.#authenticator = this.#authenticator;
    clone.#body = this.#content;
    return clone;
  }

  [inspect.custom](): string {
    return `<Request: ${this.method} '${this.getFullPath()}'>`;
  }
}

/** Tells a view's request from a host's, also one of another copy of the package. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a request of any user type
export function isRequest(value: object): value is Request<any, any> {
  return BRAND in value;
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
