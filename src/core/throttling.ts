import { clientIdent, groupIpv6 } from '../http/address';
import { headerValue } from '../http/headers';
import type { Cache, Hit, Window } from './cache';
import { ImproperlyConfigured } from './exceptions';
import { chain, isPromiseLike, type Awaitable, type PolicyClass } from './policy';
import type { RateLimit } from './rate-limit';
import type { Request } from './request';
import type { Settings } from './settings';
import type { APIView } from './views';

/** Decides how often a client may come. */
export interface Throttle {
  /** False refuses the request with 429. */
  allowRequest(request: Request, view: APIView): Awaitable<boolean>;
  /** After a refusal: seconds until the client may come back, null when nobody knows. */
  wait?(): number | null;
  /** After each decision: what the answer may tell of the limit, see the setting `rateLimitHeaders`; null: nothing. */
  rateLimit?(): RateLimit | null;
}

/** A list of throttles, each of which is asked: DRF's `throttle_classes`. */
export type ThrottleClasses = readonly PolicyClass<Throttle>[];

/**
 * Requests per time: `N/period`, with a period of s, m, h or d (only its first letter counts), and beyond DRF a number
 * of periods: `5/10m` is five in ten minutes.
 */
export type Rate = string;

/** The base of throttles: it knows a client by its address, and no limit. */
export abstract class BaseThrottle implements Throttle {
  constructor(protected readonly settings: Settings) {}

  abstract allowRequest(request: Request, view: APIView): Awaitable<boolean>;

  wait(): number | null {
    return null;
  }

  /** Proxies in front, see the setting of that name. */
  protected get numProxies(): number | null {
    return this.settings.numProxies;
  }

  /**
   * What a client without an account is known by: its address, as the settings `numProxies` and `ipv6PrefixLength` say.
   */
  getIdent(request: Request): string {
    const { ipv6PrefixLength } = this.settings;
    const forwardedFor = headerValue(request.raw.headers, 'x-forwarded-for');
    const ident = clientIdent(forwardedFor, request.raw.socket?.remoteAddress ?? '', this.numProxies);
    return ipv6PrefixLength === null ? ident : groupIpv6(ident, ipv6PrefixLength);
  }
}

// For subclasses in JavaScript, where `abstract` says nothing.
BaseThrottle.prototype.allowRequest = () => {
  throw new Error('.allowRequest() must be overridden');
};

const PERIODS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const NO_WINDOW: Window = Object.freeze({ limit: 0, duration: 0, now: 0 });
const parsedRates = new Map<Rate, readonly [limit: number, duration: number]>();

/**
 * A sliding window over a client's last requests. Subclasses say what counts as one client in `getCacheKey`. Requests
 * that are refused don't count.
 */
export abstract class SimpleRateThrottle extends BaseThrottle {
  /** The word under which the rate stands in the setting `defaultThrottleRates`. */
  scope: string | null = null;
  /** A rate of the class's own. */
  rate: Rate | null = null;
  /** Rates in place of the setting's. */
  readonly throttleRates: Readonly<Record<string, Rate | null>> | null = null;

  #key = '';
  #window = NO_WINDOW;
  #hit: Hit | null = null;

  /** What is counted as one client; null: this request is not counted. */
  abstract getCacheKey(request: Request, view: APIView): Awaitable<string | null>;

  get cache(): Cache {
    return this.settings.cache;
  }

  /** The present, seconds. */
  timer(): number {
    return this.settings.clock.now() / 1000;
  }

  /**
   * The rate of the scope in the settings; null is no limit.
   * @throws ImproperlyConfigured
   */
  getRate(): Rate | null {
    const { scope } = this;
    if (scope === null || scope === '') {
      throw new ImproperlyConfigured(
        `You must set either \`.scope\` or \`.rate\` for '${this.constructor.name}' throttle`,
      );
    }
    const rates = this.throttleRates ?? this.settings.defaultThrottleRates;
    if (!Object.hasOwn(rates, scope))
      throw new ImproperlyConfigured(`No default throttle rate set for '${scope}' scope`);
    return rates[scope] ?? null;
  }

  /**
   * How many requests in how many seconds.
   * @throws ImproperlyConfigured for a text that is no rate
   */
  parseRate(rate: Rate): readonly [limit: number, duration: number] {
    const known = parsedRates.get(rate);
    if (known !== undefined) return known;
    const match = /^\s*(\d+)\s*\/(\d*)([a-z])[^/]*$/.exec(rate);
    const period = match === null ? undefined : PERIODS[match[3]!];
    // A window of no length would hold nobody.
    if (match === null || period === undefined || /^0+$/.test(match[2]!)) {
      throw new ImproperlyConfigured(
        `'${rate}' is no rate. Write a number, a slash and s, m, h or d: '10/min', '5/10m'.`,
      );
    }
    const parsed = [Number(match[1]), period * Number(match[2] === '' ? 1 : match[2])] as const;
    if (parsedRates.size < 1000) parsedRates.set(rate, parsed);
    return parsed;
  }

  /** The key of one client in the cache (DRF's format, so that counters can be told apart by eye). */
  formatCacheKey(ident: string): string {
    return `throttle_${this.scope ?? 'None'}_${ident}`;
  }

