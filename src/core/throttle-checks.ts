import { inOrder, isPromiseLike, type Awaitable } from './policy';
import { announce } from './rate-limit';
import type { Request } from './request';
import type { Throttle } from './throttling';
import type { APIView } from './views';

/**
 * Asks every throttle, so that each counts the request; the longest wait is reported.
 * @throws what the view's `throttled` throws
 */
export function checkThrottles(throttles: readonly Throttle[], request: Request, view: APIView): Awaitable<void> {
  if (throttles.length === 0) return undefined;
  const refusing: Throttle[] = [];
  const asked = inOrder(throttles, (throttle) => note(throttle, throttle.allowRequest(request, view), refusing));
  if (isPromiseLike(asked)) {
    return asked.then(() => {
      conclude(throttles, refusing, request, view);
    });
  }
  conclude(throttles, refusing, request, view);
  return undefined;
}

function note(throttle: Throttle, allowed: Awaitable<boolean>, refusing: Throttle[]): Awaitable<void> {
  if (isPromiseLike(allowed)) return allowed.then((answer) => note(throttle, answer, refusing));
  if (!allowed) refusing.push(throttle);
  return undefined;
}

// eslint-disable-next-line max-params -- those that were asked, those that refused, and the two that a refusal takes
function conclude(
  throttles: readonly Throttle[],
  refusing: readonly Throttle[],
  request: Request,
  view: APIView,
): void {
  // Where some refuse, theirs are the limits that Retry-After is about.
  if (view.settings.rateLimitHeaders) announceAll(refusing.length > 0 ? refusing : throttles, request);
  if (refusing.length > 0) view.throttled(request, longestWait(refusing));
}

function announceAll(throttles: readonly Throttle[], request: Request): void {
  for (const throttle of throttles) {
    const limit = throttle.rateLimit?.() ?? null;
    if (limit !== null) announce(request.raw, limit);
  }
}

/** The longest wait of throttles that refused, seconds; null when nobody knows. */
function longestWait(throttles: readonly Throttle[]): number | null {
  const waits = throttles.map((throttle) => throttle.wait?.() ?? null).filter((wait) => wait !== null);
  return waits.length === 0 ? null : Math.max(...waits);
}
