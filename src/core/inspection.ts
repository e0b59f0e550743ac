import { withOverrides } from './as-view';
import { ImproperlyConfigured } from './errors';
import type { Handler } from './host';
import { AllowAny, compositionOf } from './permissions';
import type { PolicyClass } from './policy';
import { findDeclaration, resolvePolicies, settingName, type PolicyName, type ResolvedPolicies } from './resolution';
import { defaultSettings } from './settings';
import type { Route } from './urls';
import { APIView, type ViewClass, type ViewHandler } from './views';

/** A route as tools show it. */
export interface RouteInfo {
  /** The route with the patterns and namespaces of its groups: it stands for itself in a `URLTable`. */
  readonly route: Route;
  readonly handler: Handler;
  /** The whole pattern, with the place of a format suffix: `/notes/<int:pk>`, `/notes.<format>`. */
  readonly pattern: string;
  /** The name with its namespaces, as `reverse` takes it. */
  readonly fullName: string | null;
  /** The class of the view, or the function. */
  readonly target: string;
  /** Null for a handler that is no view. */
  readonly view: ViewInfo | null;
}

/** What stands behind the handler of a view. */
export interface ViewInfo {
  /** The class that is served: with the overrides of `asView`. */
  readonly viewClass: ViewClass;
  readonly policies: ResolvedPolicies;
  /** The statics that `asView` overrides. */
  readonly overrides: ReadonlySet<string>;
}

/**
 * The routes of a list and of its groups, in the order in which they are tried.
 * @throws ImproperlyConfigured for a view whose policies can't be, or that is of another copy of the library
 */
export function inspectRoutes(routes: readonly Route[]): RouteInfo[] {
  return routes.flatMap(({ handler, children, ...route }) => {
    if (handler !== null) return [inspectRoute({ ...route, handler, children }, handler)];
    const { pattern, namespace } = route;
    return inspectRoutes(
      children.map((child) => ({
        ...child,
        pattern: pattern + child.pattern,
        namespace: joinNames(namespace, child.namespace),
      })),
    );
  });
}

function joinNames(outer: string | null, inner: string | null): string | null {
  return outer === null || inner === null ? (outer ?? inner) : `${outer}:${inner}`;
}

function inspectRoute(route: Route, handler: Handler): RouteInfo {
  const { name, namespace } = route;
  const view = 'viewClass' in handler ? inspectView(handler as ViewHandler) : null;
  return {
    route,
    handler,
    pattern: patternOf(route),
    fullName: name === null ? null : joinNames(namespace, name),
    target: nameOr(view?.policies.className ?? handler.name, view === null ? 'function' : 'view'),
    view,
  };
}

function patternOf({ pattern, suffix }: Route): string {
  if (suffix === null) return pattern;
  const format = suffix.allowed?.join('|') ?? suffix.param ?? 'format';
  return `${pattern.replace(/\/+$/, '')}.<${format}>`;
}

/** Functions and classes that are written where they are used may have no name. */
function nameOr(name: string, noun: string): string {
  return name === '' ? `(${noun} without a name)` : name;
}

function inspectView({ viewClass, initkwargs }: ViewHandler): ViewInfo {
  if (!(viewClass.prototype instanceof APIView)) {
    // Of its classes none would be recognised, and an open view pass for a guarded one.
    throw new ImproperlyConfigured(
      `${viewClass.name} is a view of another copy of sallyport. Use the command that is installed with the app: npx sallyport.`,
    );
  }
  const served = withOverrides(viewClass, initkwargs);
  return { viewClass: served, policies: resolvePolicies(served), overrides: new Set(Object.keys(initkwargs)) };
}

/**
 * Where a policy comes from: a static field, a decorator, an argument of `asView`, the settings of the app, or the
 * library, if nobody has declared anything.
 */
export interface Origin {
  readonly kind: 'static' | 'decorator' | 'asView' | 'setting' | 'library';
  /** The class or the setting. */
  readonly name: string;
}

/** Where a policy of a view comes from. */
export function originOf({ viewClass, policies, overrides }: ViewInfo, policy: PolicyName): Origin {
  const declaration = findDeclaration(viewClass, policy);
  if (declaration === undefined) {
    const name = settingName(policy);
    // Lists are compared by identity: whoever writes the same one has declared it.
    return { kind: policies.settings[name] === defaultSettings[name] ? 'library' : 'setting', name };
  }
  return { kind: overrides.has(policy) ? 'asView' : declaration.form, name: declaration.declaredBy };
}

/** The place of what is wrong with a policy: the setting that it comes from, which many views may share, or the view. */
export function placeOf(view: ViewInfo, policy: PolicyName, where: string): string {
  const { kind, name } = originOf(view, policy);
  return kind === 'setting' || kind === 'library' ? `the setting ${name}` : where;
}

/**
 * Who may pass a view: `guarded` by permissions; `public`, as was declared; `open`, as nothing was declared; or `custom`,
 * where its own code decides.
 */
export type Access = 'guarded' | 'public' | 'open' | 'custom';

/** Methods of a view that decide who may pass. */
const GATES = ['getPermissions', 'checkPermissions'];

/** Who may pass a view. */
export function accessOf(view: ViewInfo): Access {
  if (GATES.some((gate) => methodOf(view.viewClass, gate) !== methodOf(APIView, gate))) return 'custom';
  if (!view.policies.permissionClasses.every((permission) => permission === AllowAny)) return 'guarded';
  return originOf(view, 'permissionClasses').kind === 'library' ? 'open' : 'public';
}

/** A policy class by name; a composed permission as it was written: `and(IsAuthenticated, not(IsGuest))`. */
export function nameOfPolicy(policy: PolicyClass<object>): string {
  const composition = compositionOf(policy);
  if (composition === undefined) return nameOr(policy.name, 'class');
  return `${composition.operator}(${composition.operands.map(nameOfPolicy).join(', ')})`;
}

/** The method that instances of a class have under this name, to be compared with that of a base class. */
export function methodOf(Class: { readonly prototype: unknown }, name: string): unknown {
  return Reflect.get(Class.prototype as object, name);
}
