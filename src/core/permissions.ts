import { chain, isPromiseLike, type Awaitable, type PolicyClass } from './policy';
import type { Request } from './request';
import type { Settings } from './settings';
import type { APIView } from './views';

/** Methods that change nothing. TRACE is not among them, as in DRF. */
export const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * The second door: may this request pass? A permission without one of the two methods allows there; an answer that is
 * not true, `undefined` too, refuses.
 */
export interface Permission {
  hasPermission?(request: Request, view: APIView): Awaitable<boolean>;
  hasObjectPermission?(request: Request, view: APIView, obj: unknown): Awaitable<boolean>;
  /** What a 403 says in place of the default text. */
  readonly message?: unknown;
  readonly code?: string;
}

/** A list of permissions, each of which must allow: DRF's `permission_classes`. */
export type PermissionClasses = readonly PolicyClass<Permission>[];

/** Allows; subclasses override one method or both. */
export class BasePermission implements Permission {
  constructor(protected readonly settings: Settings) {}

  hasPermission(_request: Request, _view: APIView): Awaitable<boolean> {
    return true;
  }

  hasObjectPermission(_request: Request, _view: APIView, _obj: unknown): Awaitable<boolean> {
    return true;
  }
}

/** Anybody. Says in the list what an empty list would mean. */
export class AllowAny extends BasePermission {}

/** A permission of this brand promises that `request.user` is a user afterwards; function views read it for types. */
export interface GuaranteesAuthentication {
  readonly guarantees: 'authenticated';
}

/** Users only. */
export class IsAuthenticated extends BasePermission implements GuaranteesAuthentication {
  declare readonly guarantees: 'authenticated';

  override hasPermission(request: Request, _view: APIView): Awaitable<boolean> {
    return ofUser(request, isAuthenticated);
  }
}

/** Users with `isStaff`. */
export class IsAdminUser extends BasePermission {
  override hasPermission(request: Request, _view: APIView): Awaitable<boolean> {
    return ofUser(request, isStaff);
  }
}

/** Users, and for GET, HEAD and OPTIONS anybody. */
export class IsAuthenticatedOrReadOnly extends BasePermission {
  override hasPermission(request: Request, _view: APIView): Awaitable<boolean> {
    if (SAFE_METHODS.has(request.method)) return true;
    return ofUser(request, isAuthenticated);
  }
}

/** With lazy authentication a permission may be the first to ask who it is. */
function ofUser(request: Request, ask: (user: unknown) => boolean): Awaitable<boolean> {
  const pending = request.loadUser();
  return isPromiseLike(pending) ? askLater(pending, request, ask) : ask(request.user);
}

function askLater(pending: PromiseLike<void>, request: Request, ask: (user: unknown) => boolean): PromiseLike<boolean> {
  return pending.then(() => ask(request.user));
}

// Compared with true: a promise or a method under one of these names must not pass for "yes".

function isAuthenticated(user: unknown): boolean {
  return user !== null && typeof user === 'object' && 'isAuthenticated' in user && user.isAuthenticated === true;
}

function isStaff(user: unknown): boolean {
  return user !== null && typeof user === 'object' && 'isStaff' in user && user.isStaff === true;
}

/** @internal The class check of a permission; one without the method allows. */
export function askPermission(permission: Permission, request: Request, view: APIView): Awaitable<boolean> {
  return permission.hasPermission === undefined ? true : permission.hasPermission(request, view);
}

/** @internal The object check of a permission; one without the method allows. */
// eslint-disable-next-line max-params -- a permission, and the three that its method takes
export function askObjectPermission(
  permission: Permission,
  request: Request,
  view: APIView,
  obj: unknown,
): Awaitable<boolean> {
  return permission.hasObjectPermission === undefined ? true : permission.hasObjectPermission(request, view, obj);
}

const COMPOSED: unique symbol = Symbol('sallyport.composedPermission');
type Operator = 'and' | 'or' | 'not';
export interface Composition {
  readonly operator: Operator;
  readonly operands: PermissionClasses;
}
type ComposedClass = PolicyClass<Permission> & { readonly [COMPOSED]?: Composition };

/** @internal What `and`, `or` or `not` made a class of; undefined for other classes, those derived from such a one too. */
export function compositionOf(permission: PolicyClass<Permission>): Composition | undefined {
  return Object.hasOwn(permission, COMPOSED) ? (permission as ComposedClass)[COMPOSED] : undefined;
}

/** Whether any operand guarantees a user: enough for `and`. */
type AnyGuarantee<P extends PermissionClasses> = [Extract<InstanceType<P[number]>, GuaranteesAuthentication>] extends [
  never,
]
  ? Permission
  : Permission & GuaranteesAuthentication;
