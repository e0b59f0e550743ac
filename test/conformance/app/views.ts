import {
  APIView,
  apiView,
  authenticationClasses,
  formatSuffixPatterns,
  obtainAuthToken,
  parserClasses,
  path,
  permissionClasses,
  rendererClasses,
  throttleClasses,
} from 'sallyport';
import type { Handler, Params, Policies, Request, Route, Settings, ViewClass } from 'sallyport';
import type { Names } from './definitions';
import type { RestFrameworkSettings, ViewDefinition } from './documents';
import { toAction, type Action } from './handlers';
import { viewSettings } from './settings';
import type { World } from './world';

/** What views are built from. */
export interface Project {
  /** The stores and the like. */
  readonly base: Settings;
  /** The settings of the document. */
  readonly given: RestFrameworkSettings;
  readonly names: Names;
  readonly world: World;
}

/** The routes of a view: under its plain pattern, and under the patterns with a format suffix. */
export interface ViewRoutes {
  readonly plain: readonly Route[];
  readonly suffixed: readonly Route[];
}

/** @throws NotOffered */
export function toRoutes(definition: ViewDefinition, project: Project): ViewRoutes {
  const { name, namespace, formatSuffix = false } = definition;
  const settings = viewSettings(project.base, { ...project.given, ...definition.settings }, project.names);
  const route = path(definition.path, buildView(definition, settings, project), {
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
  });
  if (formatSuffix === false) return { plain: [route], suffixed: [] };
  const { allowed, required = false } = formatSuffix === true ? {} : formatSuffix;
  const suffixed = formatSuffixPatterns([route], {
    suffixRequired: true,
    param: settings.formatSuffixKwarg,
    ...(allowed === undefined ? {} : { allowed }),
  });
  return { plain: required ? [] : [route], suffixed };
}

function buildView(definition: ViewDefinition, settings: Settings, project: Project): Handler {
  if (definition.builtin === 'obtain_auth_token') return obtainAuthToken(settings);
  const { methods = ['GET'] } = definition;
  const actions = new Map(methods.map((method) => [method, actionOf(definition, method, project.world)]));
  const policies = toPolicies(definition, project.names);
  return definition.style === 'function'
    ? buildFunctionView(definition, { settings, policies, actions })
    : buildClassView(definition, { settings, policies, actions });
}

function actionOf({ path: at, handler, handlers }: ViewDefinition, method: string, world: World): Action {
  const definition = handlers === undefined ? handler : handlers[method];
  if (definition === undefined) throw new Error(`${at} has no handler for ${method}.`);
  return toAction(definition, world);
}

interface Parts {
  readonly settings: Settings;
  /** Those that the view names itself. */
  readonly policies: Partial<Policies>;
  readonly actions: ReadonlyMap<string, Action>;
}

/** A subclass of `APIView` with the methods of the definition. */
function buildClassView(definition: ViewDefinition, { settings, policies, actions }: Parts): Handler {
  const { className = 'ConformanceView', performAuthentication = true, model } = definition;
  const View = class extends APIView {
    static readonly queryset = model === undefined ? null : { appLabel: 'conformance', modelName: model.toLowerCase() };
  } as ViewClass;
  Object.defineProperty(View, 'name', { value: className });
  for (const [method, action] of actions) {
    Object.defineProperty(View.prototype, method.toLowerCase(), {
      value(this: APIView, request: Request, params: Params) {
        return action({ request, params, view: this });
      },
    });
  }
  if (!performAuthentication)
    Object.defineProperty(View.prototype, 'performAuthentication', { value: () => undefined });
  return View.asView({ settings, ...policies });
}

/** A function with its policy decorators, inside `apiView`. */
function buildFunctionView(definition: ViewDefinition, { settings, policies, actions }: Parts): Handler {
  const { className = 'ConformanceView', description } = definition;
  const view = (request: Request, params: Params): ReturnType<Action> =>
    actions.get(request.method)!({ request, params, view: null });
  Object.defineProperty(view, 'name', { value: className });
  if (policies.authenticationClasses !== undefined) authenticationClasses(policies.authenticationClasses)(view);
  if (policies.permissionClasses !== undefined) permissionClasses(policies.permissionClasses)(view);
  if (policies.throttleClasses !== undefined) throttleClasses(policies.throttleClasses)(view);
  if (policies.parserClasses !== undefined) parserClasses(policies.parserClasses)(view);
  if (policies.rendererClasses !== undefined) rendererClasses(policies.rendererClasses)(view);
  return apiView([...actions.keys()], { settings, ...(description === undefined ? {} : { description }) })(view);
}

function toPolicies(view: ViewDefinition, names: Names): Partial<Policies> {
  const { versioningClass: versioning, metadataClass: metadata, contentNegotiationClass: negotiation } = view;
  return withoutAbsent({
    authenticationClasses: view.authenticationClasses?.map((name) => names.find('authenticator', name)),
    permissionClasses: view.permissionClasses?.map((expression) => names.permission(expression)),
    throttleClasses: view.throttleClasses?.map((name) => names.find('throttle', name)),
    parserClasses: view.parserClasses?.map((name) => names.find('parser', name)),
    rendererClasses: view.rendererClasses?.map((name) => names.find('renderer', name)),
    contentNegotiationClass: negotiation === undefined ? undefined : names.find('negotiation', negotiation),
    versioningClass: typeof versioning === 'string' ? names.find('versioning', versioning) : versioning,
    metadataClass: typeof metadata === 'string' ? names.find('metadata', metadata) : metadata,
    throttleScope: view.throttleScope,
    viewName: view.viewName,
    viewSuffix: view.viewSuffix,
    description: view.description,
  });
}

function withoutAbsent<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as ReturnType<
    typeof withoutAbsent<T>
  >;
}
