import type { Authenticator } from '../core/authentication';
import { MemoryCache, type Hit, type Window } from '../core/cache';
import { isAPIException } from '../core/exceptions';
import type { Permission } from '../core/permissions';
import { isPromiseLike, type PolicyClass } from '../core/policy';
import { Response } from '../core/response';
import { SimpleRateThrottle, type Throttle } from '../core/throttling';
import type { AbstractBaseUser } from '../core/users';
import { APIView } from '../core/views';

export type Phase =
  'negotiation' | 'version' | 'early throttle' | 'authentication' | 'permission' | 'throttle' | 'method';

/** What one class had to say about a request. */
export interface Step {
  readonly phase: Phase;
  readonly policy: PolicyClass<object>;
  readonly outcome: string;
  /** Whether the request goes no further for it. */
  readonly refuses: boolean;
}

/** Counters that nobody else sees, and which client was counted last. */
export class ScratchCache extends MemoryCache {
  lastKey: string | null = null;

  override hit(key: string, window: Window): Hit {
    this.lastKey = key;
    return super.hit(key, window);
  }
}

type Verdict = Pick<Step, 'outcome' | 'refuses'>;
const passes = (outcome: string): Verdict => ({ outcome, refuses: false });
const refuses = (outcome: string): Verdict => ({ outcome, refuses: true });

/** What happens to one request on its way through the cycle. */
export class Trace {
  readonly steps: Step[] = [];
  /** What was thrown; null where nothing was. */
  error: unknown = null;
  /** Whether no exception handler has answered it. */
  isUnhandled = false;
  /** Whether a handler would have run. */
  isThrough = false;
  readonly #watched = new WeakSet();

  constructor(
    /** The cache in the settings of the view. Throttles that count elsewhere aren't asked. */
    readonly cache: ScratchCache,
    /** Whether the user is given, so that no authenticator is asked. */
    readonly isForced: boolean,
  ) {}

  add(phase: Phase, policy: object, verdict: Verdict): void {
    this.steps.push({ phase, policy: policy as PolicyClass<object>, ...verdict });
  }

  /** Runs something of a policy, and keeps what came of it. */
  watch<T>([phase, policy]: readonly [Phase, object], run: () => T, tell: (answer: Awaited<T>) => Verdict): T {
    const answered = (answer: Awaited<T>): Awaited<T> => {
      this.add(phase, policy, tell(answer));
      return answer;
    };
    const failed = (error: unknown): never => {
      this.add(phase, policy, refuses(describeError(error)));
      throw error;
    };
    let answer: T;
    try {
      answer = run();
    } catch (error) {
      return failed(error);
    }
    if (isPromiseLike(answer)) return (answer as PromiseLike<Awaited<T>>).then(answered, failed) as T;
    return answered(answer as Awaited<T>);
  }

