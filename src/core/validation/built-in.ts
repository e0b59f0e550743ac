import { isDeepStrictEqual } from 'node:util';
import type { ValidatorConstraintInterface } from 'class-validator';
import { isPromiseLike } from '../policy';

/**
 * Whether a constraint is the one that a decorator of class-validator makes. Its name doesn't tell: an app may give the
 * same to its own. Its functions don't: each use of a decorator makes new ones. But a built-in one reads the arguments of
 * its decorator in a module of class-validator, so it's asked once, with arguments that note who reads them.
 *
 * @param module below `class-validator/cjs/decorator/`
 */
export function isBuiltIn(instance: ValidatorConstraintInterface, module: string): boolean {
  let readers: unknown;
  const args = {
    get constraints() {
      readers = callers();
      return [];
    },
  };
  try {
    const [decorator, register] = [`decorator/${module}`, 'register-decorator'].map((name) =>
      require.resolve(`class-validator/cjs/${name}`),
    );
    const answer = instance.validate(undefined, args as never);
    if (isPromiseLike(answer)) answer.then(undefined, () => undefined);
    return isDeepStrictEqual(readers, [__filename, __filename, decorator, register, __filename]);
  } catch {
    // Either class-validator was packed into one file with the app, or this is the app's own and doesn't like to be asked so.
    return false;
  }
}

/** The files of the five functions that run, the innermost first. One between the others would show. */
function callers(): unknown {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is only put back
  const { stackTraceLimit, prepareStackTrace } = Error;
  Error.stackTraceLimit = 5;
  Error.prepareStackTrace = (_error, frames) => frames.map((frame) => frame.getFileName());
  try {
    return new Error().stack;
  } finally {
    Object.assign(Error, { stackTraceLimit, prepareStackTrace });
  }
}
