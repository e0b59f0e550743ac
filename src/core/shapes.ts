import type { HostRequest, HostResponse } from './host';

/**
 * Express replaces the prototypes of each request and response. In Node 20 and 22 V8 then makes a shape of its own for
 * each of these objects, and another one with every property that is added: making the shapes, and finding none of them
 * in its caches, costs several times what the request does (expressjs/express#5998).
 *
 * An object of which a property was deleted keeps its properties in a table, and such objects share their shape (but for
 * one process in 64, where those of requests and responses fall on the same place of V8's cache). The property is put
 * back at once, so nobody sees a difference.
 */

const [major] = process.versions.node.split('.');
/** Whether this Node has an Express whose requests don't share their shape. */
export const ARE_UNSTEADY = Number(major) < 24;

/** Deleting the property that was added last would only undo that. Node's constructors set these two early. */
const OF_REQUEST = 'complete';
const OF_RESPONSE = 'sendDate';

const STEADY: unique symbol = Symbol.for('sallyport.steadyShapes') as never;

/** Says of the prototype of requests that they are made with it, so that there is nothing to mend. */
export function markSteady(prototype: object): void {
  Object.defineProperty(prototype, STEADY, { value: true, configurable: true });
}

/** Lets a request and a response whose prototypes were replaced share their shapes with all others. */
export function steadyShapes(raw: HostRequest, sink: HostResponse): void {
  if (!ARE_UNSTEADY || !isReshaped(raw)) return;
  keepInTable(raw, OF_REQUEST);
  keepInTable(sink, OF_RESPONSE);
  Reflect.defineProperty(raw, STEADY, { value: true });
}

/** That of a class has a constructor of its own; an application's has not. */
function isReshaped(raw: HostRequest): boolean {
  const prototype = Object.getPrototypeOf(raw) as object | null;
  if (prototype === null || Object.hasOwn(prototype, 'constructor')) return false;
  return !Object.hasOwn(raw, STEADY) && !Object.hasOwn(prototype, STEADY);
}

function keepInTable(object: object, property: string): void {
  const descriptor = Object.getOwnPropertyDescriptor(object, property);
  if (descriptor?.configurable !== true) return;
  Reflect.deleteProperty(object, property);
  Reflect.defineProperty(object, property, descriptor);
}
