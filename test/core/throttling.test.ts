import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import {
  AnonRateThrottle,
  APIView,
  BaseThrottle,
  defineSettings,
  ImproperlyConfigured,
  IsAuthenticated,
  MemoryCache,
  Response,
  ScopedRateThrottle,
  SimpleRateThrottle,
  UserRateThrottle,
} from 'sallyport';
import type {
  BaseUser,
  Cache,
  Handler,
  HostRequest,
  Rate,
  Request,
  Settings,
  SettingsInput,
  Throttle,
  ThrottleClasses,
  ViewOverrides,
} from 'sallyport';
import { call, errorLog, serve } from '../support/server';

/** A clock that stands still until it is moved; in seconds. */
function stoppedClock() {
  const clock = { seconds: 0, now: () => clock.seconds * 1000 };
  return clock;
}

/** Knows the user by `X-User`. */
class HeaderAuthentication {
  async authenticate(request: Request): Promise<readonly [BaseUser, null] | null> {
    const pk = request.headers.get('x-user');
    return pk === null ? null : [{ pk, isActive: true, isAuthenticated: true }, null];
  }
}

class View extends APIView {
  static override authenticationClasses = [HeaderAuthentication];
  override get(): Response {
    return new Response('ok');
  }
}

function viewOf(
  throttleClasses: ThrottleClasses,
  settings: SettingsInput = {},
  overrides: ViewOverrides = {},
): Handler {
  return View.asView({ throttleClasses, settings: defineSettings(settings), ...overrides });
}

const statuses = async (handler: Handler, count: number, headers = {}): Promise<number[]> => {
  const server = await serve(handler);
  const seen: number[] = [];
  for (let i = 0; i < count; i++) seen.push((await server.request({ headers })).status);
  await server.close();
  return seen;
};

/** A throttle of two a minute for everybody together, or of what it is told. */
class Two extends SimpleRateThrottle {
  override rate: Rate | null = '2/min';
  getCacheKey(): string | null {
    return 'everybody';
  }
}

const throttle = (Class: new (settings: Settings) => SimpleRateThrottle, settings: SettingsInput = {}) =>
  new Class(defineSettings(settings));

