import * as sallyport from 'sallyport';
import {
  BasePermission,
  exceptionHandler,
  isAPIException,
  Response,
  type Authenticator,
  type ContentNegotiation,
  type ExceptionHandler,
  type Metadata,
  type Parser,
  type Permission,
  type PolicyClass,
  type Renderer,
  type Settings,
  type Throttle,
  type Versioning,
} from 'sallyport';
import type { Definition, DefinitionType } from './documents';
import { readExpression } from './expressions';
import {
  FixedAuthentication,
  FixedThrottle,
  HeaderAuthentication,
  IgnoreClientNegotiation,
  MethodPermission,
  OwnerPermission,
  RaisingPermission,
  TextParser,
  TextRenderer,
} from './kinds';
import { CustomToken } from './stores';
import type { World } from './world';

/** What stands behind a name, by what it is for. */
interface Named {
  authenticator: PolicyClass<Authenticator>;
  permission: PolicyClass<Permission>;
  throttle: PolicyClass<Throttle>;
  parser: PolicyClass<Parser>;
  renderer: PolicyClass<Renderer>;
  negotiation: PolicyClass<ContentNegotiation>;
  metadata: PolicyClass<Metadata>;
  versioning: PolicyClass<Versioning>;
}

/** The package has no such class. */
export class NotOffered extends Error {
  constructor(name: string) {
    super(`sallyport offers no ${name}`);
  }
}

/** A class of the package by its name. */
function builtIn(name: string): PolicyClass<object> {
  const found = (sallyport as Readonly<Record<string, unknown>>)[name];
  if (typeof found !== 'function') throw new NotOffered(name);
  return found as PolicyClass<object>;
}

const KINDS: Partial<Record<DefinitionType, Readonly<Record<string, PolicyClass<object>>>>> = {
  authenticator: { header: HeaderAuthentication, fixed: FixedAuthentication },
  permission: { fixed: BasePermission, raise: RaisingPermission, owner: OwnerPermission, method: MethodPermission },
  throttle: { fixed: FixedThrottle },
  parser: { text: TextParser },
  renderer: { text: TextRenderer },
  negotiation: { ignoreClient: IgnoreClientNegotiation },
};

const TOKEN_MODELS: Readonly<Record<string, unknown>> = { CustomToken };

/** Attributes that are no plain fields of our classes under the same name. */
const TRANSLATIONS: Readonly<Record<string, (value: unknown, instance: object) => object>> = {
  // constants that a method answers
  authenticateHeader: (value) => ({ authenticateHeader: () => value }),
  hasPermission: (value) => ({ hasPermission: () => value }),
  hasObjectPermission: (value) => ({ hasObjectPermission: () => value }),
  allow: (value) => ({ allowRequest: () => value }),
  wait: (value) => ({ wait: () => value }),
  // other names and types
  rates: (value) => ({ throttleRates: value }),
  model: (value) => ({ model: TOKEN_MODELS[value as string] }),
  // Python's `match` begins at the start of the text
  hostnameRegex: (value) => ({ hostnameRegex: new RegExp(`^(?:${value as string})`) }),
  // only the methods that are named are replaced
  permsMap: (value, instance) => ({
    permsMap: { ...(instance as { permsMap?: object }).permsMap, ...(value as object) },
  }),
};

/** The names of a views document: those of the package, and those that it defines itself. */
export class Names {
  readonly #definitions: Readonly<Record<string, Definition>>;
  readonly #world: World;
  readonly #classes = new Map<string, PolicyClass<object>>();

  constructor(definitions: Readonly<Record<string, Definition>>, world: World) {
    this.#definitions = definitions;
    this.#world = world;
  }

  /** @throws NotOffered */
  find<Type extends keyof Named>(type: Type, name: string): Named[Type] {
    let Class = this.#classes.get(name);
    if (Class === undefined) this.#classes.set(name, (Class = this.#make(type, name)));
    return Class as Named[Type];
  }

  /**
   * The permission of an expression, such as `A & ~B`.
   * @throws NotOffered
   */
  permission(expression: string): PolicyClass<Permission> {
    return readExpression(expression, (name) => this.find('permission', name));
  }

  exceptionHandler(name: string): ExceptionHandler {
    const definition = this.#definitions[name];
    const make = definition === undefined ? undefined : EXCEPTION_HANDLERS[definition.kind ?? ''];
    if (definition === undefined || make === undefined) throw new Error(`There is no exception handler '${name}'.`);
    return make(definition);
  }

  #make(type: keyof Named, name: string): PolicyClass<object> {
    // The throttles of the kit see its own time.
    const fields = type === 'throttle' ? { timer: () => this.#world.time } : {};
    const definition = Object.hasOwn(this.#definitions, name) ? this.#definitions[name] : undefined;
    if (definition === undefined) {
      const Class = builtIn(name);
      return type === 'throttle' ? subclass(Class, name, () => fields) : Class;
    }
    const { type: _type, base, kind, ...attributes } = definition;
    const Base = base !== undefined ? this.find(type, base) : KINDS[definition.type]?.[kind ?? ''];
    if (Base === undefined) throw new Error(`'${name}' has neither a base nor a kind that is known.`);
    return subclass(Base, name, (instance) => ({ ...fields, ...toFields(attributes, instance) }));
  }
}

function toFields(attributes: Readonly<Record<string, unknown>>, instance: object): object {
  const fields = Object.entries(attributes).map(
    ([name, value]) => TRANSLATIONS[name]?.(value, instance) ?? { [name]: value },
  );
  return Object.assign({}, ...fields) as object;
}

/** What `class Name extends Base { field = value; … }` would be. */
function subclass(
  Base: PolicyClass<object>,
  name: string,
  fieldsOf: (instance: object) => object,
): PolicyClass<object> {
  const Derived = class extends Base {
    constructor(settings: Settings) {
      super(settings);
      Object.assign(this, fieldsOf(this));
    }
  };
  return Object.defineProperty(Derived, 'name', { value: name });
}

const EXCEPTION_HANDLERS: Readonly<Record<string, (definition: Definition) => ExceptionHandler>> = {
  envelope: () => (error, context) => {
    const response = exceptionHandler(error, context);
    if (response === null) return null;
    response.data = {
      status: response.status,
      codes: isAPIException(error) ? error.getCodes() : null,
      details: isAPIException(error) ? error.getFullDetails() : null,
      errors: response.data,
    };
    return response;
  },
  fixed:
    ({ status, data }) =>
    () =>
      new Response(data, { status: status as number }),
  null: () => () => null,
};
