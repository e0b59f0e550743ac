/* eslint max-lines: ['error', 420] -- one class, to be read as one story: the steps of DRF's cycle in their order */
import { inspect } from 'node:util';
import { PREPARED, PreparedView, withOverrides } from './as-view';
import type { AuthenticationClasses, Authenticator } from './authentication';
import { runCycle } from './cycle';
import type { ExceptionContext, ExceptionHandler } from './exception-handler';
import { MethodNotAllowed, needsChallenge, NotAuthenticated, PermissionDenied, Throttled } from './exceptions';
import { createHandler } from './handler';
import type { HostRequest } from './host';
import type { Metadata } from './metadata';
import type { ContentNegotiation } from './negotiation';
import type { Parser } from './parsers';
import { checkObjectPermissions, checkPermissions } from './permission-checks';
import type { Permission, PermissionClasses } from './permissions';
import { chain, instances, isPromiseLike, type Awaitable, type PolicyClass } from './policy';
import type { Renderer, RendererContext } from './renderers';
import { Request } from './request';
import { GUARDS, notStatic, refuseInstanceFields, resolvePolicies, ROOT, type ResolvedPolicies } from './resolution';
import { isPlatformResponse, isResponse, Response, withDefaults } from './response';
import { defaultSettings, type ParserClasses, type RendererClasses, type Settings } from './settings';
import { checkThrottles } from './throttle-checks';
import type { Throttle, ThrottleClasses } from './throttling';
import type { BaseUser } from './users';
import type { Versioning } from './versioning';
import type { Method, Params, ViewClass, ViewHandler, ViewOverrides, ViewResult } from './view-types';

export type { Params, ViewClass, ViewHandler, ViewOverrides, ViewResult };

/**
 * A class per endpoint, an instance per request. Its methods are the steps of DRF's cycle, in reading order: override
 * the one that you want to change.
 *
 * @example
 * class Me extends AppView {
 *   static override permissionClasses: PermissionClasses = [IsAuthenticated];
 *   override get(request: AppRequest) { return new Response({ username: request.user.username }); }
 * }
 * app.all('/me', Me.asView());
 */
export abstract class APIView<User extends BaseUser = BaseUser, Auth = unknown> {
  /** The settings in force; an app overrides them once, in its base view. */
  static settings: Settings = defaultSettings;
  static authenticationClasses?: AuthenticationClasses;
  static permissionClasses?: PermissionClasses;
  static throttleClasses?: ThrottleClasses;
  static preAuthThrottleClasses?: ThrottleClasses;
  static parserClasses?: ParserClasses;
  static rendererClasses?: RendererClasses;
  static contentNegotiationClass?: PolicyClass<ContentNegotiation>;
  static metadataClass?: PolicyClass<Metadata> | null;
  static versioningClass?: PolicyClass<Versioning> | null;
  static throttleScope?: string | null;
  static viewName?: string | null;
  static viewSuffix?: string | null;
  static description?: string | null;
  /** The methods that may have a handler at all; `Allow` names them in this order. */
  static httpMethodNames: readonly string[] = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options', 'trace'];

  // As members of an instance these would be ignored, and the view stand open: so they don't compile.
  declare authenticationClasses?: never;
  declare permissionClasses?: never;
  declare throttleClasses?: never;
  declare preAuthThrottleClasses?: never;
  declare parserClasses?: never;
  declare rendererClasses?: never;
  declare contentNegotiationClass?: never;
  declare metadataClass?: never;
  declare versioningClass?: never;
  declare throttleScope?: never;

  request!: Request<User, Auth>;
  params: Params = {};
  /** The format suffix of the route, if any. */
  formatKwarg: string | null = null;
  /** The final answer. */
  response: ViewResult | null = null;
  /** @internal */
  [PREPARED]: PreparedView | undefined = undefined;
  #negotiator: ContentNegotiation | undefined;

