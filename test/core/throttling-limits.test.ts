import { describe, expect, it } from '@jest/globals';
import {
  AddressRateThrottle,
  APIView,
  BaseThrottle,
  defineSettings,
  extendSettings,
  ImproperlyConfigured,
  MemoryCache,
  preAuthThrottleClasses,
  Response,
  ScopedRateThrottle,
  SimpleRateThrottle,
} from 'sallyport';
import type { Cache, Handler, Rate, Request, SettingsInput, ThrottleClasses } from 'sallyport';
import { FixedClock } from 'sallyport/testing';
import { call, errorLog, serve } from '../support/server';
import type { Answer } from '../support/server';

class View extends APIView {
  static override settings = defineSettings({ defaultAuthenticationClasses: [] });
  override get(): Response {
    return new Response('ok');
  }
}

/** A throttle of a name and a rate for everybody together. */
function limit(
  name: string | null,
  rateOfName: Rate,
): new (...args: ConstructorParameters<typeof BaseThrottle>) => SimpleRateThrottle {
  return class extends SimpleRateThrottle {
    override scope = name;
    override rate = rateOfName;
    getCacheKey(): string {
      return this.formatCacheKey('everybody');
    }
  };
}

function viewOf(throttleClasses: ThrottleClasses, settings: SettingsInput = {}): Handler {
  return View.asView({ throttleClasses, settings: defineSettings({ defaultAuthenticationClasses: [], ...settings }) });
}

/** Status and the fields about limits of the answers to requests at these seconds. */
async function answersAt(seconds: readonly number[], handler: Handler, clock: FixedClock): Promise<unknown[]> {
  const server = await serve(handler);
  const start = clock.now();
  const seen: unknown[] = [];
  for (const second of seconds) {
    clock.set(start + second * 1000);
    const { status, headers } = await server.request();
    seen.push([status, headers['ratelimit'], headers['retry-after']]);
  }
  await server.close();
  return seen;
}

describe('the fields RateLimit and RateLimit-Policy', () => {
  it('are not there by default', async () => {
    const { headers } = await call(viewOf([limit('user', '1/min')]));
    expect(Object.keys(headers).filter((name) => name.startsWith('ratelimit'))).toEqual([]);
  });

  it('tell what is left and for how long, on refusals too', async () => {
    const clock = new FixedClock();
    const view = viewOf([limit('user', '2/min')], { rateLimitHeaders: true, clock });
    expect(await answersAt([0, 10.5, 20, 60, 61], view, clock)).toEqual([
      [200, '"user";r=1;t=60', undefined],
      [200, '"user";r=0;t=50', undefined],
      [429, '"user";r=0;t=40', '40'],
      [200, '"user";r=0;t=11', undefined],
      [429, '"user";r=0;t=10', '10'],
    ]);
  });

  it('name the policy by its scope, its quota and its window', async () => {
    const policyOf = async (name: string | null, rate: Rate): Promise<unknown> =>
      (await call(viewOf([limit(name, rate)], { rateLimitHeaders: true }))).headers['ratelimit-policy'];
    expect(await policyOf('burst', '5/10m')).toBe('"burst";q=5;w=600');
    expect(await policyOf(null, '1/d')).toBe('"default";q=1;w=86400');
    expect(await policyOf('a"b\\c', '1/s')).toBe('"a\\"b\\\\c";q=1;w=1');
    expect(await policyOf('grüße\n', '1/s')).toBe('"gr__e_";q=1;w=1');
  });

  it('are about the tightest of several: the fewest requests, then the longest time', async () => {
    const fieldOf = async (...rates: Rate[]): Promise<unknown> =>
      (
        await call(
          viewOf(
            rates.map((rate) => limit(rate, rate)),
            { rateLimitHeaders: true },
          ),
        )
      ).headers['ratelimit'];
    expect(await fieldOf('5/m', '3/s', '9/d')).toBe('"3/s";r=2;t=1');
    expect(await fieldOf('5/s', '5/h', '5/m')).toBe('"5/h";r=4;t=3600');
  });

  it('are about the limit that refused, as Retry-After is', async () => {
    const clock = new FixedClock();
    const view = viewOf([limit('burst', '1/s'), limit('sustained', '2/h')], { rateLimitHeaders: true, clock });
    expect(await answersAt([0, 0.5, 1], view, clock)).toEqual([
      [200, '"burst";r=0;t=1', undefined],
      [429, '"burst";r=0;t=1', '1'],
      [429, '"sustained";r=0;t=3599', '3599'],
    ]);
  });

  it('come with errors of the view as well, and never from a throttle that counted nothing', async () => {
    class Failing extends View {
      override get(): Response {
        throw new Error('bug');
      }
    }
    const { logger } = errorLog();
    const settings = extendSettings(View.settings, { rateLimitHeaders: true, logger });
    const failing = await call(Failing.asView({ settings, throttleClasses: [limit('user', '2/min')] }));
    expect([failing.status, failing.headers['ratelimit']]).toEqual([500, '"user";r=1;t=60']);

    class Own extends BaseThrottle {
      allowRequest(): boolean {
        return true;
      }
    }
    for (const throttleClasses of [[Own], [ScopedRateThrottle], []]) {
      expect((await call(View.asView({ settings, throttleClasses }))).headers['ratelimit']).toBeUndefined();
    }
  });

  it('never promise less than nothing where a rate was lowered', async () => {
    const settings = { rateLimitHeaders: true, cache: new MemoryCache(), clock: new FixedClock() };
    for (const rate of ['3/min', '3/min', '3/min']) await call(viewOf([limit('user', rate)], settings));
    const { status, headers } = await call(viewOf([limit('user', '1/min')], settings));
    expect([status, headers['ratelimit'], headers['retry-after']]).toEqual([429, '"user";r=0;t=60', undefined]);
  });
});

