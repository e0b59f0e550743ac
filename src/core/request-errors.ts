import { types } from 'node:util';

/**
 * A bug in an authenticator or a parser. JavaScript takes a missing property for `undefined` as Python takes an
 * AttributeError for "no such attribute"; under this name the bug can't pass for "anonymous". It ends in a 500.
 */
export class WrappedAttributeError extends Error {
  readonly code = 'wrapped_attribute_error';
  override name = 'WrappedAttributeError';
}

/** `request.user` was read before it was known, and knowing it takes input or output. */
export class AuthenticationPending extends Error {
  readonly code = 'authentication_pending';
  override name = 'AuthenticationPending';
  constructor() {
    super(
      'The user is not known yet, since an authenticator answers asynchronously. Write `await request.getUser()` first.',
    );
  }
}

/** `request.data` was read before the body had been. */
export class DataPending extends Error {
  readonly code = 'data_pending';
  override name = 'DataPending';
  constructor() {
    super('The body has not been read yet. Write `await request.load()` first.');
  }
}

/**
 * Whether the function of this name waits for whoever calls: V8 keeps the chain of awaits in its stack traces. Looking
 * takes long, so it is for places that are seldom reached. Code that was compiled down from `async` isn't seen.
 */
export function isAwaitedBy(name: string): boolean {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 200;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  return stack.includes(name);
}

/** What an error of a user's class becomes: a bug gets a name of its own, anything else stays what it is. */
export function wrapAttributeError(error: unknown): unknown {
  // By name, since errors that Node itself throws may come from another realm, where `instanceof` is false.
  if (!types.isNativeError(error) || (error.name !== 'TypeError' && error.name !== 'ReferenceError')) return error;
  return new WrappedAttributeError(error.message, { cause: error });
}
