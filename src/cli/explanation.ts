import { withOverrides } from '../core/as-view';
import { isBadRequest } from '../core/exceptions';
import type { Handler, HostRequest } from '../core/host';
import { inspectRoutes, nameOfPolicy, type RouteInfo, type ViewInfo } from '../core/inspection';
import { askPermission, compositionOf, type Composition } from '../core/permissions';
import type { Awaitable } from '../core/policy';
import { FORCED, type ForcedAuthentication } from '../core/request';
import { Response } from '../core/response';
import { extendSettings, type Settings } from '../core/settings';
import { URLTable, type ResolverMatch, type Route } from '../core/urls';
import type { BaseUser } from '../core/users';
import type { APIView } from '../core/views';
import { decodePath, pathOf, withoutOrigin } from '../http/paths';
import { reasonsOf } from './reasons';
import { nameOfUser, ScratchCache, Trace, watchPermission, watchView, type Phase } from './trace';

/** A request to be explained. */
export interface Question {
  readonly method: string;
  /** A path with its query, or a whole URL where host or scheme matter. */
  readonly url: string;
  /** Names in small letters. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Finds the user in whose name the request is made; without it the authenticators find out. */
  readonly findUser?: ((settings: Settings) => Promise<BaseUser>) | undefined;
}

/** What a class of the view says to the request. */
export interface ExplainedStep {
  readonly phase: Phase;
  /** The class by name. */
  readonly policy: string;
  readonly outcome: string;
  /** Whether it stands against the request. */
  readonly refuses: boolean;
  /** What the operands of a composed permission say, each by itself. */
  readonly parts?: readonly ExplainedStep[];
}

/** What would become of a request, and why. */
export interface Explanation {
  readonly method: string;
  readonly url: string;
  readonly pattern: string;
  readonly name: string | null;
  /** The class of the view, or the function. */
  readonly view: string;
  /** Null where nobody has asked. */
  readonly user: string | null;
  /** The status of the refusal; null for a request that reaches its handler. */
  readonly status: number | null;
  /** The class that refuses; null where none does. */
  readonly decidedBy: string | null;
  /** Sentences. */
  readonly reasons: readonly string[];
  readonly allow: readonly string[];
  readonly steps: readonly ExplainedStep[];
}

type ExplainedRequest = HostRequest & { [FORCED]?: ForcedAuthentication; readonly resolverMatch: ResolverMatch };

/**
 * Sends a request through the cycle of its view up to the handler, which doesn't run, and tells who said what. Throttles
 * count where nobody else sees it.
 *
 * @returns null when no route matches
 */
export async function explain(routes: readonly Route[], question: Question): Promise<Explanation | null> {
  const target = withoutOrigin(question.url).replace(/[^!-~]+/g, encodeURIComponent);
  const found = findRoute(routes, decodePath(pathOf(target)));
  if (found === null) return null;
  const { info, match } = found;
  const raw = toRequest(question, target, match);
  const about = { method: question.method, url: question.url, pattern: info.pattern, name: info.fullName };
  if (info.view !== null) {
    return { ...about, view: info.target, ...(await explainView(info.view, raw, question)) };
  }
  const reasons = ['The handler is no view, so nobody knows what it does.'];
  return { ...about, view: info.target, user: null, status: null, decidedBy: null, reasons, allow: [], steps: [] };
}

function findRoute(routes: readonly Route[], path: string): { info: RouteInfo; match: ResolverMatch } | null {
  // A handler may stand at several patterns: one of its own for each tells them apart.
  const infos = new Map<Handler, RouteInfo>();
  const table = inspectRoutes(routes).map((info) => {
    const handler: Handler = () => Promise.resolve();
    infos.set(handler, info);
    return { ...info.route, handler };
  });
  const found = new URLTable(table).match(path);
  return found === null ? null : { info: infos.get(found.handler)!, match: found.match };
}