describe('a rate throttle', () => {
  it('D-248 to D-251, appendix B: the walk-through of DRF, second by second', async () => {
    const clock = stoppedClock();
    const server = await serve(viewOf([Two], { clock }));
    const steps: [second: number, status: number, retryAfter: string | undefined][] = [
      [0, 200, undefined],
      [10, 200, undefined],
      [20, 429, '40'],
      [30, 429, '30'],
      [55, 429, '5'],
      [60, 200, undefined],
      [61, 429, '9'],
      [70, 200, undefined],
    ];
    for (const [second, status, retryAfter] of steps) {
      clock.seconds = second;
      const answer = await server.request();
      expect([second, answer.status, answer.headers['retry-after']]).toEqual([second, status, retryAfter]);
    }
    await server.close();
  });

  it('D-251: the text names the seconds, rounded up, of one in the singular', async () => {
    const clock = stoppedClock();
    const server = await serve(viewOf([Two], { clock }));
    await server.request();
    await server.request();
    const detail = async (second: number): Promise<unknown> => {
      clock.seconds = second;
      return (await server.request()).json;
    };
    expect(await detail(10.5)).toEqual({ detail: 'Request was throttled. Expected available in 50 seconds.' });
    expect(await detail(59.2)).toEqual({ detail: 'Request was throttled. Expected available in 1 second.' });
    await server.close();
  });

  it('D-250: while there is room, the rest of the window is shared out', () => {
    const clock = stoppedClock();
    const four = throttle(
      class extends Two {
        override rate = '4/min';
      },
      { clock },
    );
    expect(four.allowRequest({} as Request, {} as APIView)).toBe(true);
    clock.seconds = 20;
    expect(four.allowRequest({} as Request, {} as APIView)).toBe(true);
    expect(four.wait()).toBe(40 / 3);
  });

  it('D-258: a rate of 0/s refuses everybody, for a second', async () => {
    class Zero extends Two {
      override rate = '0/s';
    }
    const answer = await call(viewOf([Zero]));
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '1']);
  });

  it('D-243: a rate of null is no limit, though nobody is asked for a key', async () => {
    class Unlimited extends SimpleRateThrottle {
      override scope = 'free';
      getCacheKey(): never {
        throw new Error('asked');
      }
    }
    expect(await statuses(viewOf([Unlimited], { defaultThrottleRates: { free: null } }), 3)).toEqual([200, 200, 200]);
  });

  it('D-247: a key of null counts nothing', async () => {
    class Uncounted extends Two {
      override getCacheKey(): null {
        return null;
      }
    }
    expect(await statuses(viewOf([Uncounted]), 4)).toEqual([200, 200, 200, 200]);
  });

  it('the key may be found asynchronously', async () => {
    class Later extends SimpleRateThrottle {
      override rate = '2/min';
      async getCacheKey(): Promise<string> {
        await pause(1);
        return 'key';
      }
    }
    expect(await statuses(viewOf([Later]), 3)).toEqual([200, 200, 429]);
  });

  it('D-242: without scope and rate, or with a scope that has no rate, is an error that names it', () => {
    class Bare extends SimpleRateThrottle {
      getCacheKey(): string {
        return 'key';
      }
    }
    class Unknown extends Bare {
      override scope = 'zz';
    }
    const ask = (Class: typeof Bare) => () => throttle(Class).allowRequest({} as Request, {} as APIView);
    expect(ask(Bare)).toThrow(ImproperlyConfigured);
    expect(ask(Bare)).toThrow("You must set either `.scope` or `.rate` for 'Bare' throttle");
    expect(ask(Unknown)).toThrow("No default throttle rate set for 'zz' scope");
    for (const name of ['constructor', '__proto__', 'toString']) {
      expect(
        ask(
          class extends Bare {
            override scope = name;
          },
        ),
      ).toThrow(`No default throttle rate set for '${name}' scope`);
    }
  });

  it('D-242: a rate of the class wins over that of the settings', async () => {
    class Own extends Two {
      override scope = 'user';
      override rate = '1/min';
    }
    expect(await statuses(viewOf([Own], { defaultThrottleRates: { user: '100/min' } }), 2)).toEqual([200, 429]);
  });

  it('D-241: a class may bring its own table of rates', async () => {
    class Table extends Two {
      override rate = null;
      override scope = 'burst';
      override readonly throttleRates = { burst: '1/min' };
    }
    expect(await statuses(viewOf([Table]), 2)).toEqual([200, 429]);
  });
});

describe('parseRate', () => {
  const parse = (rate: string): readonly [number, number] => throttle(Two).parseRate(rate);

  it.each([
    ['1/s', [1, 1]],
    ['10/sec', [10, 1]],
    ['10/second', [10, 1]],
    ['5/m', [5, 60]],
    ['5/minutes', [5, 60]],
    ['7/h', [7, 3600]],
    ['7/hr', [7, 3600]],
    ['1/d', [1, 86_400]],
    ['1000/day', [1000, 86_400]],
    ['3/month', [3, 60]],
    [' 3 /min', [3, 60]],
    ['0/s', [0, 1]],
  ])('D-244: %s', (rate, expected) => {
    expect(parse(rate)).toEqual(expected);
  });

  it.each(['5/10m', '2/30s'])('takes a number of periods as well: %s', (rate) => {
    expect(parse(rate)).toEqual({ '5/10m': [5, 600], '2/30s': [2, 30] }[rate]);
  });

  it.each([
    '',
    '10',
    '/min',
    '10/',
    'ten/min',
    '10/x',
    '10/year',
    '10/ min',
    '-1/min',
    '1.5/min',
    '10/min/2',
    '10/M',
    '5/0m',
    '5/00m',
    '1e3/s',
  ])('D-244: refuses what is no rate, at once and not by letting everybody in: %p', (rate) => {
    expect(() => parse(rate)).toThrow(ImproperlyConfigured);
    expect(() => parse(rate)).toThrow(`'${rate}' is no rate.`);
  });

  it('a setting that is no rate never lets a request through', async () => {
    const { logger, errors } = errorLog();
    const view = viewOf([UserRateThrottle], { logger, defaultThrottleRates: { user: '10/fortnight' } });
    expect((await call(view)).status).toBe(500);
    expect(errors[0]).toBeInstanceOf(ImproperlyConfigured);
  });
});