/** Whether all operands guarantee a user: needed for `or`. */
type EveryGuarantee<P extends PermissionClasses> =
  InstanceType<P[number]> extends GuaranteesAuthentication ? Permission & GuaranteesAuthentication : Permission;

/** All of them, asked from left to right until one refuses (DRF's `A & B`). */
export function and<const P extends PermissionClasses>(...operands: P): PolicyClass<AnyGuarantee<P>> {
  class And implements Permission {
    static readonly [COMPOSED]: Composition = { operator: 'and', operands: checkOperands('and', operands) };
    readonly #parts: readonly Permission[];

    constructor(settings: Settings) {
      this.#parts = operands.map((Operand) => new Operand(settings));
    }
    hasPermission(request: Request, view: APIView): Awaitable<boolean> {
      return every(this.#parts, (part) => askPermission(part, request, view));
    }
    hasObjectPermission(request: Request, view: APIView, obj: unknown): Awaitable<boolean> {
      return every(this.#parts, (part) => askObjectPermission(part, request, view, obj));
    }
  }
  return And as PolicyClass<Permission> as PolicyClass<AnyGuarantee<P>>;
}

/**
 * Any of them, asked from left to right until one allows (DRF's `A | B`). For an object a branch allows only if both
 * its class check and its object check do: else a branch that says nothing about objects would open them to everybody.
 */
export function or<const P extends PermissionClasses>(...operands: P): PolicyClass<EveryGuarantee<P>> {
  class Or implements Permission {
    static readonly [COMPOSED]: Composition = { operator: 'or', operands: checkOperands('or', operands) };
    readonly #parts: readonly Permission[];

    constructor(settings: Settings) {
      this.#parts = operands.map((Operand) => new Operand(settings));
    }
    hasPermission(request: Request, view: APIView): Awaitable<boolean> {
      return some(this.#parts, (part) => askPermission(part, request, view));
    }
    hasObjectPermission(request: Request, view: APIView, obj: unknown): Awaitable<boolean> {
      return some(this.#parts, (part) =>
        chain(
          askPermission(part, request, view),
          (allowed) => isTrue(allowed) && askObjectPermission(part, request, view, obj),
        ),
      );
    }
  }
  return Or as PolicyClass<Permission> as PolicyClass<EveryGuarantee<P>>;
}

/** The opposite (DRF's `~A`): of the class check for a request, of the object check alone for an object. */
export function not(operand: PolicyClass<Permission>): PolicyClass<Permission> {
  class Not implements Permission {
    static readonly [COMPOSED]: Composition = { operator: 'not', operands: checkOperands('not', [operand]) };
    readonly #part: Permission;

    constructor(settings: Settings) {
      this.#part = new operand(settings);
    }
    hasPermission(request: Request, view: APIView): Awaitable<boolean> {
      return chain(askPermission(this.#part, request, view), (allowed) => !isTrue(allowed));
    }
    hasObjectPermission(request: Request, view: APIView, obj: unknown): Awaitable<boolean> {
      return chain(askObjectPermission(this.#part, request, view, obj), (allowed) => !isTrue(allowed));
    }
  }
  return Not;
}

/** Whether two permission classes are the same class, or the same operator over the same operands. */
export function samePermission(a: PolicyClass<Permission>, b: PolicyClass<Permission>): boolean {
  if (a === b) return true;
  const left = compositionOf(a);
  const right = compositionOf(b);
  return (
    left !== undefined &&
    right !== undefined &&
    left.operator === right.operator &&
    left.operands.length === right.operands.length &&
    left.operands.every((operand, i) => samePermission(operand, right.operands[i]!))
  );
}

function checkOperands(operator: Operator, operands: PermissionClasses): PermissionClasses {
  if (operands.length === 0) throw new TypeError(`${operator}() takes permission classes, and got none.`);
  operands.forEach((operand, i) => {
    if (typeof operand !== 'function')
      throw new TypeError(`${operator}() takes permission classes; argument ${String(i + 1)} is none.`);
  });
  return operands;
}

/** Truth as DRF sees it: anything that isn't falsy. */
function isTrue(answer: unknown): boolean {
  return Boolean(answer);
}

function every(
  parts: readonly Permission[],
  ask: (part: Permission) => Awaitable<boolean>,
  from = 0,
): Awaitable<boolean> {
  if (from === parts.length) return true;
  return chain(ask(parts[from]!), (allowed) => isTrue(allowed) && every(parts, ask, from + 1));
}

function some(
  parts: readonly Permission[],
  ask: (part: Permission) => Awaitable<boolean>,
  from = 0,
): Awaitable<boolean> {
  if (from === parts.length) return false;
  return chain(ask(parts[from]!), (allowed) => isTrue(allowed) || some(parts, ask, from + 1));
}