  get?(request: Request<User, Auth>, params: Params): Awaitable<ViewResult>;
  post?(request: Request<User, Auth>, params: Params): Awaitable<ViewResult>;
  put?(request: Request<User, Auth>, params: Params): Awaitable<ViewResult>;
  patch?(request: Request<User, Auth>, params: Params): Awaitable<ViewResult>;
  delete?(request: Request<User, Auth>, params: Params): Awaitable<ViewResult>;
  /** Without one of its own, HEAD runs `get`. */
  head?(request: Request<User, Auth>, params: Params): Awaitable<ViewResult>;
  trace?(request: Request<User, Auth>, params: Params): Awaitable<ViewResult>;

  /**
   * The handler of this view, for any host. Policies are resolved and checked here, once.
   *
   * @param overrides static fields in force for this handler only
   * @throws ImproperlyConfigured, TypeError
   */
  static asView(this: ViewClass, overrides: ViewOverrides = {}): ViewHandler {
    const view = withOverrides(this, overrides);
    const prepared = new PreparedView(view, resolvePolicies(view));
    const handler = createHandler(view.settings, (raw) => prepared.dispatch(raw));
    return Object.assign(handler, { viewClass: this, initkwargs: overrides });
  }

  // What is in force

  /** The policies in force for this request's handler. */
  get policies(): ResolvedPolicies {
    return this.prepared.policies;
  }

  get settings(): Settings {
    return this.policies.settings;
  }

  private get prepared(): PreparedView {
    if (this[PREPARED] !== undefined) return this[PREPARED];
    const view = this.constructor as ViewClass;
    refuseInstanceFields(this, view);
    return (this[PREPARED] = new PreparedView(view, resolvePolicies(view)));
  }

  /** The methods that this view answers, for `Allow`. */
  get allowedMethods(): readonly string[] {
    return this.policies.httpMethodNames
      .filter((name) => this.getHandler(name) !== undefined)
      .map((name) => name.toUpperCase());
  }

  /** Headers of every answer, errors too: `Allow`, and `Vary: Accept` where there is something to choose. */
  get defaultResponseHeaders(): Readonly<Record<string, string>> {
    const headers: Record<string, string> = { Allow: this.allowedMethods.join(', ') };
    if (this.policies.rendererClasses.length > 1) headers['Vary'] = 'Accept';
    return headers;
  }

  getViewName(): string {
    return this.settings.viewNameFunction(this);
  }

  getViewDescription(html = false): string {
    return this.settings.viewDescriptionFunction(this, html);
  }

  // Instances of the policies; override to choose by request

  getRenderers(): Renderer[] {
    return instances(this.policies.rendererClasses, this.settings);
  }

  getParsers(): Parser[] {
    return instances(this.policies.parserClasses, this.settings);
  }

  getAuthenticators(): Authenticator[] {
    return instances(this.policies.authenticationClasses, this.settings);
  }

  getPermissions(): Permission[] {
    return instances(this.policies.permissionClasses, this.settings);
  }

  getThrottles(): Throttle[] {
    return instances(this.policies.throttleClasses, this.settings);
  }

  getPreAuthThrottles(): readonly Throttle[] {
    const { preAuthThrottleClasses: classes } = this.policies;
    return classes.length === 0 ? NO_THROTTLES : instances(classes, this.settings);
  }

