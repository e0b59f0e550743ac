import type { AuthenticationClasses } from './authentication';
import { ImproperlyConfigured } from './exceptions';
import type { GuaranteesAuthentication, PermissionClasses } from './permissions';
import type { Awaitable } from './policy';
import type { AuthenticatedRequest, Request } from './request';
import { addToRecord, ownRecord, POLICY_NAMES, type Policies, type PolicyName } from './resolution';
import type { Settings } from './settings';
import type { BaseUser } from './users';
import { APIView, type Params, type ViewClass, type ViewHandler, type ViewResult } from './views';

/* eslint-disable @typescript-eslint/no-explicit-any -- decorators take functions and methods of any shape */
type AnyFunction = (...args: any[]) => any;
type AnyDescriptor = TypedPropertyDescriptor<any>;
/* eslint-enable @typescript-eslint/no-explicit-any */

/**
 * What a policy helper returns: apply it to a function, or write it above a class or a static method, with
 * TypeScript's older decorators or the standard ones.
 */
export interface PolicyDecorator {
  /** Above a method, standard decorators; above a class, standard decorators. */
  (target: object, context: ClassDecoratorContext | ClassMethodDecoratorContext): void;
  /** Above a method, TypeScript's older decorators. */
  (target: object, name: string | symbol, descriptor: AnyDescriptor): void;
  /** Around a function; above a class, TypeScript's older decorators. */
  <F extends object>(target: F): F;
}

function policyHelper<K extends PolicyName>(name: K): (policy: Policies[K]) => PolicyDecorator {
  const isList = name.endsWith('Classes');
  return (policy) => {
    if (isList && !Array.isArray(policy)) {
      const example = typeof policy === 'function' ? nameOf(policy) : '…';
      throw new ImproperlyConfigured(`${name} takes a list of classes. Write ${name}([${example}]).`);
    }
    return ((target: object, nameOrContext?: unknown, descriptor?: AnyDescriptor): object | undefined => {
      const decorated = descriptor === undefined ? target : (descriptor.value as object);
      if ('viewClass' in decorated) throw new TypeError(wrongOrder(name));
      if (ownRecord(decorated)?.[name] !== undefined) {
        throw new ImproperlyConfigured(`${nameOf(decorated)} is decorated with ${name} twice. Keep one.`);
      }
      addToRecord(decorated, { [name]: policy });
      // Around a function the function comes back; a decorator that returns nothing leaves what it stands above.
      return nameOrContext === undefined ? target : undefined;
    }) as PolicyDecorator;
  };
}

function nameOf(target: object): string {
  return (target as { name?: string }).name ?? 'The view';
}

function wrongOrder(name: string): string {
  return (
    `${name} must come after (below) apiView: a built view can't be changed any more. The correct order is:\n\n` +
    `  @apiView(['GET'])\n  @${name}(…)\n  static myView(request) { … }\n\nor apiView(['GET'])(${name}(…)(myView)).`
  );
}

/** Who may be recognised, and how. */
export const authenticationClasses = policyHelper('authenticationClasses');
/** Who may pass. */
export const permissionClasses = policyHelper('permissionClasses');
/** How often. */
export const throttleClasses = policyHelper('throttleClasses');
/** How often anybody may try, asked before it is known who comes. */
export const preAuthThrottleClasses = policyHelper('preAuthThrottleClasses');
/** What bodies are read. */
export const parserClasses = policyHelper('parserClasses');
/** What answers are written. */
export const rendererClasses = policyHelper('rendererClasses');
/** Who chooses among parsers and renderers. */
export const contentNegotiationClass = policyHelper('contentNegotiationClass');
/** What OPTIONS answers; null refuses it. */
export const metadataClass = policyHelper('metadataClass');
/** How the version is found; null: there is none. */
export const versioningClass = policyHelper('versioningClass');
/** The scope of `ScopedRateThrottle`. */
export const throttleScope = policyHelper('throttleScope');

/** Options of a function view: its policies, and the base view that it takes the rest from. */
export type ApiViewOptions = Partial<Policies> & {
  /** @default APIView */
  readonly extends?: ViewBase;
  readonly settings?: Settings;
};
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a base view of any user type
type ViewBase = abstract new () => APIView<any, any>;

/** The pair that an authenticator answers with. */
type PairOf<A> = A extends { authenticate(...args: never[]): infer Answer } ? NonNullable<Awaited<Answer>> : never;
type ListedPair<L extends AuthenticationClasses> = PairOf<InstanceType<L[number]>>;
type BasePair<O> = O extends { readonly extends: abstract new () => APIView<infer U, infer A> }
  ? readonly [U, A]
  : readonly [BaseUser, unknown];
/** The user and auth types of a function view: of its own list, else of the view that it extends. */
type PairFor<O> = O extends { readonly authenticationClasses: infer L extends AuthenticationClasses }
  ? ListedPair<L>
  : BasePair<O>;
type UserOf<Pair> = Pair extends readonly [infer U extends BaseUser, unknown] ? U : BaseUser;
type AuthOf<Pair> = Pair extends readonly [unknown, infer A] ? A : unknown;
type HasGuarantee<O> = O extends { readonly permissionClasses: infer L extends PermissionClasses }
  ? Extract<InstanceType<L[number]>, GuaranteesAuthentication> extends never
    ? false
    : true
  : false;
