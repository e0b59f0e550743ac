import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  APIView,
  authtoken,
  BasicAuthentication,
  defineSettings,
  FailedLoginThrottle,
  IsAdminUser,
  IsAuthenticated,
  MemoryCache,
  ObtainAuthToken,
  obtainAuthToken,
  ObtainAuthTokenThrottle,
  PermissionDenied,
  Response,
  TokenAuthentication,
} from 'sallyport';
import type {
  Cache,
  Handler,
  Hit,
  PermissionClasses,
  Request,
  Settings,
  SettingsInput,
  ViewOverrides,
} from 'sallyport';
import { fastPasswordHashers, FixedClock, MemoryTokenStore, MemoryUserStore } from 'sallyport/testing';
import { call, errorLog, serve } from '../support/server';
import type { Answer, RequestOptions } from '../support/server';

const users = new MemoryUserStore({ hashers: fastPasswordHashers });
beforeAll(async () => {
  for (const username of ['ann', 'bob']) await users.createUser({ username, password: `of ${username}` });
});

/** Three failures a minute, where nothing else is said. */
function settingsOf(options: SettingsInput = {}): Settings {
  return defineSettings(
    {
      users,
      defaultAuthenticationClasses: [BasicAuthentication],
      defaultThrottleRates: { failed_login: '3/min' },
      ...options,
    },
    authtoken({ store: new MemoryTokenStore() }),
  );
}

class View extends APIView {
  static override permissionClasses: PermissionClasses = [IsAuthenticated];
  override get(): Response {
    return new Response('ok');
  }
}
const viewOf = (options: SettingsInput = {}, overrides: ViewOverrides = {}): Handler =>
  View.asView({ settings: settingsOf(options), preAuthThrottleClasses: [FailedLoginThrottle], ...overrides });

