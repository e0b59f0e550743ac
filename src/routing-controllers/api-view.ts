import { getMetadataArgsStorage } from 'routing-controllers';
import { PreparedView } from '../core/as-view';
import { apiView as functionView, type ApiViewOptions } from '../core/decorators';
import { ImproperlyConfigured } from '../core/errors';
import { createHandler } from '../core/handler';
import type { HostRequest, HostResponse, Next } from '../core/host';
import type { Parser } from '../core/parsers';
import type { Awaitable } from '../core/policy';
import type { Request } from '../core/request';
import { addToRecord, ownRecord, resolvePolicies } from '../core/resolution';
import { APIView, type Params, type ViewClass, type ViewResult } from '../core/views';
import { ActionCall, handOverBody, sendFromAction } from './action-call';
import { refuseUnguarded } from './metadata';
import { shareView } from './shared-view';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- methods of any shape
type AnyMethod = (...args: any[]) => unknown;

/** The method of a controller that is to be guarded. */
interface GuardedMethod {
  readonly controller: object;
  readonly name: string;
  readonly method: AnyMethod;
}

/**
 * Guards a method of an ordinary controller with a view's cycle: negotiation, version, authentication, permissions and
 * throttles run before routing-controllers looks for parameters, and refusals are answered as in a view. What the
 * method returns is rendered by routing-controllers, as usual; an `APIException` that it throws is answered as in a
 * view, and `aroundDispatch` is around all of it. The body is read by the view's parsers; files of `@UploadedFile` are
 * left to multer.
 *
 * Policies stand in the options or, by the helpers of the root export, below. Subpath `sallyport/routing-controllers`.
 *
 * The decorated method can only be called by a request that has passed: a test of it goes over HTTP too.
 *
 * @param methods HTTP methods that are answered, the one of the route among them; others get 405
 * @param options as of the root export's `apiView`
 * @throws ImproperlyConfigured for policies that would not guard; when the server is made, for a route of another method
 *
 * @example
 * @JsonController('/notes')
 * class Notes {
 *   @Get('/')
 *   @apiView(['GET'], { extends: AppView })
 *   @permissionClasses([IsAuthenticated])
 *   list(@CurrentUser() user: User) { return notesOf(user); }
 * }
 */
export function apiView(
  methods: readonly string[] = ['GET'],
  options: ApiViewOptions = {},
): <F extends AnyMethod>(controller: object, name: string, descriptor: TypedPropertyDescriptor<F>) => void {
  return (controller, name, descriptor) => {
    if (typeof controller === 'function') {
      throw new ImproperlyConfigured(
        `apiView of sallyport/routing-controllers stands above the static method ${name}. Controllers have instance ` +
          'methods; for a static one import apiView from sallyport.',
      );
    }
    const guarded: GuardedMethod = { controller, name, method: descriptor.value! };
    const action = new Action(methods);
    const viewClass = buildView(guarded, action, options);
    descriptor.value = replacement(guarded, viewClass) as NonNullable<typeof descriptor.value>;
    register(guarded, action, viewClass);
  };
}

/** What routing-controllers does with the method, known when the server is made. */
class Action {
  /** Whether a parameter of the method holds the body, or a part of it. */
  takesBody = false;
  /** Whether a parameter of the method holds files that multer is to read. */
  takesFiles = false;

  constructor(readonly methods: readonly string[]) {}

  leavesToMulter(mediaType: string): boolean {
    return this.takesFiles && /^multipart\//i.test(mediaType);
  }
}

/** The view of the method, whose handler is routing-controllers. */
function buildView({ name, method }: GuardedMethod, action: Action, options: ApiViewOptions): ViewClass {
  const answer = (request: Request): Awaitable<ViewResult> => {
    if (action.takesBody && request.hasBody && !action.leavesToMulter(request.contentType)) handOverBody(request);
    return ActionCall.of(request.raw)!.answer();
  };
  Object.defineProperty(answer, 'name', { value: name });
  addToRecord(answer, ownRecord(method) ?? {});
  const { extends: base, ...policies } = { extends: APIView, ...options };
  return functionView(action.methods, { ...policies, extends: sharing(base, action) })(answer).viewClass;
}

type ViewBase = NonNullable<ApiViewOptions['extends']>;

/** The base of the method's view: its request is found by whoever asks on the same host's request. */
function sharing(base: ViewBase, action: Action): ViewBase {
  // Lost in a cycle of imports: it is refused where function views are built.
  if (typeof (base as unknown) !== 'function') return base;
  return class extends (base as new () => APIView) {
    override initializeRequest(raw: HostRequest, params: Params): Request {
      const request = super.initializeRequest(raw, params);
      shareView(raw, this);
      return request;
    }

    override getParsers(): Parser[] {
      return super.getParsers().filter(({ mediaType }) => !action.leavesToMulter(mediaType));
    }
  };
}

/** What stands in the controller in place of the method: it only runs where its policies have. */
function replacement({ controller, name, method }: GuardedMethod, viewClass: ViewClass): AnyMethod {
  function guarded(this: unknown, raw?: HostRequest, ...args: unknown[]): Promise<unknown> {
    const call = ActionCall.of(raw);
    if (call?.owner !== viewClass) {
      throw new ImproperlyConfigured(
        `${controller.constructor.name}.${name} was called past its policies. It answers requests only; a controller ` +
          'that inherits it must decorate a method of its own.',
      );
    }
    return call.invoke(() => method.apply(this, args));
  }
  Object.defineProperty(guarded, 'name', { value: name });
  return Object.assign(guarded, { viewClass });
}

function register(
  { controller: { constructor: target }, controller, name }: GuardedMethod,
  action: Action,
  viewClass: ViewClass,
): void {
  const storage = getMetadataArgsStorage();
  // The first parameter of `guarded`. Those of the method itself keep their order behind it.
  storage.params.push({ type: 'request', object: controller, method: name, index: -1, parse: false, required: false });
  const prepared = new PreparedView(viewClass, resolvePolicies(viewClass));
  const handler = createHandler(viewClass.settings, (raw) => prepared.dispatch(raw), sendFromAction);
  storage.uses.push({
    target,
    method: name,
    afterAction: false,
    // Read when a server is made: by then the decorators of the parameters and of the route have run.
    get middleware() {
      refuseUnguarded();
      learn(action, target, name);
      return (raw: HostRequest, response: HostResponse, next: Next): Promise<void> => {
        const call = new ActionCall({ raw, response, next }, viewClass);
        return handler(raw, response, (error) => {
          call.fail(error);
        });
      };
    },
  });
}

/** Learns from routing-controllers' tables what they say of the method. */
function learn(action: Action, target: unknown, name: string): void {
  const { actions, params } = getMetadataArgsStorage();
  const methods = action.methods.map((method) => method.toLowerCase());
  const stray = actions.find(
    (entry) =>
      entry.target === target && entry.method === name && entry.type !== 'all' && !methods.includes(entry.type),
  );
  if (stray !== undefined) {
    const verb = stray.type.toUpperCase();
    throw new ImproperlyConfigured(
      `${stray.target.name}.${name} has a route for ${verb} but refuses that method. Write apiView(['${verb}']).`,
    );
  }
  const types = params
    .filter(({ object, method }) => (object as object).constructor === target && method === name)
    .map(({ type }) => type);
  action.takesBody = types.some((type) => type === 'body' || type === 'body-param');
  action.takesFiles = types.some((type) => type === 'file' || type === 'files');
}
