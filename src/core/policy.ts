import type { Settings } from './settings';

/** A value, or a promise of it. Every hook may be synchronous or asynchronous. */
export type Awaitable<T> = T | PromiseLike<T>;

/** Whether a hook answered with a promise; only then does the cycle wait. */
export function isPromiseLike<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    'then' in value &&
    typeof value.then === 'function'
  );
}

/**
 * What stands in a policy list: a class that takes the settings of the view. An instance is made for each request, so
 * a policy may keep what it learns about that request in its fields. No base class is asked for.
 */
export type PolicyClass<T> = new (settings: Settings) => T;

/** An instance of each class. A loop, since every request comes by here several times. */
export function instances<T>(classes: readonly PolicyClass<T>[], settings: Settings): T[] {
  const made = new Array<T>(classes.length);
  for (let i = 0; i < classes.length; i++) made[i] = new classes[i]!(settings);
  return made;
}

/** Goes on with a value now, or with a promise's value when it is there: a plain value never waits. */
export function chain<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return isPromiseLike(value) ? value.then(next) : next(value);
}

/** Runs `step` for one item after the other, waiting only where it answers with a promise. */
export function inOrder<T>(items: readonly T[], step: (item: T) => Awaitable<void>, from = 0): Awaitable<void> {
  for (let i = from; i < items.length; i++) {
    const pending = step(items[i]!);
    if (isPromiseLike(pending)) return goOn(pending, items, step, i + 1);
  }
  return undefined;
}

// A function of its own, so that the loop above makes no closures.
// eslint-disable-next-line max-params -- what is waited for, and the call that follows
function goOn<T>(
  pending: PromiseLike<void>,
  items: readonly T[],
  step: (item: T) => Awaitable<void>,
  from: number,
): PromiseLike<void> {
  return pending.then(() => inOrder(items, step, from));
}