const basic = (username: string, password: string): RequestOptions => ({
  headers: { Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` },
});
const wrong = basic('ann', 'a guess');
const right = basic('ann', 'of ann');

async function inTurn(view: Handler, requests: readonly RequestOptions[]): Promise<Answer[]> {
  const server = await serve(view);
  const answers: Answer[] = [];
  for (const request of requests) answers.push(await server.request(request));
  await server.close();
  return answers;
}
const statuses = async (view: Handler, ...requests: RequestOptions[]): Promise<number[]> =>
  (await inTurn(view, requests)).map(({ status }) => status);

const times = <T>(count: number, item: T): T[] => Array<T>(count).fill(item);

/** A cache that answers later, as one behind a network does. */
class RemoteCache implements Cache {
  readonly memory = new MemoryCache();
  readonly keys = new Set<string>();

  async get(key: string): Promise<unknown> {
    return this.memory.get(key);
  }
  async set(key: string, value: unknown, ttl: number): Promise<void> {
    this.memory.set(key, value, ttl);
  }
  async delete(key: string): Promise<void> {
    this.memory.delete(key);
  }
  async hit(...[key, window]: Parameters<Cache['hit']>): Promise<Hit> {
    this.keys.add(key);
    await pause(1);
    return this.memory.hit(key, window);
  }
  async giveBack(key: string, at: number): Promise<void> {
    await pause(1);
    this.memory.giveBack(key, at);
  }
}

describe('FailedLoginThrottle', () => {
  it('refuses after the limit of wrong passwords, and then the right one as well', async () => {
    expect(await statuses(viewOf(), wrong, wrong, wrong, wrong, right)).toEqual([401, 401, 401, 429, 429]);
  });

  it('counts no success, however many there are', async () => {
    expect(await statuses(viewOf(), wrong, wrong, ...times(20, right), wrong, right)).toEqual([
      ...[401, 401],
      ...times(20, 200),
      ...[401, 429],
    ]);
  });

  it('lets attempts through again when the failures have left the window', async () => {
    const clock = new FixedClock();
    const view = viewOf({ clock });
    const refused = (await inTurn(view, times(4, wrong))).at(-1)!;
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '60']);
    clock.advance(60_000);
    expect(await statuses(view, right)).toEqual([200]);
  });

  it('counts names apart, and addresses', async () => {
    const elsewhere = (request: RequestOptions): RequestOptions => ({
      headers: { ...request.headers, 'X-Forwarded-For': '192.0.2.7' },
    });
    const view = viewOf({ numProxies: 1 });
    expect(await statuses(view, ...times(4, wrong))).toEqual([401, 401, 401, 429]);
    expect(await statuses(view, basic('bob', 'of bob'), elsewhere(right), right)).toEqual([200, 200, 429]);
  });

  it('believes no address that a client may have made up', async () => {
    const from = (address: string): RequestOptions => ({
      headers: { ...wrong.headers, 'X-Forwarded-For': address },
    });
    const requests = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'].map(from);
    expect(await statuses(viewOf(), ...requests)).toEqual([401, 401, 401, 429]);
  });

  it('takes spellings of a name for one', async () => {
    const spellings = ['ann', 'ANN', ' ann ', 'ａｎｎ'].map((name) => basic(name, 'a guess'));
    expect(await statuses(viewOf(), ...spellings)).toEqual([401, 401, 401, 429]);
  });

  it.each([
    ['in memory', () => new MemoryCache()],
    ['behind a network', () => new RemoteCache()],
  ])('lets no more guesses through when they come all at once, with a cache %s', async (_where, cache) => {
    const server = await serve(viewOf({ cache: cache() }));
    const answers = await Promise.all(times(50, wrong).map((request) => server.request(request)));
    await server.close();
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(3);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(47);
  });

  it('gives each place back once', async () => {
    const server = await serve(viewOf({ cache: new RemoteCache(), clock: new FixedClock() }));
    const together = await Promise.all([right, right, wrong].map((request) => server.request(request)));
    expect(together.map(({ status }) => status)).toEqual([200, 200, 401]);
    const later: number[] = [];
    for (const request of [wrong, wrong, wrong]) later.push((await server.request(request)).status);
    await server.close();
    expect(later).toEqual([401, 401, 429]);
  });

  it('counts nothing where nobody tries a name', async () => {
    const requests = ['', 'Token abc', 'Basic', 'Basic !', `Basic ${btoa('no colon')}`, 'Bearer ann:x'].map(
      (Authorization) => ({ headers: { Authorization } }),
    );
    const cache = new MemoryCache();
    expect(await statuses(viewOf({ cache }), {}, ...requests, ...requests)).toEqual(times(13, 401));
    expect(cache.size).toBe(0);
  });

  it('counts no refusal of somebody who is known', async () => {
    const view = viewOf({}, { permissionClasses: [IsAdminUser] });
    expect(await statuses(view, ...times(5, right))).toEqual(times(5, 403));
  });

  it('counts a refusal that is 403, where the first authenticator has no challenge', async () => {
    class Silent extends BasicAuthentication {
      override authenticateHeader(): string {
        return '';
      }
    }
    const view = viewOf({}, { authenticationClasses: [Silent] });
    expect(await statuses(view, ...times(4, wrong))).toEqual([403, 403, 403, 429]);
  });

  it('counts where it is asked late who comes', async () => {
    class Lazy extends View {
      override get(): Response {
        throw new PermissionDenied();
      }
    }
    const settings = settingsOf({ authenticationMode: 'lazy' });
    const view = Lazy.asView({ settings, preAuthThrottleClasses: [FailedLoginThrottle], permissionClasses: [] });
    expect(await statuses(view, ...times(5, right), ...times(4, wrong))).toEqual([
      ...times(5, 403),
      ...[403, 403, 403, 429],
    ]);
  });

  it('counts no error of the view', async () => {
    class Failing extends View {
      override get(): Response {
        throw new Error('bug');
      }
    }
    const { logger } = errorLog();
    const view = Failing.asView({ settings: settingsOf({ logger }), preAuthThrottleClasses: [FailedLoginThrottle] });
    expect(await statuses(view, ...times(5, right))).toEqual(times(5, 500));
  });

  it('keeps no name in the cache, as it may be a password in the wrong field', async () => {
    const cache = new RemoteCache();
    await statuses(viewOf({ cache }), basic('hunter2', 'x'));
    expect([...cache.keys].join()).toMatch(/^throttle_failed_login_[\d.:a-f]+_[0-9a-f]{64}$/);
  });

  it('tells guessers nothing of what is left', async () => {
    const answers = await inTurn(viewOf({ rateLimitHeaders: true }), [wrong, wrong, wrong, wrong]);
    expect(answers.map(({ headers }) => headers['ratelimit'])).toEqual(times(4, undefined));
  });

  it('has a rate from the start, and another or none where the settings say so', async () => {
    const rateOf = (defaultThrottleRates: SettingsInput['defaultThrottleRates']): unknown =>
      new FailedLoginThrottle(
        defineSettings(defaultThrottleRates === undefined ? {} : { defaultThrottleRates }),
      ).getRate();
    expect([rateOf(undefined), rateOf({ user: '1/s' }), rateOf({ failed_login: '5/h' })]).toEqual([
      '100/10m',
      '100/10m',
      '5/h',
    ]);
    const off = viewOf({ defaultThrottleRates: { failed_login: null } });
    expect(await statuses(off, ...times(5, wrong))).toEqual(times(5, 401));
  });

  it('gives the place of a success back where the host answers an error of the view', async () => {
    class Broken extends View {
      override get(): never {
        throw new Error('a bug');
      }
    }
    const view = Broken.asView({ settings: settingsOf(), preAuthThrottleClasses: [FailedLoginThrottle] });
    const behindHost: Handler = (request, response) =>
      view(request, response, () => {
        response.writeHead(500, []);
        response.end();
      });
    expect(await statuses(behindHost, ...times(5, right))).toEqual(times(5, 500));
  });

  it('keeps the place of a failure where the host answers it', async () => {
    const view = viewOf({ exceptionHandler: () => null });
    const asked: unknown[] = [];
    const behindHost: Handler = (request, response) =>
      view(request, response, (error) => {
        asked.push((error as { status: unknown }).status);
        response.writeHead(400, []);
        response.end();
      });
    await statuses(behindHost, ...times(4, wrong));
    expect(asked).toEqual([401, 401, 401, 429]);
  });

  it('sends the answer of a log in when the cache is lost meanwhile, and reports it', async () => {
    class Dying extends MemoryCache {
      override giveBack(): never {
        throw new Error('gone');
      }
    }
    const { logger, errors } = errorLog();
    expect(await statuses(viewOf({ cache: new Dying(), logger }), right)).toEqual([200]);
    expect(errors).toEqual([new Error('gone')]);
  });
});

describe('ObtainAuthToken', () => {
  const login = (username: unknown, password: string): RequestOptions => ({
    method: 'POST',
    body: { username, password },
  });
  const guess = login('ann', 'a guess');

  it('limits wrong passwords by the name in the body', async () => {
    const view = obtainAuthToken(settingsOf());
    expect(await statuses(view, ...times(4, guess), login('ann', 'of ann'), login('bob', 'of bob'))).toEqual([
      ...[400, 400, 400, 429],
      ...[429, 200],
    ]);
  });

  it('counts no success', async () => {
    expect(await statuses(obtainAuthToken(settingsOf()), ...times(10, login('ann', 'of ann')))).toEqual(times(10, 200));
  });

  it('reads the name as the view does, of JSON and of a form', async () => {
    const form = (body: string): RequestOptions => ({
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body,
    });
    const view = obtainAuthToken(settingsOf());
    const spellings = [
      login(' ann', 'x'),
      form('username=ann+&password=x'),
      form('username=bob&username=ann&password=x'),
    ];
    expect(await statuses(view, ...spellings, guess)).toEqual([400, 400, 400, 429]);
    expect(await statuses(view, login(7, 'x'), login('7', 'x'), login(' 7', 'x'), login(7, 'x'))).toEqual([
      ...[400, 400, 400],
      429,
    ]);
  });

  it('lets no more guesses through when they come all at once', async () => {
    const server = await serve(obtainAuthToken(settingsOf({ cache: new RemoteCache() })));
    const answers = await Promise.all(times(30, guess).map((request) => server.request(request)));
    await server.close();
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(3);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(27);
  });

  it('answers a body that can’t be read, or has no name, as ever, and counts none', async () => {
    const cache = new MemoryCache();
    const broken = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"username": "ann"' };
    const requests = [
      broken,
      { method: 'POST', body: [] },
      { method: 'POST', body: { password: 'x' } },
      { method: 'POST' },
    ];
    const answers = await inTurn(obtainAuthToken(settingsOf({ cache })), requests);
    expect(answers.map(({ json }) => json as unknown)).toEqual([
      { detail: expect.stringMatching(/^JSON parse error - /) },
      { non_field_errors: ['Invalid data. Expected a dictionary, but got list.'] },
      { username: ['This field is required.'] },
      { username: ['This field is required.'], password: ['This field is required.'] },
    ]);
    expect(cache.size).toBe(0);
  });

  it('still refuses wrong credentials in the header before a broken body', async () => {
    const { headers } = basic('ann', 'a guess');
    const answer = await call(obtainAuthToken(settingsOf()), {
      method: 'POST',
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: '{',
    });
    expect(answer.status).toBe(401);
  });

  it('limits guesses in the header too', async () => {
    const view = obtainAuthToken(settingsOf());
    const requests = times(4, { ...login('bob', 'of bob'), ...wrong });
    expect(await statuses(view, ...requests)).toEqual([401, 401, 401, 429]);
    expect(await statuses(view, login('ann', 'of ann'))).toEqual([429]);
  });

  it('counts the guess in the body where the header is right', async () => {
    const view = obtainAuthToken(settingsOf());
    expect(await statuses(view, ...times(4, { ...login('bob', 'a guess'), ...right }))).toEqual([400, 400, 400, 429]);
    expect(await statuses(view, { ...login('ann', 'of ann'), ...right })).toEqual([200]);
  });

  it('reads no body of a method that it doesn’t answer', async () => {
    let read = false;
    class Reader extends ObtainAuthTokenThrottle {
      override getAttemptedName(request: Request): ReturnType<ObtainAuthTokenThrottle['getAttemptedName']> {
        const load = request.load.bind(request);
        request.load = () => {
          read = true;
          return load();
        };
        return super.getAttemptedName(request);
      }
    }
    const view = ObtainAuthToken.asView({ settings: settingsOf(), preAuthThrottleClasses: [Reader] });
    expect([await statuses(view, { ...guess, method: 'PUT' }), read]).toEqual([[405], false]);
    expect([await statuses(view, guess), read]).toEqual([[400], true]);
  });

  it('is unlimited where the list is empty or the rate null', async () => {
    const off = [
      ObtainAuthToken.asView({ settings: settingsOf(), preAuthThrottleClasses: [] }),
      obtainAuthToken(settingsOf({ defaultThrottleRates: { failed_login: null } })),
    ];
    for (const view of off) expect(await statuses(view, ...times(5, guess))).toEqual(times(5, 400));
  });

  it('keeps its other lists as DRF has them', () => {
    expect([ObtainAuthToken.throttleClasses, ObtainAuthToken.permissionClasses]).toEqual([[], []]);
  });

  it('asks nobody but the throttles for a token in the header', async () => {
    const view = obtainAuthToken(settingsOf({ defaultAuthenticationClasses: [TokenAuthentication] }));
    const bad = { method: 'POST', headers: { Authorization: 'Token bad' }, body: {} };
    expect(await statuses(view, ...times(5, bad))).toEqual(times(5, 401));
  });
});