/** What the function gets: a request of the inferred types, with a user for sure behind `IsAuthenticated`. */
export type RequestFor<O> =
  HasGuarantee<O> extends true
    ? AuthenticatedRequest<UserOf<PairFor<O>>, AuthOf<PairFor<O>>>
    : Request<UserOf<PairFor<O>>, AuthOf<PairFor<O>>>;

/** A function view before it is built. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- route parameters have the types that the function gives them
export type ViewFunction<R> = (request: R, params: any) => Awaitable<ViewResult>;

/** What `apiView` gives: it makes a handler of a function, or of a static method that it stands above. */
export interface ApiViewDecorator<R> {
  /** Above a static method, standard decorators. */
  <F extends ViewFunction<R>>(target: F, context: ClassMethodDecoratorContext & { readonly static: true }): F;
  /** Above a static method, TypeScript's older decorators. */
  <F extends ViewFunction<R>>(target: object, name: string | symbol, descriptor: TypedPropertyDescriptor<F>): void;
  /** Around a function. */
  (target: ViewFunction<R>): ViewHandler;
}

/**
 * Makes a view of a function. It answers the methods that are listed, and OPTIONS; HEAD only where listed.
 *
 * TypeScript has no decorators on plain functions: apply the result to the function. Above a static method it is a
 * decorator, and the method is a handler from then on.
 *
 * @param methods HTTP methods in any case
 * @param options policies; the types of `request.user` and `request.auth` follow from the lists
 *
 * @example export const ping = apiView(['GET'], { permissionClasses: [AllowAny] })(() => new Response('pong'));
 */
export function apiView<const O extends ApiViewOptions = object>(
  methods: readonly string[] = ['GET'],
  options?: O,
): ApiViewDecorator<RequestFor<O>> {
  if (typeof methods === 'function') {
    throw new TypeError("apiView missing list of allowed HTTP methods: apiView(['GET'])(view).");
  }
  if (!Array.isArray(methods)) throw new TypeError(`apiView expected a list of strings, received ${typeof methods}`);
  const decorate = (
    target: object,
    nameOrContext?: PropertyKey | ClassMethodDecoratorContext,
    descriptor?: AnyDescriptor,
  ): unknown => {
    if (nameOrContext === undefined) return build({ fn: target as AnyFunction }, methods, options);
    if (typeof nameOrContext === 'object') {
      if (!nameOrContext.static) throw notStatic(nameOrContext.name);
      const view: FunctionView = { fn: target as AnyFunction };
      nameOrContext.addInitializer(function (this: unknown) {
        view.self = this;
      });
      return build(view, methods, options);
    }
    // Older decorators: the target of a static method is the class.
    if (typeof target !== 'function') throw notStatic(nameOrContext);
    const value = build({ fn: descriptor?.value as AnyFunction, self: target }, methods, options);
    return { ...descriptor, value };
  };
  return decorate as ApiViewDecorator<RequestFor<O>>;
}

function notStatic(name: PropertyKey): ImproperlyConfigured {
  return new ImproperlyConfigured(
    `apiView stands above the instance method ${String(name)}. Make the method static, or write a class view.`,
  );
}

/** A function that becomes a view. */
interface FunctionView {
  readonly fn: AnyFunction;
  /** What `this` means in a static method. */
  self?: unknown;
}

const OPTIONS: ReadonlySet<string> = new Set([...POLICY_NAMES, 'settings']);

/** A misspelled list, or one that is lost in a cycle of imports, must not leave the view open. */
function checkOptions(base: unknown, statics: object): void {
  if (typeof base !== 'function') {
    throw new ImproperlyConfigured(
      'apiView got no class under `extends`. Write extends: AppView; if it is written, do two modules import each other?',
    );
  }
  const unknown = Object.keys(statics).find((name) => !OPTIONS.has(name));
  if (unknown === undefined) return;
  throw new ImproperlyConfigured(
    `apiView has no option '${unknown}'. Options are: extends, ${[...OPTIONS].join(', ')}.`,
  );
}

/** Builds the class of a function view, once. */
function build(view: FunctionView, methods: readonly string[], options: ApiViewOptions | undefined): ViewHandler {
  const { extends: base, ...statics } = { extends: APIView, ...options };
  checkOptions(base, statics);
  const { fn } = view;
  const viewClass = class extends (base as new () => APIView) {} as unknown as ViewClass;
  const httpMethodNames = [...new Set([...methods.map((method) => method.toLowerCase()), 'options'])];
  for (const [name, value] of Object.entries({ ...statics, name: fn.name, httpMethodNames })) {
    Object.defineProperty(viewClass, name, { value, configurable: true });
  }
  const record = ownRecord(fn);
  if (record !== undefined) addToRecord(viewClass, record);
  const answer = (request: Request, params: Params): Awaitable<ViewResult> =>
    fn.call(view.self, request, params) as Awaitable<ViewResult>;
  for (const method of methods) {
    Object.defineProperty(viewClass.prototype, method.toLowerCase(), { value: answer, configurable: true });
  }
  return viewClass.asView();
}

/**
 * The handler of a static method that `apiView` decorates, with its type: a decorator can't change the one that the
 * method was declared with.
 */
export function handler(view: AnyFunction): ViewHandler {
  if (!('viewClass' in view)) throw new TypeError(`${view.name} is no view. Is apiView missing?`);
  return view as unknown as ViewHandler;
}