  getContentNegotiator(): ContentNegotiation {
    return (this.#negotiator ??= new this.policies.contentNegotiationClass(this.settings));
  }

  getExceptionHandler(): ExceptionHandler {
    return this.settings.exceptionHandler;
  }

  getExceptionHandlerContext(): ExceptionContext {
    return { view: this, params: this.params, request: this.request ?? null };
  }

  getRendererContext(response: Response): RendererContext {
    return { view: this, params: this.params, request: this.request, response };
  }

  /** The format suffix that the route captured. */
  getFormatSuffix(params: Params): string | null {
    const name = this.settings.formatSuffixKwarg;
    const value = name === null ? undefined : params[name];
    return typeof value === 'string' ? value : null;
  }

  // The cycle

  /** Runs once before `dispatch`; an override must call it. */
  setup(_raw: HostRequest, params: Params): void {
    this.params = params;
  }

  /** The whole cycle of one request. */
  dispatch(raw: HostRequest, params: Params): Promise<ViewResult> {
    try {
      const request = this.initializeRequest(raw, params);
      this.request = request;
      return Promise.resolve(runCycle(this, request, params));
    } catch (error) {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever it was
      return Promise.reject(error);
    }
  }

  /** The method of this view for an HTTP method, in small letters. */
  getHandler(name: string): Method | undefined {
    if (!this.policies.httpMethodNames.includes(name)) return undefined;
    const handlers = this as unknown as Readonly<Record<string, Method | undefined>>;
    return handlers[name] ?? (name === 'head' ? handlers['get'] : undefined);
  }

  /** Wraps the host's request. */
  initializeRequest(raw: HostRequest, params: Params): Request<User, Auth> {
    return new Request<User, Auth>(raw, {
      settings: this.settings,
      authenticators: this.getAuthenticators(),
      view: this,
      params,
    });
  }

  /** Everything before the handler: negotiation, version, early throttles, authentication, permissions, throttles. */
  initial(request: Request<User, Auth>, params: Params): Awaitable<void> {
    this.formatKwarg = this.getFormatSuffix(params);
    [request.acceptedRenderer, request.acceptedMediaType] = this.performContentNegotiation(request);
    [request.version, request.versioningScheme] = this.determineVersion(request, params);
    const early = this.checkPreAuthThrottles(request);
    return isPromiseLike(early) ? early.then(() => this.#admit(request)) : this.#admit(request);
  }

  #admit(request: Request<User, Auth>): Awaitable<void> {
    const known = this.performAuthentication(request);
    return isPromiseLike(known) ? known.then(() => this.#check(request)) : this.#check(request);
  }

  #check(request: Request<User, Auth>): Awaitable<void> {
    const permitted = this.checkPermissions(request);
    return isPromiseLike(permitted) ? permitted.then(() => this.checkThrottles(request)) : this.checkThrottles(request);
  }

  /** The renderer of the answer. With `force` a failure gives the first one. */
  performContentNegotiation(
    request: Request<User, Auth>,
    force = false,
  ): readonly [renderer: Renderer, mediaType: string] {
    const renderers = this.getRenderers();
    try {
      return this.getContentNegotiator().selectRenderer(request, renderers, this.formatKwarg);
    } catch (error) {
      const first = renderers[0];
      if (!force || first === undefined) throw error;
      return [first, first.mediaType];
    }
  }

  determineVersion(
    request: Request<User, Auth>,
    params: Params,
  ): readonly [version: string | null, scheme: Versioning | null] {
    const { versioningClass } = this.policies;
    if (versioningClass === null) return NO_VERSION;
    const scheme = new versioningClass(this.settings);
    return [scheme.determineVersion(request, params), scheme];
  }

  /** Makes the user known. With an empty override, or `authenticationMode: 'lazy'`, that waits until somebody asks. */
  performAuthentication(request: Request<User, Auth>): Awaitable<void> {
    return this.settings.authenticationMode === 'lazy' ? undefined : request.loadUser();
  }

  /** @throws what `permissionDenied` throws, for the first permission that refuses */
  checkPermissions(request: Request<User, Auth>): Awaitable<void> {
    return checkPermissions(this.getPermissions(), request, this);
  }

  /**
   * Whether the request may touch this object. The cycle can't call it: the code that loads an object does.
   * @throws what `permissionDenied` throws, for the first permission that refuses
   */
  checkObjectPermissions(request: Request<User, Auth>, obj: unknown): Awaitable<void> {
    return checkObjectPermissions(this.getPermissions(), request, this, obj);
  }

  /**
   * Asks every throttle, so that each counts the request; the longest wait is reported.
   * @throws what `throttled` throws
   */
  checkThrottles(request: Request<User, Auth>): Awaitable<void> {
    return checkThrottles(this.getThrottles(), request, this);
  }

  /**
   * The same with the throttles that come before authentication.
   * @throws what `throttled` throws
   */
  checkPreAuthThrottles(request: Request<User, Auth>): Awaitable<void> {
    return checkThrottles(this.getPreAuthThrottles(), request, this);
  }

  /** @throws NotAuthenticated when nobody is logged in but could be, else PermissionDenied with the permission's words */
  permissionDenied(request: Request<User, Auth>, message?: unknown, code?: string): Awaitable<never> {
    if (request.authenticators.length === 0) throw new PermissionDenied(message, code);
    // With lazy authentication this may be the first look at the user.
    return chain(request.loadUser(), () => {
      if (request.successfulAuthenticator === null) throw new NotAuthenticated();
      throw new PermissionDenied(message, code);
    });
  }

  /** @throws Throttled */
  throttled(_request: Request<User, Auth>, wait: number | null): never {
    throw new Throttled(wait);
  }

  /** @throws MethodNotAllowed */
  httpMethodNotAllowed(request: Request<User, Auth>, _params?: Params): Awaitable<ViewResult> {
    throw new MethodNotAllowed(request.method);
  }

  /** Tells about the view. */
  options(request: Request<User, Auth>, params: Params): Awaitable<ViewResult> {
    const { metadataClass } = this.policies;
    if (metadataClass === null) return this.httpMethodNotAllowed(request, params);
    return chain(new metadataClass(this.settings).determineMetadata(request, this), (data) => new Response(data));
  }

  /** The value of `WWW-Authenticate`: the first authenticator's challenge, or with `challengePolicy: 'all'` all of them. */
  getAuthenticateHeader(request: Request<User, Auth>): string | null {
    const authenticators = this.getAuthenticators();
    if (this.settings.challengePolicy !== 'all') return authenticators[0]?.authenticateHeader?.(request) ?? '';
    const challenges = authenticators.map((authenticator) => authenticator.authenticateHeader?.(request) ?? '');
    return challenges.filter((challenge) => challenge !== '').join(', ');
  }

  /**
   * Turns an error into an answer.
   * @throws the error itself when the exception handler doesn't know it
   */
  handleException(error: unknown): Awaitable<ViewResult> {
    if (needsChallenge(error)) {
      const challenge = this.getAuthenticateHeader(this.request);
      if (challenge !== null && challenge !== '') error.authHeader = challenge;
      else error.statusCode = 403;
    }
    return chain(this.getExceptionHandler()(error, this.getExceptionHandlerContext()), (response) => {
      if (response === null || response === undefined) return this.raiseUncaughtException(error);
      response.exception = true;
      return response;
    });
  }

  /** Hands an error to the host. */
  raiseUncaughtException(error: unknown): never {
    throw error;
  }

  /** Gives the answer its renderer and headers. */
  finalizeResponse(request: Request<User, Auth>, response: ViewResult): Awaitable<ViewResult> {
    const defaults = this.prepared.headersOf(this);
    if (!isResponse(response)) {
      if (isPlatformResponse(response)) return withDefaults(response, defaults);
      throw new Error(
        `Expected a \`Response\` to be returned from the view, but received ${inspect(response, { depth: 0 })}`,
      );
    }
    if (request.acceptedRenderer === null) {
      [request.acceptedRenderer, request.acceptedMediaType] = this.performContentNegotiation(request, true);
    }
    response.acceptedRenderer = request.acceptedRenderer;
    response.acceptedMediaType = request.acceptedMediaType;
    response.rendererContext = this.getRendererContext(response);
    response.addDefaults(defaults);
    return response;
  }
}

const NO_VERSION = [null, null] as const;
const NO_THROTTLES: readonly Throttle[] = Object.freeze([]);

Object.defineProperty(APIView.prototype, ROOT, { value: true });
for (const name of GUARDS) {
  // Assigning a policy to an instance would do nothing, and leave the view open: it throws instead.
  Object.defineProperty(APIView.prototype, name, {
    get: () => undefined,
    set(this: APIView) {
      throw notStatic(this.constructor as ViewClass, name);
    },
  });
}