describe('who is one client', () => {
  const asUser = (name: string) => ({ 'X-User': name });

  it('D-253: AnonRateThrottle counts addresses, and never users', async () => {
    const view = viewOf([AnonRateThrottle], { defaultThrottleRates: { anon: '1/min' } });
    expect(await statuses(view, 2)).toEqual([200, 429]);
    expect(await statuses(view, 3, asUser('ann'))).toEqual([200, 200, 200]);
    expect(await statuses(view, 2, { 'X-Forwarded-For': '10.0.0.1' })).toEqual([200, 429]);
  });

  it('D-254: UserRateThrottle counts users by primary key, others by address', async () => {
    const view = viewOf([UserRateThrottle], { defaultThrottleRates: { user: '1/min' } });
    expect(await statuses(view, 2, asUser('ann'))).toEqual([200, 429]);
    expect(await statuses(view, 2, asUser('bob'))).toEqual([200, 429]);
    expect(await statuses(view, 2)).toEqual([200, 429]);
  });

  it('D-254: several of them with scopes of their own run together', async () => {
    class Burst extends UserRateThrottle {
      override scope = 'burst';
    }
    class Sustained extends UserRateThrottle {
      override scope = 'sustained';
    }
    const clock = stoppedClock();
    const rates = { defaultThrottleRates: { burst: '2/s', sustained: '3/h' }, clock };
    const server = await serve(viewOf([Burst, Sustained], rates));
    const seen: unknown[] = [];
    for (const second of [0, 0, 0, 1, 2, 3]) {
      clock.seconds = second;
      const answer = await server.request();
      seen.push([answer.status, answer.headers['retry-after']]);
    }
    await server.close();
    // The third request of the first second is refused by one throttle and still counted by the other (D-034).
    expect(seen).toEqual([
      [200, undefined],
      [200, undefined],
      [429, '1'],
      [429, '3599'],
      [429, '3598'],
      [429, '3597'],
    ]);
  });

  it('D-255: ScopedRateThrottle takes the scope of the view; views of one scope share a counter', async () => {
    const settings = defineSettings({ defaultThrottleRates: { x: '2/min', y: '1/min' } });
    const scoped = (throttleScope: string | null): Handler =>
      View.asView({ settings, throttleClasses: [ScopedRateThrottle], throttleScope });
    expect(await statuses(scoped('x'), 1)).toEqual([200]);
    expect(await statuses(scoped('x'), 2)).toEqual([200, 429]);
    expect(await statuses(scoped('y'), 2)).toEqual([200, 429]);
    expect(await statuses(scoped('x'), 2, asUser('ann'))).toEqual([200, 200]);
    expect(await statuses(scoped(null), 3)).toEqual([200, 200, 200]);
    expect(await statuses(View.asView({ settings, throttleClasses: [ScopedRateThrottle] }), 3)).toEqual([
      200, 200, 200,
    ]);
  });

  it('D-245: the keys in the cache are those of DRF', async () => {
    const keys: string[] = [];
    class Spy extends MemoryCache {
      override hit(...args: Parameters<MemoryCache['hit']>) {
        keys.push(args[0]);
        return super.hit(...args);
      }
    }
    const settings = { cache: new Spy(), defaultThrottleRates: { anon: '9/s', user: '9/s', login: '9/s' } };
    const all: ThrottleClasses = [AnonRateThrottle, UserRateThrottle, ScopedRateThrottle];
    const view = viewOf(all, settings, { throttleScope: 'login' });
    await call(view, { headers: { 'X-Forwarded-For': '1.1.1.1, 2.2.2.2' } });
    await call(view, { headers: asUser('42') });
    expect(keys).toEqual([
      'throttle_anon_1.1.1.1,2.2.2.2',
      'throttle_user_1.1.1.1,2.2.2.2',
      'throttle_login_1.1.1.1,2.2.2.2',
      'throttle_user_42',
      'throttle_login_42',
    ]);
  });

  describe('D-237 to D-240: behind proxies', () => {
    const ident = (numProxies: number | null, forwardedFor?: string): string => {
      class Ident extends BaseThrottle {
        allowRequest(): boolean {
          return true;
        }
      }
      const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor };
      const raw: HostRequest = { headers, socket: { remoteAddress: '9.9.9.9' } };
      return new Ident(defineSettings({ numProxies })).getIdent({ raw } as Request);
    };
    it.each([
      [null, '1.1.1.1, 2.2.2.2 ,\t3.3.3.3', '1.1.1.1,2.2.2.2,3.3.3.3'],
      [null, undefined, '9.9.9.9'],
      [null, '', '9.9.9.9'],
      [null, '  ', '9.9.9.9'],
      [0, '1.1.1.1', '9.9.9.9'],
      [1, undefined, '9.9.9.9'],
      [1, '1.1.1.1, 2.2.2.2', '2.2.2.2'],
      [2, '1.1.1.1, 2.2.2.2, 3.3.3.3', '2.2.2.2'],
      [5, '1.1.1.1, 2.2.2.2', '1.1.1.1'],
      [1, '', ''],
    ])('%p proxies and %p make %p', (numProxies, forwardedFor, expected) => {
      expect(ident(numProxies, forwardedFor)).toBe(expected);
    });

    it('a client cannot get out of its bucket by an address that it makes up', async () => {
      const view = viewOf([AnonRateThrottle], { numProxies: 1, defaultThrottleRates: { anon: '1/min' } });
      const server = await serve(view);
      const seen: number[] = [];
      for (const madeUp of ['1.1.1.1', '2.2.2.2', '3.3.3.3']) {
        seen.push((await server.request({ headers: { 'X-Forwarded-For': `${madeUp}, 5.5.5.5` } })).status);
      }
      await server.close();
      expect(seen).toEqual([200, 429, 429]);
    });
  });
});

