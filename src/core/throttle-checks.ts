import { isPromiseLike, type Awaitable } from './policy';
import { announce } from './rate-limit';
import type { Request } from './request';
import type { Throttle } from './throttling';
import type { APIView } from './views';

/**
 * Asks every throttle, so that each counts the request; the longest wait is reported.
 * @throws what the view's `throttled` throws
 */
export function checkThrottles(throttles: readonly Throttle[], request: Request, view: APIView): Awaitable<void> {
  return throttles.length === 0 ? undefined : new Round(throttles, request, view).askFrom(0);
}

const NONE: readonly Throttle[] = Object.freeze([]);

/** One question to all throttles of a view. */
class Round {
  #refusing = NONE;

  constructor(
    readonly throttles: readonly Throttle[],
    readonly request: Request,
    readonly view: APIView,
  ) {}

  askFrom(start: number): Awaitable<void> {
    for (let at = start; at < this.throttles.length; at++) {
      const allowed = this.throttles[at]!.allowRequest(this.request, this.view);
      if (isPromiseLike(allowed)) return this.#goOn(allowed, at);
      this.#note(allowed, at);
    }
    return this.#conclude();
  }

  #goOn(pending: PromiseLike<boolean>, at: number): PromiseLike<void> {
    return pending.then((allowed) => {
      this.#note(allowed, at);
      return this.askFrom(at + 1);
    });
  }

  #note(allowed: boolean, at: number): void {
    if (!allowed) this.#refusing = [...this.#refusing, this.throttles[at]!];
  }

  #conclude(): void {
    const refusing = this.#refusing;
    // Where some refuse, theirs are the limits that Retry-After is about.
    if (this.view.settings.rateLimitHeaders) announceAll(refusing.length > 0 ? refusing : this.throttles, this.request);
    if (refusing.length > 0) this.view.throttled(this.request, longestWait(refusing));
  }
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
