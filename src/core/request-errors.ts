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

/** The name of a function as long as somebody looks for it. */
const SOUGHT = 'sallyport: who waits for the caller?';

/**
 * Whether this very function waits for whoever calls: V8 keeps the chain of awaits in its stack traces. These tell
 * functions by their names alone, so it has one that no other has while we look. That takes long, so it is for places
 * that are seldom reached. Code that was compiled down from `async` isn't seen.
 */
export function isAwaitedBy(run: object & { readonly name: string }): boolean {
  const { name } = run;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is only put back
  const { stackTraceLimit, prepareStackTrace } = Error;
  Object.defineProperty(run, 'name', { value: SOUGHT });
  Error.stackTraceLimit = 200;
  Error.prepareStackTrace = (_error, frames) => frames.some((frame) => frame.getFunctionName() === SOUGHT);
  try {
    return (new Error().stack as unknown) === true;
  } finally {
    Object.assign(Error, { stackTraceLimit, prepareStackTrace });
    Object.defineProperty(run, 'name', { value: name });
  }
}

/** What an error of a user's class becomes: a bug gets a name of its own, anything else stays what it is. */
export function wrapAttributeError(error: unknown): unknown {
  // By name, since errors that Node itself throws may come from another realm, where `instanceof` is false.
  if (!types.isNativeError(error) || (error.name !== 'TypeError' && error.name !== 'ReferenceError')) return error;
  return new WrappedAttributeError(error.message, { cause: error });
}
