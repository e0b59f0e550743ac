import type { HostRequest } from './host';
import { checksObjects, dispatchWatched } from './object-checks';
import { POLICY_NAMES, refuseInstanceFields, type ResolvedPolicies } from './resolution';
import type { APIView, Params, ViewClass, ViewOverrides, ViewResult } from './views';

/** Where an instance keeps what its handler prepared. */
export const PREPARED: unique symbol = Symbol('sallyport.prepared');

const NO_PARAMS: Params = Object.freeze({});
const STATICS: ReadonlySet<string> = new Set([...POLICY_NAMES, 'settings', 'httpMethodNames']);

/** A view class with its policies, resolved once, and what can be known of its answers before any request. */
export class PreparedView {
  readonly #view: ViewClass;
  readonly #fixedHeaders: boolean;
  readonly #watchesObjects: boolean;
  #headers: Readonly<Record<string, string>> | undefined;
  #checked = false;

  constructor(
    view: ViewClass,
    readonly policies: ResolvedPolicies,
  ) {
    this.#view = view;
    this.#watchesObjects = policies.settings.assertObjectPermissions && policies.permissionClasses.some(checksObjects);
    this.#fixedHeaders = ['allowedMethods', 'defaultResponseHeaders', 'getHandler'].every(
      (member) => !isOverridden(view, member),
    );
  }

  /** Serves one request with a new instance. */
  dispatch(raw: HostRequest): Promise<ViewResult> {
    const view = this.create(raw);
    const params = paramsOf(raw);
    return this.#watchesObjects ? dispatchWatched(view, raw, params) : view.dispatch(raw, params);
  }

  /** A new instance for one request. */
  create(raw: HostRequest): APIView {
    const view = new this.#view() as APIView;
    if (!this.#checked) {
      // Fields are made by the constructor, the same ones each time: the first instance tells for all.
      refuseInstanceFields(view, this.#view);
      this.#checked = true;
    }
    view[PREPARED] = this;
    view.setup(raw, paramsOf(raw));
    return view;
  }

  /** The default headers of a view's answers; computed once, unless the class computes them itself. */
  headersOf(view: APIView): Readonly<Record<string, string>> {
    if (!this.#fixedHeaders) return view.defaultResponseHeaders;
    return (this.#headers ??= view.defaultResponseHeaders);
  }
}

function paramsOf(raw: HostRequest): Params {
  return (raw.params as Params | undefined) ?? NO_PARAMS;
}

function isOverridden(view: ViewClass, member: string): boolean {
  let prototype = view.prototype as object;
  while (!Object.hasOwn(prototype, member)) prototype = Object.getPrototypeOf(prototype) as object;
  return Object.getPrototypeOf(prototype) !== Object.prototype;
}

/**
 * The class that `asView` serves: the view itself, or a subclass whose statics are the overrides.
 * @throws TypeError for a name that the class doesn't have (the texts are Django's)
 */
export function withOverrides(view: ViewClass, overrides: ViewOverrides): ViewClass {
  const names = Object.keys(overrides);
  if (names.length === 0) return view;
  const derived = class extends (view as new () => APIView) {} as unknown as ViewClass;
  for (const name of names) {
    if (view.httpMethodNames.includes(name)) {
      throw new TypeError(`The method name ${name} is not accepted as a keyword argument to ${view.name}().`);
    }
    if (!STATICS.has(name) && !(name in view)) {
      throw new TypeError(
        `${view.name}() received an invalid keyword '${name}'. asView only accepts arguments that are already attributes of the class.`,
      );
    }
    Object.defineProperty(derived, name, {
      value: overrides[name],
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
  Object.defineProperty(derived, 'name', { value: view.name, configurable: true });
  return derived;
}
