import { getMetadataArgsStorage, type Action } from 'routing-controllers';
import { PreparedView } from '../core/as-view';
import { apiView as functionView, type ApiViewOptions } from '../core/decorators';
import { ImproperlyConfigured } from '../core/errors';
import { createHandler, sendHead } from '../core/handler';
import type { HostRequest, HostResponse, Next } from '../core/host';
import type { Awaitable } from '../core/policy';
import type { Request } from '../core/request';
import { resolvePolicies } from '../core/resolution';
import { Response } from '../core/response';
import type { Settings } from '../core/settings';
import { steadyShapes } from '../core/shapes';
import type { BaseUser } from '../core/users';
import { APIView } from '../core/views';
import { toException } from './errors';
import { refuseUnguarded } from './metadata';
import { sharedView, shareView } from './shared-view';

/** The policies that answer for `@Authorized` and `@CurrentUser`, and who has which role. */
export type BridgeOptions<User extends BaseUser = BaseUser> = ApiViewOptions & {
  /**
   * Whether a user has what `@Authorized(roles)` asks for. The roles of a controller and of its method come in one list.
   * Without this function nobody has a role.
   */
  readonly hasRoles?: (user: User, roles: readonly unknown[], request: Request<User>) => Awaitable<boolean>;
};

/** Options for routing-controllers; more than the checkers, since a refusal of theirs must become an answer. */
export interface Bridge<User extends BaseUser = BaseUser> {
  /** For `@Authorized`: asks the policies, wants a user, and then the roles. Refusals are answered as in a view. */
  readonly authorizationChecker: (action: Action, roles: unknown[]) => Promise<boolean>;
  /** For `@CurrentUser`: the user, null for nobody. Credentials that are wrong are answered as in a view. */
  readonly currentUserChecker: (action: Action) => Promise<User | null>;
  /** Lets what has been registered for the end of the request (a session to save) have its say before the answer. */
  readonly interceptors: ((action: Action, result: unknown) => unknown)[];
  /** Answers exceptions of the API, and errors of routing-controllers, as a view does. */
  readonly middlewares: (new () => ErrorMiddleware)[];
  /** The handler of routing-controllers shows stack traces, and no challenge. */
  readonly defaultErrorHandler: false;
}

interface ErrorMiddleware {
  error(error: unknown, request: HostRequest, response: HostResponse, next: Next): void;
}

/**
 * Connects the checkers of routing-controllers with policies: `@Authorized` asks them, `@CurrentUser` gives the user
 * that they found. All that asks on one request of the host shares one `Request`, so the user is looked up once.
 *
 * All of it belongs together: with middleware or interceptors of your own, put the bridge's beside them. Routing-controllers takes them from a
 * container of your own (`useContainer`) only if that makes classes it doesn't know, or with `fallbackOnErrors`.
 *
 * Subpath `sallyport/routing-controllers`.
 *
 * @param options the policies, and the base view that the rest comes from
 * @throws ImproperlyConfigured for policies that would not guard
 *
 * @example
 * useExpressServer(app, {
 *   controllers: [Notes],
 *   ...createBridge({ extends: AppView, hasRoles: (user: AppUser, roles) => roles.includes(user.role) }),
 * });
 */
export function createBridge<User extends BaseUser = BaseUser>(options: BridgeOptions<User> = {}): Bridge<User> {
  const connection = new Connection<User>(options);
  return {
    authorizationChecker: (action, roles) => connection.authorize(action, roles),
    currentUserChecker: (action) => connection.findUser(action),
    interceptors: [createInterceptor()],
    middlewares: [createErrorMiddleware(connection)],
    defaultErrorHandler: false,
  };
}

type ViewBase = NonNullable<ApiViewOptions['extends']>;

/** The policies of a bridge at work. */
class Connection<User extends BaseUser> {
  readonly #prepared: PreparedView;
  readonly #hasRoles: BridgeOptions<User>['hasRoles'];
  readonly #settings: Settings;
  /** Of views that are only asked who it is: what comes before that, once for all who ask. */
  readonly #early = new WeakMap<APIView, Promise<void>>();

  constructor({ hasRoles, ...options }: BridgeOptions<User>) {
    const { extends: base, ...policies } = { extends: APIView, ...options };
    const { viewClass } = functionView([], { ...policies, extends: withoutAllow(base) })(() => new Response());
    this.#prepared = new PreparedView(viewClass, resolvePolicies(viewClass));
    this.#hasRoles = hasRoles;
    // What is around the request of an ordinary controller is the app's business.
    this.#settings = { ...viewClass.settings, aroundDispatch: null };
  }

