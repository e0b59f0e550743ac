import { chain, inOrder, type Awaitable } from './policy';
import { announce } from './rate-limit';
import type { Request } from './request';
import type { Throttle } from './throttling';
import type { APIView } from './views';

/**
 * Asks every throttle, so that each counts the request.
 * @returns those that refuse
 */
export function askThrottles(
  throttles: readonly Throttle[],
  request: Request,
  view: APIView,
): Awaitable<readonly Throttle[]> {
  const refusing: Throttle[] = [];
  const asked = inOrder(throttles, (throttle) =>
    chain(throttle.allowRequest(request, view), (allowed) => {
      if (!allowed) refusing.push(throttle);
    }),
  );
  return chain(asked, () => {
    // Where some refuse, theirs are the limits that Retry-After is about.
    if (view.settings.rateLimitHeaders) announceAll(refusing.length > 0 ? refusing : throttles, request);
    return refusing;
  });
}

function announceAll(throttles: readonly Throttle[], request: Request): void {
  for (const throttle of throttles) {
    const limit = throttle.rateLimit?.() ?? null;
    if (limit !== null) announce(request.raw, limit);
  }
}

/** The longest wait of throttles that refused, seconds; null when nobody knows. */
export function longestWait(throttles: readonly Throttle[]): number | null {
  const waits = throttles.map((throttle) => throttle.wait?.() ?? null).filter((wait) => wait !== null);
  return waits.length === 0 ? null : Math.max(...waits);
}