  /** Whether an instance is met for the first time: a view may give out the same one again. */
  isNew(instance: object): boolean {
    if (this.#watched.has(instance)) return false;
    this.#watched.add(instance);
    return true;
  }
}

function describeError(error: unknown): string {
  return isAPIException(error) ? `refuses: ${error.message}` : `fails: ${String(error)}`;
}

// Methods are replaced on the instances: whoever looks at one still sees its class and its fields.

/**
 * Has a view tell what its policies say. Its handlers don't run: an empty answer stands for theirs. Throttles count in
 * the cache of the settings, which must be that of the trace.
 */
export function watchView(view: APIView, trace: Trace): void {
  watchPolicies(view, trace);
  if (trace.isForced) skipAuthenticators(view, trace);
  watchChoices(view, trace);
  replaceHandlers(view, trace);
  const handle = view.handleException.bind(view);
  view.handleException = (error) => {
    trace.error = error;
    return handle(error);
  };
}

function watchPolicies(view: APIView, trace: Trace): void {
  const earlyThrottles = view.getPreAuthThrottles.bind(view);
  const authenticators = view.getAuthenticators.bind(view);
  const permissions = view.getPermissions.bind(view);
  const throttles = view.getThrottles.bind(view);
  view.getPreAuthThrottles = () => earlyThrottles().map((each) => watchThrottle(each, 'early throttle', trace));
  view.getAuthenticators = () => authenticators().map((each) => watchAuthenticator(each, trace));
  view.getPermissions = () => permissions().map((each) => watchPermission(each, trace));
  view.getThrottles = () => throttles().map((each) => watchThrottle(each, 'throttle', trace));
}

/** Names the authenticators that would have been asked for a user who is given. */
function skipAuthenticators(view: APIView, trace: Trace): void {
  const authenticate = view.performAuthentication.bind(view);
  view.performAuthentication = (request) => {
    for (const policy of view.policies.authenticationClasses) {
      trace.add('authentication', policy, passes('not asked, for the user is given'));
    }
    return authenticate(request);
  };
}

function watchChoices(view: APIView, trace: Trace): void {
  const { contentNegotiationClass, versioningClass } = view.policies;
  const negotiate = view.performContentNegotiation.bind(view);
  view.performContentNegotiation = (request, force) => {
    if (force === true) return negotiate(request, force);
    return trace.watch(
      ['negotiation', contentNegotiationClass],
      () => negotiate(request),
      ([{ constructor }, mediaType]) => passes(`${constructor.name} writes ${mediaType}`),
    );
  };
  if (versioningClass === null) return;
  const determine = view.determineVersion.bind(view);
  view.determineVersion = (request, params) =>
    trace.watch(
      ['version', versioningClass],
      () => determine(request, params),
      ([version]) => passes(version ?? 'no version'),
    );
}

function replaceHandlers(view: APIView, trace: Trace): void {
  const find = view.getHandler.bind(view);
  view.getHandler = (name) => {
    const handler = find(name);
    // Without metadata it is that method itself which refuses.
    const isWithout = handler === APIView.prototype.options && view.policies.metadataClass === null;
    if (handler === undefined || isWithout) return handler;
    return () => {
      trace.isThrough = true;
      trace.add('method', view.constructor, passes(`answers ${name.toUpperCase()}`));
      return new Response();
    };
  };
  const notAllowed = view.httpMethodNotAllowed.bind(view);
  view.httpMethodNotAllowed = (request, params) =>
    trace.watch(
      ['method', view.constructor],
      () => notAllowed(request, params),
      () => passes(`answers ${request.method}`),
    );
}

function watchAuthenticator(authenticator: Authenticator, trace: Trace): Authenticator {
  if (!trace.isNew(authenticator)) return authenticator;
  const ask = authenticator.authenticate.bind(authenticator);
  authenticator.authenticate = (request) =>
    trace.watch(
      ['authentication', authenticator.constructor],
      () => ask(request),
      (pair) => passes(pair ? `recognises ${nameOfUser(pair[0])}` : 'recognises nobody'),
    );
  return authenticator;
}

/** What people call a user: the name, else the primary key; `anonymous` for nobody known. */
export function nameOfUser(user: unknown): string {
  if (typeof user !== 'object' || user === null) return 'nobody';
  if ('isAuthenticated' in user && user.isAuthenticated !== true) return 'anonymous';
  const { getUsername, pk } = user as Partial<AbstractBaseUser>;
  return getUsername === undefined ? String(pk) : getUsername.call(user);
}

/** Has a permission tell what it says of a request. */
export function watchPermission(permission: Permission, trace: Trace): Permission {
  if (!trace.isNew(permission)) return permission;
  const ask = permission.hasPermission?.bind(permission) ?? (() => true);
  permission.hasPermission = (request, view) =>
    trace.watch(
      ['permission', permission.constructor],
      () => ask(request, view),
      (allowed) => (allowed ? passes('allows') : refuses('refuses')),
    );
  return permission;
}

function watchThrottle(throttle: Throttle, phase: Phase, trace: Trace): Throttle {
  if (!trace.isNew(throttle)) return throttle;
  if (!(throttle instanceof SimpleRateThrottle) || throttle.cache !== trace.cache) {
    throttle.allowRequest = () => {
      trace.add(phase, throttle.constructor, passes('not asked, for it would count the request'));
      return true;
    };
    return throttle;
  }
  const ask = throttle.allowRequest.bind(throttle);
  throttle.allowRequest = (request, view) => {
    trace.cache.lastKey = null;
    return trace.watch(
      [phase, throttle.constructor],
      () => ask(request, view),
      (allowed) => (allowed ? passes(describeCount(throttle, trace.cache)) : refuses('refuses')),
    );
  };
  return throttle;
}

function describeCount(throttle: SimpleRateThrottle, { lastKey }: ScratchCache): string {
  if (lastKey === null) return "doesn't count the request";
  const rate = throttle.rate === null || throttle.rate === '' ? throttle.getRate() : throttle.rate;
  return `counts it as ${lastKey}, ${String(rate)} at most`;
}