describe('a cache that fails', () => {
  const rejecting = { hit: () => Promise.reject(new Error('gone')) } as unknown as Cache;
  const throwing = {
    hit: () => {
      throw new Error('gone');
    },
  } as unknown as Cache;

  it.each([
    ['rejects', rejecting],
    ['throws', throwing],
  ])('and %s lets nobody through by default', async (_how, cache) => {
    const { logger, errors } = errorLog();
    expect((await call(viewOf([limit('user', '9/s')], { cache, logger }))).status).toBe(500);
    expect(errors).toEqual([new Error('gone')]);
  });

  it.each([
    ['rejects', rejecting],
    ['throws', throwing],
  ])('and %s lets everybody through where the app says so, and is reported without the client', async (_how, cache) => {
    const lines: unknown[] = [];
    const logger = { error: (...line: unknown[]) => lines.push(line) };
    const Class = limit('user', '0/s');
    Object.defineProperty(Class, 'name', { value: 'Daily' });
    const settings = { cache, logger, onCacheError: 'open', rateLimitHeaders: true } as const;
    const answer = await call(viewOf([Class], settings));
    expect([answer.status, answer.headers['ratelimit']]).toEqual([200, undefined]);
    expect(lines).toEqual([[{ err: new Error('gone') }, 'The cache of Daily failed.']]);
  });

  it('changes nothing for requests that are counted', async () => {
    const view = viewOf([limit('user', '1/min')], { onCacheError: 'open' });
    expect([(await call(view)).status, (await call(view)).status]).toEqual([200, 429]);
  });

  it('is no cover for a mistake in the rates', async () => {
    const { logger, errors } = errorLog();
    expect((await call(viewOf([limit('user', 'often')], { onCacheError: 'open', logger }))).status).toBe(500);
    expect(errors[0]).toBeInstanceOf(ImproperlyConfigured);
  });
});