  async authorize(action: Action, roles: readonly unknown[]): Promise<boolean> {
    const raw = action.request as HostRequest;
    steadyShapes(raw, action.response as HostResponse);
    const shared = sharedView(raw);
    const view = this.#createView(raw, shared?.request);
    try {
      // Behind @apiView the request is in already, and must not count twice for a throttle.
      if (shared === undefined) await view.initial(view.request, view.params);
      else await view.checkPermissions(view.request);
      await this.#checkUser(view, roles);
      return true;
    } catch (error) {
      return this.answer(view, error, action);
    }
  }

  async #checkUser(view: APIView, roles: readonly unknown[]): Promise<void> {
    const request = view.request as Request<User>;
    const user = await request.getUser();
    if (user?.isAuthenticated !== true) await view.permissionDenied(request);
    else if (roles.length > 0 && !(await this.#rolesOf(user, roles, request))) await view.permissionDenied(request);
  }

  #rolesOf(user: User, roles: readonly unknown[], request: Request<User>): Awaitable<boolean> {
    if (this.#hasRoles !== undefined) return this.#hasRoles(user, roles, request);
    throw new ImproperlyConfigured(
      '@Authorized asks for roles, and nobody says who has them. Write createBridge({ hasRoles: (user, roles) => … }).',
    );
  }

  async findUser(action: Action): Promise<User | null> {
    const raw = action.request as HostRequest;
    steadyShapes(raw, action.response as HostResponse);
    const shared = sharedView(raw);
    const view = shared ?? this.#createView(raw);
    if (shared === undefined) this.#early.set(view, askEarlyThrottles(view));
    try {
      await this.#early.get(view);
      const user = await (view.request as Request<User>).getUser();
      return user?.isAuthenticated === true ? user : null;
    } catch (error) {
      return this.answer(view, error, action);
    }
  }

  /** The view that stands for a request: the one that has looked at it first. */
  viewFor(raw: HostRequest): APIView {
    return sharedView(raw) ?? this.#createView(raw);
  }

  #createView(raw: HostRequest, request?: Request): APIView {
    const view = this.#prepared.create(raw);
    view.request = request ?? view.initializeRequest(raw, view.params);
    if (request === undefined) shareView(raw, view);
    return view;
  }

  /**
   * Answers an error as the view does. The promise stays open then: routing-controllers is not to go on.
   * @throws the error, where the view has no answer
   */
  answer(view: APIView, error: unknown, { request, response }: Pick<Action, 'request' | 'response'>): Promise<never> {
    const respond = createHandler(this.#settings, async () => {
      const answer = await view.handleException(toException(error, this.#settings));
      return view.finalizeResponse(view.request, answer);
    });
    return new Promise((_resolve, reject) => {
      void respond(request as HostRequest, response as HostResponse, reject);
    });
  }
}

async function askEarlyThrottles(view: APIView): Promise<void> {
  await view.checkPreAuthThrottles(view.request);
}

/** Which methods a route has is known to routing-controllers alone. */
function withoutAllow(base: ViewBase): ViewBase {
  // Lost in a cycle of imports: it is refused where function views are built.
  if (typeof (base as unknown) !== 'function') return base;
  return class extends (base as new () => APIView) {
    override get defaultResponseHeaders(): Readonly<Record<string, string>> {
      const { Allow: _, ...headers } = super.defaultResponseHeaders;
      return headers;
    }
  };
}

/** Behind the interceptors of the app: the headers are to be the last thing before the answer. */
const LAST = Number.MIN_SAFE_INTEGER;

function createInterceptor(): Bridge['interceptors'][number] {
  const intercept = async ({ request, response }: Action, result: unknown): Promise<unknown> => {
    const raw = request as HostRequest;
    const sink = response as HostResponse;
    await sendHead(raw, sink, new Response(null, { status: sink.statusCode }));
    return result;
  };
  getMetadataArgsStorage().interceptors.push({
    target: intercept,
    global: true,
    // Read when a server is made: by then all decorators have run.
    get priority() {
      refuseUnguarded();
      return LAST;
    },
  });
  return intercept;
}

function createErrorMiddleware(
  connection: Pick<Connection<BaseUser>, 'answer' | 'viewFor'>,
): new () => ErrorMiddleware {
  class AnswerErrors implements ErrorMiddleware {
    // eslint-disable-next-line max-params -- as Express calls it
    error(error: unknown, request: HostRequest, response: HostResponse, next: Next): void {
      if (response.headersSent) next(error);
      else connection.answer(connection.viewFor(request), error, { request, response }).catch(next);
    }
  }
  getMetadataArgsStorage().middlewares.push({ target: AnswerErrors, type: 'after', global: true, priority: 0 });
  return AnswerErrors;
}