function toRequest({ method, url, headers }: Question, target: string, match: ResolverMatch): ExplainedRequest {
  const [, scheme = 'http', host = 'localhost'] = /^(https?):\/\/([^/?]*)/i.exec(url) ?? [];
  return {
    method,
    url: target,
    headers: { host, accept: '*/*', ...headers },
    httpVersionMajor: 1,
    socket: { remoteAddress: '127.0.0.1', encrypted: scheme.toLowerCase() === 'https' },
    params: match.params,
    resolverMatch: match,
  };
}

type ViewExplanation = Pick<Explanation, 'user' | 'status' | 'decidedBy' | 'reasons' | 'allow' | 'steps'>;

async function explainView(info: ViewInfo, raw: ExplainedRequest, { findUser }: Question): Promise<ViewExplanation> {
  const { settings } = info.policies;
  const cache = new ScratchCache();
  const viewClass = withOverrides(info.viewClass, { settings: extendSettings(settings, { cache }) });
  const view = new viewClass() as APIView;
  const trace = new Trace(cache, findUser !== undefined);
  watchView(view, trace);
  return within(settings, raw, async () => {
    if (findUser !== undefined) raw[FORCED] = { user: await findUser(settings), token: null };
    const status = await statusOf(view, raw, trace);
    const steps = await explainSteps(view, trace);
    const decider = deciderOf(steps);
    return {
      user: raw.user === undefined ? null : nameOfUser(raw.user),
      status: trace.isThrough ? null : status,
      decidedBy: decider?.policy ?? null,
      reasons: reasonsOf(view, trace, { user: raw.user, decider }),
      allow: view.allowedMethods,
      steps,
    };
  });
}

/** Runs something where the app runs its requests, in a unit of work that is rolled back. */
async function within<T>({ aroundDispatch }: Settings, raw: HostRequest, run: () => Promise<T>): Promise<T> {
  if (aroundDispatch === null) return run();
  let result: { readonly value: T } | undefined;
  await aroundDispatch(raw, async () => {
    result = { value: await run() };
    return new Response(null, { exception: true });
  });
  if (result === undefined) throw new Error('The setting aroundDispatch answers the request itself.');
  return result.value;
}

async function statusOf(view: APIView, raw: ExplainedRequest, trace: Trace): Promise<number> {
  const { params } = raw.resolverMatch;
  try {
    view.setup(raw, params);
    const { status } = await view.dispatch(raw, params);
    return status;
  } catch (error) {
    trace.error = error;
    trace.isUnhandled = true;
    return isBadRequest(error) ? 400 : 500;
  }
}

/** Who refuses: of a composed permission the one operand that does, where it is one. */
function deciderOf(steps: readonly ExplainedStep[]): ExplainedStep | null {
  const decider = steps.find(({ refuses }) => refuses);
  if (decider === undefined) return null;
  const operands = (decider.parts ?? []).filter(({ refuses }) => refuses);
  return operands.length === 1 ? deciderOf(operands) : decider;
}

async function explainSteps(view: APIView, { steps }: Trace): Promise<ExplainedStep[]> {
  const explained: ExplainedStep[] = [];
  for (const { phase, policy, outcome, refuses } of [...steps]) {
    const step = { phase, policy: nameOfPolicy(policy), outcome, refuses };
    const made = phase === 'permission' ? compositionOf(policy) : undefined;
    explained.push(made === undefined ? step : { ...step, parts: await explainOperands(view, made) });
  }
  return explained;
}

/** Asks as the composed permission does: no further than needed. */
async function explainOperands(view: APIView, { operator, operands }: Composition): Promise<ExplainedStep[]> {
  const trace = new Trace(new ScratchCache(), false);
  const decisive = operator === 'or';
  for (const operand of operands) {
    const permission = watchPermission(new operand(view.settings), trace);
    const allowed = await settled(() => askPermission(permission, view.request, view));
    if (allowed === undefined || allowed === decisive) break;
  }
  return explainSteps(view, trace);
}

/** The answer as true or false; undefined for an error, which the trace tells. */
async function settled(ask: () => Awaitable<boolean>): Promise<boolean | undefined> {
  try {
    return Boolean(await ask());
  } catch {
    return undefined;
  }
}
