import type { ResponseHeaders } from '../http/headers';
import { onResponse, type HostRequest } from './host';

/** How far a client has used up one limit. */
export interface RateLimit {
  /** The limit's name for clients. */
  readonly name: string;
  /** How many requests the window takes. */
  readonly limit: number;
  /** The window, seconds. */
  readonly duration: number;
  /** Requests that are left. */
  readonly remaining: number;
  /** Seconds until the oldest request leaves the window: until then no more than these are left. */
  readonly reset: number;
}

const LIMIT: unique symbol = Symbol.for('sallyport.rateLimit') as never;
type LimitedRequest = HostRequest & { [LIMIT]?: RateLimit };

/**
 * Lets the answer tell of a limit, by the fields `RateLimit-Policy` and `RateLimit` of
 * draft-ietf-httpapi-ratelimit-headers-11. Of all that are announced for one request, the tightest is told.
 */
export function announce(raw: HostRequest, limit: RateLimit): void {
  const request: LimitedRequest = raw;
  const known = request[LIMIT];
  if (known === undefined) {
    onResponse(raw, ({ headers }) => {
      writeFields(headers, request[LIMIT]!);
    });
  }
  if (known === undefined || isTighter(limit, known)) request[LIMIT] = limit;
}

/** Fewer requests are left, or as few for a longer time. */
function isTighter(limit: RateLimit, than: RateLimit): boolean {
  return limit.remaining === than.remaining ? limit.reset > than.reset : limit.remaining < than.remaining;
}

function writeFields(headers: ResponseHeaders, { name, limit, duration, remaining, reset }: RateLimit): void {
  const policy = toStructuredString(name);
  headers.set('RateLimit-Policy', `${policy};q=${String(limit)};w=${String(Math.ceil(duration))}`);
  headers.set('RateLimit', `${policy};r=${String(remaining)};t=${String(Math.ceil(reset))}`);
}

/** A String of RFC 9651, 3.3.3, which holds ASCII alone. A name in other letters is no reason to fail. */
function toStructuredString(text: string): string {
  return `"${text.replace(/[^ -~]/g, '_').replace(/["\\]/g, '\\$&')}"`;
}