  allowRequest(request: Request, view: APIView): Awaitable<boolean> {
    const rate = this.rate !== null && this.rate !== '' ? this.rate : this.getRate();
    if (rate === null) return true;
    const key = this.getCacheKey(request, view);
    if (isPromiseLike(key)) return key.then((known) => this.#countKey(known, rate));
    return this.#countKey(key, rate);
  }

  #countKey(key: string | null, rate: Rate): Awaitable<boolean> {
    return key === null || this.count(key, rate);
  }

  /** One hit on the client's counter. */
  protected count(key: string, rate: Rate): Awaitable<boolean> {
    const [limit, duration] = this.parseRate(rate);
    this.#key = key;
    this.#window = { limit, duration, now: this.timer() };
    const hit = this.settings.onCacheError === 'open' ? this.#hitLeniently() : this.cache.hit(key, this.#window);
    return isPromiseLike(hit) ? this.#judgeLater(hit) : this.#judge(hit);
  }

  // Functions of their own, so that a hit which is known at once makes no closures.

  #hitLeniently(): Awaitable<Hit | null> {
    return this.#lenient(() => this.cache.hit(this.#key, this.#window));
  }

  #judgeLater(hit: PromiseLike<Hit | null>): PromiseLike<boolean> {
    return hit.then((found) => this.#judge(found));
  }

  #judge(hit: Hit | null): boolean {
    this.#hit = hit;
    // Null is what a cache that failed leaves behind; only then, and only by choice, does the request pass.
    return hit === null ? this.settings.onCacheError === 'open' : hit.allowed;
  }

  /** Makes the request that was counted one that never came. */
  protected giveBack(): Awaitable<void> {
    if (this.#hit?.allowed !== true) return undefined;
    this.#hit = null;
    // Without its cache the throttle counts one request too many, and no more than that.
    return chain(
      this.#lenient(() => this.cache.giveBack(this.#key, this.#window.now)),
      () => undefined,
    );
  }

  /** Whether the request takes a place in the window. */
  protected get isCounted(): boolean {
    return this.#hit?.allowed === true;
  }

  /** Reports an error of the cache, and goes on with null. The key stays out of the report: it names a client. */
  #lenient<T>(ask: () => Awaitable<T>): Awaitable<T | null> {
    const report = (err: unknown): null => {
      this.settings.logger.error({ err }, `The cache of ${this.constructor.name} failed.`);
      return null;
    };
    try {
      const answer = ask();
      return isPromiseLike(answer) ? answer.then((value) => value, report) : answer;
    } catch (error) {
      return report(error);
    }
  }

  /** The remaining time of the window, shared out among the requests that are left in it. */
  override wait(): number | null {
    const available = this.#window.limit - (this.#hit?.count ?? 0) + 1;
    return available <= 0 ? null : this.#remainingTime / available;
  }

  rateLimit(): RateLimit | null {
    if (this.#hit === null) return null;
    const { limit, duration } = this.#window;
    const remaining = Math.max(0, limit - this.#hit.count);
    return { name: this.scope ?? 'default', limit, duration, remaining, reset: Math.max(0, this.#remainingTime) };
  }

  /** Seconds until the oldest request leaves the window. */
  get #remainingTime(): number {
    const { duration, now } = this.#window;
    const oldest = this.#hit?.oldest ?? null;
    return oldest === null ? duration : duration - (now - oldest);
  }

  /** The user's primary key, else the address: what throttles of users count by. */
  protected identifyUser(request: Request): Awaitable<string> {
    const pending = request.loadUser();
    return isPromiseLike(pending) ? pending.then(() => this.#identOf(request)) : this.#identOf(request);
  }

  #identOf(request: Request): string {
    const { user } = request;
    return user?.isAuthenticated === true ? String(user.pk) : this.getIdent(request);
  }
}

/** Limits clients that aren't logged in, by address. */
export class AnonRateThrottle extends SimpleRateThrottle {
  override scope: string | null = 'anon';

  getCacheKey(request: Request, _view: APIView): Awaitable<string | null> {
    return chain(request.loadUser(), () =>
      request.user?.isAuthenticated === true ? null : this.formatCacheKey(this.getIdent(request)),
    );
  }
}

/** Limits each address, whoever is logged in. It never asks who that is, and so serves before authentication too. */
export class AddressRateThrottle extends SimpleRateThrottle {
  override scope: string | null = 'address';

  getCacheKey(request: Request, _view: APIView): string {
    return this.formatCacheKey(this.getIdent(request));
  }
}

/** Limits users by their primary key, and everybody else by address. */
export class UserRateThrottle extends SimpleRateThrottle {
  override scope: string | null = 'user';

  getCacheKey(request: Request, _view: APIView): Awaitable<string | null> {
    const ident = this.identifyUser(request);
    return isPromiseLike(ident) ? ident.then((known) => this.formatCacheKey(known)) : this.formatCacheKey(ident);
  }
}

/** Limits by the view's static `throttleScope`; a view without one isn't limited. Views of one scope share a counter. */
export class ScopedRateThrottle extends SimpleRateThrottle {
  override allowRequest(request: Request, view: APIView): Awaitable<boolean> {
    this.scope = this.getScope(view);
    if (this.scope === null || this.scope === '') return true;
    this.rate = this.getRate();
    return super.allowRequest(request, view);
  }

  /** The scope of a view. */
  getScope(view: APIView): string | null {
    return view.policies.throttleScope;
  }

  getCacheKey(request: Request, _view: APIView): Awaitable<string | null> {
    const ident = this.identifyUser(request);
    return isPromiseLike(ident) ? ident.then((known) => this.formatCacheKey(known)) : this.formatCacheKey(ident);
  }
}
