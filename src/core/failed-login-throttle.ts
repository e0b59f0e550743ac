import { createHash } from 'node:crypto';
import { isAPIException } from './exceptions';
import { finding, type CheckedView, type Finding } from './findings';
import { onEnd } from './host';
import { chain, type Awaitable, type PolicyClass } from './policy';
import type { Request } from './request';
import type { Settings } from './settings';
import { SimpleRateThrottle, type Rate, type Throttle } from './throttling';
import type { APIView } from './views';

/** Failures in a time: more than people make, and too few to guess a password by. */
const DEFAULT_RATE: Rate = '100/10m';

/**
 * Limits the failed attempts to log in, by address and the name that was attempted: for `preAuthThrottleClasses`, where
 * it is asked before a password is checked. Each attempt takes a place in the window when it comes and gives it back
 * when it succeeds, so that guesses that are made all at once can't pass together.
 *
 * It counts refusals by the authenticators that know a name (`attemptedName`), such as `BasicAuthentication`. The rate
 * is that of the scope `failed_login` in the setting `defaultThrottleRates`, by default 100 in ten minutes; null
 * switches it off. Behind a proxy set `numProxies`, or all clients have the address of the proxy.
 *
 * @example defineSettings({ defaultPreAuthThrottleClasses: [FailedLoginThrottle] })
 */
export class FailedLoginThrottle extends SimpleRateThrottle {
  override scope: string | null = 'failed_login';

  override getRate(): Rate | null {
    const rates = this.throttleRates ?? this.settings.defaultThrottleRates;
    return this.scope !== null && Object.hasOwn(rates, this.scope) ? super.getRate() : DEFAULT_RATE;
  }

  /** As long as nobody says how many there are, none: in DRF's default a guesser makes up a new address each time. */
  protected override get numProxies(): number {
    return this.settings.numProxies ?? 0;
  }

  /** The name that somebody tries to log in with; null when nobody does, and then nothing is counted. */
  getAttemptedName(request: Request, _view: APIView): Awaitable<string | null> {
    for (const authenticator of request.authenticators) {
      const name = authenticator.attemptedName?.(request) ?? null;
      if (name !== null) return name;
    }
    return null;
  }

  /** Whether the attempt failed, seen from the answer's status: 401 or 403, and nobody was recognised. */
  isFailure(status: number, request: Request): Awaitable<boolean> {
    if (status !== 401 && status !== 403) return false;
    return request.getUser().then((user) => user?.isAuthenticated !== true, isRefusal);
  }

  getCacheKey(request: Request, view: APIView): Awaitable<string | null> {
    return chain(this.getAttemptedName(request, view), (name) =>
      name === null ? null : this.formatCacheKey(`${this.getIdent(request)}_${digest(name)}`),
    );
  }

  override allowRequest(request: Request, view: APIView): Awaitable<boolean> {
    return chain(super.allowRequest(request, view), (allowed) => {
      if (this.isCounted) {
        onEnd(request.raw, (status) =>
          chain(this.isFailure(status, request), (failed) => (failed ? undefined : this.giveBack())),
        );
      }
      return allowed;
    });
  }

  /** Nothing: whoever guesses need not know how many guesses are left. */
  override rateLimit(): null {
    return null;
  }
}

/** An authenticator that is asked as late as this may refuse, too. */
function isRefusal(error: unknown): true {
  if (isAPIException(error)) return true;
  throw error;
}

/**
 * People type passwords into the field for the name, and these must not lie in a cache. Spellings that a table of users
 * may take for the same name are one.
 */
function digest(name: string): string {
  return createHash('sha256').update(name.normalize('NFKC').trim().toLowerCase()).digest('hex');
}

/** What a view finds that takes passwords: whether they can be tried there without end. */
export function checkLoginLimit({ defaultThrottleRates }: Settings, { where, policies }: CheckedView): Finding[] {
  const isOff = (throttle: PolicyClass<Throttle>): boolean =>
    (throttle === FailedLoginThrottle || throttle.prototype instanceof FailedLoginThrottle) &&
    defaultThrottleRates['failed_login'] === null;
  if (![...policies.preAuthThrottleClasses, ...policies.throttleClasses].every(isOff)) return [];
  return [
    finding('sallyport.W009', where, {
      message: 'Nothing limits how often somebody tries passwords here.',
      hint: "Give the view back its preAuthThrottleClasses, and a rate: defaultThrottleRates: { failed_login: '100/10m' }.",
    }),
  ];
}