describe('throttles and the rest of the cycle', () => {
  it('D-256: a request that a permission refuses is not counted', async () => {
    const settings = { defaultThrottleRates: { anon: '1/min', user: '1/min' } };
    const view = viewOf([UserRateThrottle], settings, { permissionClasses: [IsAuthenticated] });
    expect(await statuses(view, 3)).toEqual([403, 403, 403]);
    expect(await statuses(view, 2, { 'X-User': 'ann' })).toEqual([200, 429]);
  });

  it('D-236: a throttle of one’s own, without a time', async () => {
    class Never extends BaseThrottle {
      allowRequest(): boolean {
        return false;
      }
    }
    const answer = await call(viewOf([Never]));
    expect([answer.status, answer.headers['retry-after'], answer.json]).toEqual([
      429,
      undefined,
      { detail: 'Request was throttled.' },
    ]);
  });

  it('an answer that is not true refuses', async () => {
    for (const answer of [undefined, null, 0, '', Promise.resolve(false), Promise.resolve(undefined)]) {
      class Vague implements Throttle {
        allowRequest(): boolean {
          return answer as unknown as boolean;
        }
      }
      expect((await call(viewOf([Vague]))).status).toBe(429);
    }
  });

  it('D-257: exactly the limit passes when many come at once, also with a cache that answers later', async () => {
    const memory = new MemoryCache();
    const remote: Cache = {
      get: (key) => memory.get(key),
      set: (key, value, ttl) => {
        memory.set(key, value, ttl);
      },
      delete: (key) => {
        memory.delete(key);
      },
      async hit(key, window) {
        await pause(Math.trunc(window.limit % 3));
        return memory.hit(key, window);
      },
      giveBack: (key, at) => {
        memory.giveBack(key, at);
      },
    };
    for (const cache of [new MemoryCache(), remote]) {
      const server = await serve(viewOf([UserRateThrottle], { cache, defaultThrottleRates: { user: '10/min' } }));
      const answers = await Promise.all(Array.from({ length: 60 }, () => server.request()));
      await server.close();
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(50);
    }
  });

  it('a cache that fails lets nobody through', async () => {
    const { logger } = errorLog();
    const cache = { hit: () => Promise.reject(new Error('redis is down')) } as never;
    const view = viewOf([UserRateThrottle], { cache, logger, defaultThrottleRates: { user: '10/min' } });
    expect((await call(view)).status).toBe(500);
  });

  it('each settings value has a cache of its own', async () => {
    const rates = { defaultThrottleRates: { user: '1/min' } };
    expect(await statuses(viewOf([UserRateThrottle], rates), 2)).toEqual([200, 429]);
    expect(await statuses(viewOf([UserRateThrottle], rates), 1)).toEqual([200]);
  });
});