describe('the setting ipv6PrefixLength', () => {
  const from = (...addresses: string[]): Promise<Answer[]> => askAll(addresses, { ipv6PrefixLength: 64 });
  async function askAll(addresses: readonly string[], settings: SettingsInput): Promise<Answer[]> {
    const rates = { defaultThrottleRates: { address: '1/min' } };
    const view = viewOf([AddressRateThrottle], { ...rates, numProxies: 1, ...settings });
    const answers: Answer[] = [];
    for (const address of addresses) answers.push(await call(view, { headers: { 'X-Forwarded-For': address } }));
    return answers;
  }
  const statuses = (answers: readonly Answer[]): number[] => answers.map(({ status }) => status);

  it('makes one client of a network', async () => {
    expect(statuses(await from('2001:db8::1', '2001:db8::2', '2001:db8:0:1::1'))).toEqual([200, 429, 200]);
  });

  it('knows an IPv4 address in both of its forms', async () => {
    expect(statuses(await from('192.0.2.1', '::ffff:192.0.2.1', '192.0.2.2'))).toEqual([200, 429, 200]);
  });

  it('is off by default: each address is a client, as in DRF', async () => {
    const addresses = ['2001:db8::1', '2001:db8::2', '192.0.2.1', '::ffff:192.0.2.1'];
    expect(statuses(await askAll(addresses, {}))).toEqual([200, 200, 200, 200]);
  });

  it.each([0, 129, 63.5, Number.NaN, -1, '64'])('refuses %p', (ipv6PrefixLength) => {
    expect(() => defineSettings({ ipv6PrefixLength: ipv6PrefixLength as number })).toThrow(
      `The setting 'ipv6PrefixLength' is ${String(ipv6PrefixLength)}.`,
    );
  });
});

describe('throttles before authentication', () => {
  const steps: string[] = [];
  class Early extends BaseThrottle {
    allowRequest(request: Request): boolean {
      steps.push('early');
      return !request.headers.has('x-refuse');
    }
    override wait(): number {
      return 7;
    }
  }
  class Late extends BaseThrottle {
    allowRequest(): boolean {
      steps.push('late');
      return true;
    }
  }
  class Spy {
    authenticate(): null {
      steps.push('authentication');
      return null;
    }
  }
  class Traced extends View {
    static override authenticationClasses = [Spy];
    static override throttleClasses: ThrottleClasses = [Late];
  }
  const trace = async (view: Handler, headers = {}): Promise<unknown> => {
    steps.length = 0;
    const answer = await call(view, { headers });
    return [answer.status, answer.headers['retry-after'], steps.join()];
  };

  it('are asked before anybody is looked for, and the others after', async () => {
    const view = Traced.asView({ preAuthThrottleClasses: [Early] });
    expect(await trace(view)).toEqual([200, undefined, 'early,authentication,late']);
    expect(await trace(view, { 'X-Refuse': 'yes' })).toEqual([429, '7', 'early']);
  });

  it('may answer later', async () => {
    class Slow extends Early {
      override allowRequest(request: Request): never {
        return Promise.resolve(super.allowRequest(request)) as never;
      }
    }
    const view = Traced.asView({ preAuthThrottleClasses: [Slow] });
    expect(await trace(view)).toEqual([200, undefined, 'early,authentication,late']);
    expect(await trace(view, { 'X-Refuse': 'yes' })).toEqual([429, '7', 'early']);
  });

  it('come from the settings where a view names none; a static field, a decorator or an empty list stand above', async () => {
    class Configured extends Traced {
      static override settings = extendSettings(View.settings, { defaultPreAuthThrottleClasses: [Early] });
    }
    class Static extends Traced {
      static override preAuthThrottleClasses: ThrottleClasses = [Early];
    }
    class Decorated extends Traced {}
    preAuthThrottleClasses([Early])(Decorated);
    for (const View of [Configured, Static, Decorated]) {
      expect(await trace(View.asView(), { 'X-Refuse': 'yes' })).toEqual([429, '7', 'early']);
    }
    expect(await trace(Configured.asView({ preAuthThrottleClasses: [] }))).toEqual([
      200,
      undefined,
      'authentication,late',
    ]);
  });

  it('are refused as members of an instance, where they would guard nothing', () => {
    class Field extends Traced {}
    Object.defineProperty(Field.prototype, 'preAuthThrottleClasses', { get: () => [Early] });
    expect(() => Field.asView()).toThrow(ImproperlyConfigured);
    expect(() => Traced.asView({ preAuthThrottleClasses: [new Early(View.settings)] as never })).toThrow(
      'Traced.preAuthThrottleClasses[0] is an object, not a class.',
    );
  });

  it('AddressRateThrottle counts an address whoever is logged in, and asks nobody', async () => {
    const settings = extendSettings(View.settings, { defaultThrottleRates: { address: '1/min' } });
    const view = Traced.asView({ settings, preAuthThrottleClasses: [AddressRateThrottle] });
    expect(await trace(view)).toEqual([200, undefined, 'authentication,late']);
    expect(await trace(view)).toEqual([429, '60', '']);
  });
});
