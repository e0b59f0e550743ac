import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import {
  AnonymousUser,
  APIView,
  AuthenticationFailed,
  AuthenticationPending,
  cloneRequest,
  defineSettings,
  IsAuthenticated,
  JSONParser,
  PermissionDenied,
  Response,
  WrappedAttributeError,
} from 'sallyport';
import type {
  AuthenticationClasses,
  Authenticator,
  Awaitable,
  BaseUser,
  HostRequest,
  ParserClasses,
  PolicyClass,
  Request,
  Settings,
  SettingsInput,
} from 'sallyport';
import { FORCED } from '../../src/core/request';
import { call } from '../support/server';

type Pair = readonly [BaseUser | null, unknown];
const ann: BaseUser = { pk: 'ann', isActive: true, isAuthenticated: true };
const bob: BaseUser = { pk: 'bob', isActive: true, isAuthenticated: true };

/** An authenticator that counts its calls. */
function authenticator(authenticate: (request: Request) => Awaitable<Pair | null | undefined>) {
  const calls: unknown[] = [];
  class Scripted implements Authenticator {
    authenticate(request: Request): Awaitable<readonly [BaseUser, unknown] | null | undefined> {
      calls.push(this);
      return authenticate(request) as Awaitable<readonly [BaseUser, unknown] | null | undefined>;
    }
  }
  return { Class: Scripted as PolicyClass<Authenticator>, calls };
}
const later = async <T>(work: () => T): Promise<T> => {
  await new Promise(setImmediate);
  return work();
};
const tick = (): Promise<void> => new Promise(setImmediate);
const throws = (error: unknown) => (): never => {
  throw error;
};

interface Given extends SettingsInput {
  readonly raw?: Partial<HostRequest>;
  readonly authenticators?: AuthenticationClasses;
  readonly parsers?: ParserClasses;
}

/** A request as a view gets it, before anything has run. */
function requestOf({ raw, authenticators = [], parsers = [JSONParser], ...settings }: Given = {}): Request {
  class View extends APIView {
    static override settings: Settings = defineSettings(settings);
    static override authenticationClasses = authenticators;
    static override parserClasses = parsers;
  }
  return new View().initializeRequest({ method: 'GET', url: '/', headers: {}, ...raw }, {});
}
const attempt = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe('who makes a request', () => {
  it('D-099 to D-101: one run of the authenticators sets user, auth and the successful authenticator', () => {
    const { Class, calls } = authenticator(() => [ann, 'token']);
    const request = requestOf({ authenticators: [Class] });
    expect(calls).toHaveLength(0);
    expect([request.auth, request.user, request.successfulAuthenticator]).toEqual(['token', ann, calls[0]]);
    expect(request.user).toBe(ann);
    expect(calls).toHaveLength(1);
  });

  it.each(['user', 'auth', 'successfulAuthenticator'] as const)('D-100: %s alone starts the run', (member) => {
    const { Class, calls } = authenticator(() => [ann, 'token']);
    expect(requestOf({ authenticators: [Class] })[member]).toBeDefined();
    expect(calls).toHaveLength(1);
  });

  it('S-019, D-106: tries in order; the first pair wins, and nobody behind it is asked', async () => {
    const lists = [
      [authenticator(() => null), authenticator(() => [ann, 1]), authenticator(() => [bob, 2])],
      [
        authenticator(() => later(() => null)),
        authenticator(() => later((): Pair => [ann, 1])),
        authenticator(() => [bob, 2]),
      ],
      [authenticator(() => undefined), authenticator(() => later((): Pair => [ann, 1])), authenticator(() => [bob, 2])],
      [authenticator(() => later(() => undefined)), authenticator(() => [ann, 1]), authenticator(() => [bob, 2])],
    ];
    for (const list of lists) {
      const request = requestOf({ authenticators: list.map(({ Class }) => Class) });
      expect(await request.getUser()).toBe(ann);
      expect(request.auth).toBe(1);
      expect(request.successfulAuthenticator).toBe(list[1]!.calls[0]);
      expect(list.map(({ calls }) => calls.length)).toEqual([1, 1, 0]);
    }
  });

  it('D-107: a pair of nulls is a success', async () => {
    for (const pair of [
      [null, null],
      [undefined, undefined],
    ] as unknown as Pair[]) {
      const { Class, calls } = authenticator(() => pair);
      const request = requestOf({ authenticators: [Class] });
      expect([await request.getUser(), request.auth, request.successfulAuthenticator]).toEqual([null, null, calls[0]]);
    }
  });

  it('a user that is missing in the pair never passes IsAuthenticated', async () => {
    for (const user of [null, undefined]) {
      class View extends APIView {
        static override permissionClasses = [IsAuthenticated];
        override get(): Response {
          return new Response('open');
        }
      }
      const { Class } = authenticator(() => [user as null, 'token']);
      expect((await call(View.asView({ authenticationClasses: [Class] }))).status).toBe(403);
    }
  });

  it('only a user whose isAuthenticated is true itself passes IsAuthenticated', async () => {
    for (const isAuthenticated of [() => true, Promise.resolve(true), 1, 'yes', {}]) {
      class View extends APIView {
        static override permissionClasses = [IsAuthenticated];
        override get(): Response {
          return new Response('open');
        }
      }
      const { Class } = authenticator(() => [{ ...ann, isAuthenticated } as never, null]);
      expect((await call(View.asView({ authenticationClasses: [Class] }))).status).toBe(403);
    }
  });

  it('D-110: without a success the request is anonymous, with fresh values of the settings', () => {
    const first = requestOf({ authenticators: [authenticator(() => null).Class] });
    const second = requestOf();
    expect(first.user).toBeInstanceOf(AnonymousUser);
    expect(second.user).not.toBe(first.user);
    expect([first.auth, first.successfulAuthenticator]).toEqual([null, null]);

    class Guest extends AnonymousUser {}
    const own = requestOf({ unauthenticatedUser: Guest, unauthenticatedToken: () => 'no token' });
    expect(own.user).toBeInstanceOf(Guest);
    expect(own.auth).toBe('no token');
    expect(requestOf({ unauthenticatedUser: null }).user).toBeNull();
  });

  it('D-105, D-111: the host sees who it is, also who it is not', async () => {
    const known = requestOf({ authenticators: [authenticator(() => later((): Pair => [ann, 'token'])).Class] });
    expect(known.raw.user).toBeUndefined();
    await known.getUser();
    expect([known.raw.user, known.raw.auth]).toEqual([ann, 'token']);
    const anonymous = requestOf();
    await anonymous.getUser();
    expect([anonymous.raw.user, anonymous.raw.auth]).toEqual([anonymous.user, null]);
  });

  it('a user that the host put on its request is nobody here', () => {
    const request = requestOf({ raw: { user: ann, auth: 'session' } });
    expect(request.user).toBeInstanceOf(AnonymousUser);
    expect(request.auth).toBeNull();
    expect(request.raw.user).toBe(request.user);
  });

  it('D-102 to D-104: what is set is seen by the host too, and nobody is asked any more', () => {
    const { Class, calls } = authenticator(throws(new Error('asked')));
    const request = requestOf({ authenticators: [Class] });
    request.user = ann;
    expect([request.user, request.auth, request.raw.user]).toEqual([ann, null, ann]);
    request.auth = 'token';
    expect([request.auth, request.raw.auth]).toEqual(['token', 'token']);
    expect(calls).toHaveLength(0);
  });

  it('auth that was set beforehand stays when the user is set', () => {
    const request = requestOf({ authenticators: [authenticator(throws(new Error('asked'))).Class] });
    request.auth = 'token';
    expect(request.auth).toBe('token');
    request.user = ann;
    expect([request.user, request.auth]).toEqual([ann, 'token']);
  });

  it('setting another user forgets what vouched for the first', async () => {
    const request = requestOf({ authenticators: [authenticator(() => [ann, 'token of ann']).Class] });
    await request.getUser();
    request.user = bob;
    expect(request.auth).toBeNull();
  });

  it('D-108, S-158: a refusal is remembered: later reads are anonymous, and nobody is asked again', async () => {
    for (const refuse of [throws(new AuthenticationFailed()), () => later(throws(new PermissionDenied('CSRF')))]) {
      const { Class, calls } = authenticator(refuse);
      const request = requestOf({ authenticators: [Class] });
      await expect(request.getUser()).rejects.toMatchObject({ statusCode: expect.any(Number) });
      expect(request.user).toBeInstanceOf(AnonymousUser);
      expect([request.auth, request.successfulAuthenticator, await request.getUser()]).toEqual([
        null,
        null,
        request.user,
      ]);
      expect(request.raw.user).toBe(request.user);
      expect(calls).toHaveLength(1);
    }
  });

  it('a refusal takes back a user that the authenticator had set before', async () => {
    const { Class } = authenticator((request) => {
      request.user = ann;
      throw new PermissionDenied('CSRF Failed');
    });
    const request = requestOf({ authenticators: [Class] });
    await expect(request.getUser()).rejects.toThrow('CSRF Failed');
    expect(request.user).toBeInstanceOf(AnonymousUser);
    expect(request.raw.user).toBeInstanceOf(AnonymousUser);
  });

  it('D-109, S-159: a bug is not remembered: each look meets it again', async () => {
    for (const bug of [throws(new TypeError('bug')), throws(new RangeError('bug'))]) {
      const { Class, calls } = authenticator(bug);
      const request = requestOf({ authenticators: [Class] });
      expect(attempt(() => request.user)).toBeInstanceOf(Error);
      expect(attempt(() => request.auth)).toBeInstanceOf(Error);
      await expect(request.getUser()).rejects.toThrow('bug');
      expect(calls).toHaveLength(3);
      expect(request.raw.user).toBeUndefined();
    }
  });

  it('D-112: the guard changes the class of the error, keeps its text, and has it as cause', () => {
    const cause = new TypeError("Cannot read properties of undefined (reading 'pk')");
    const request = requestOf({ authenticators: [authenticator(throws(cause)).Class] });
    const error = attempt(() => request.user) as WrappedAttributeError;
    expect(error).toBeInstanceOf(WrappedAttributeError);
    expect([error.message, error.cause]).toEqual([cause.message, cause]);
  });

  it('S-157: concurrent callers share one run', async () => {
    const { Class, calls } = authenticator(() => later((): Pair => [ann, 'token']));
    const request = requestOf({ authenticators: [Class] });
    expect(await Promise.all([request.getUser(), request.getUser(), request.getUser()])).toEqual([ann, ann, ann]);
    expect(calls).toHaveLength(1);
  });

  it('concurrent callers share a bug as well, and the next one tries again', async () => {
    const { Class, calls } = authenticator(() => later(throws(new TypeError('bug'))));
    const request = requestOf({ authenticators: [authenticator(() => later(() => null)).Class, Class] });
    const outcomes = await Promise.allSettled([request.getUser(), request.getUser()]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(calls).toHaveLength(1);
    await expect(request.getUser()).rejects.toThrow(WrappedAttributeError);
    expect(calls).toHaveLength(2);
  });

  it('a run that fails over and over never leaves two of them going at once', async () => {
    let running = 0;
    let most = 0;
    const { Class } = authenticator(async () => {
      most = Math.max(most, ++running);
      await tick();
      running--;
      throw new TypeError('bug');
    });
    const request = requestOf({ authenticators: [authenticator(() => later(() => null)).Class, Class] });
    const retry = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) await request.getUser().catch(() => Promise.resolve());
    };
    await Promise.all([retry(), retry(), retry()]);
    expect(most).toBe(1);
  });

  it('a user that is set while the authenticators run stays', async () => {
    const { Class } = authenticator(() => later((): Pair => [ann, 'token']));
    const request = requestOf({ authenticators: [Class] });
    const pending = request.getUser();
    request.user = bob;
    expect(await pending).toBe(bob);
    expect([request.user, request.auth]).toEqual([bob, null]);
  });

  it.each([
    ['user, at once', (request: Request) => request.user as never],
    ['getUser(), at once', (request: Request) => request.getUser() as never],
    ['user, first of all in an asynchronous method', async (request: Request) => request.user as never],
    [
      'getUser(), first of all in an asynchronous method',
      async (request: Request) => (await request.getUser()) as never,
    ],
    ['user, later', (request: Request) => later(() => request.user as never)],
    [
      'getUser(), later',
      async (request: Request) => {
        await tick();
        return (await request.getUser()) as never;
      },
    ],
    [
      'getUser() of a function that it awaits with others',
      async (request: Request) => {
        const ask = async (): Promise<unknown> => {
          await tick();
          await tick();
          return request.getUser();
        };
        return (await Promise.all([tick(), ask()])) as never;
      },
    ],
    ['getUser(), in a chain of promises', (request: Request) => tick().then(() => request.getUser() as never)],
  ])('an authenticator that asks for the user is told so, and nothing hangs: %s', async (_name, ask) => {
    for (const before of [[], [authenticator(() => later(() => null)).Class]]) {
      const request = requestOf({ authenticators: [...before, authenticator(ask).Class] });
      await expect(request.getUser()).rejects.toThrow('An authenticator asked for the user that it is to find.');
    }
  });

  it('whoever asks while an authenticator is waited for joins the run, from wherever', async () => {
    const { Class, calls } = authenticator(() => later((): Pair => [ann, 'token']));
    const request = requestOf({ authenticators: [Class] });
    const ask = async (): Promise<unknown> => request.getUser();
    const askLater = async (): Promise<unknown> => {
      await Promise.resolve();
      return ask();
    };
    expect(await Promise.all([ask(), askLater(), request.getUser(), Promise.resolve().then(ask)])).toEqual(
      [1, 2, 3, 4].map(() => ann),
    );
    expect(calls).toHaveLength(1);
  });

  it('whoever joins the run of a request that an authenticator of another one waits for is let in', async () => {
    const inner = requestOf({ authenticators: [authenticator(() => later((): Pair => [bob, null])).Class] });
    const askTwice = async (): Promise<unknown> => {
      await tick();
      return Promise.all([inner.getUser(), inner.getUser()]);
    };
    const outer = requestOf({
      authenticators: [
        authenticator(async (): Promise<Pair> => {
          expect(await askTwice()).toEqual([bob, bob]);
          return [ann, null];
        }).Class,
      ],
    });
    expect(await outer.getUser()).toBe(ann);
  });

  it('an authenticator that waits for itself by way of another request is told so', async () => {
    const outer: Request = requestOf({
      authenticators: [
        authenticator(async (): Promise<Pair> => {
          await tick();
          return [(await inner.getUser()) as never, null];
        }).Class,
      ],
    });
    const inner: Request = requestOf({
      authenticators: [
        authenticator(async (): Promise<Pair> => {
          await tick();
          return [(await outer.getUser()) as never, null];
        }).Class,
      ],
    });
    await expect(outer.getUser()).rejects.toThrow('An authenticator asked for the user that it is to find.');
  });

  it('an app that formats stacks in its own way keeps it, and is told all the same', async () => {
    const { prepareStackTrace, stackTraceLimit } = Error;
    const own = (): string => 'at somewhere';
    Error.prepareStackTrace = own;
    try {
      const request = requestOf({
        authenticators: [authenticator((asked) => tick().then(async () => (await asked.getUser()) as never)).Class],
      });
      await expect(request.getUser()).rejects.toThrow('An authenticator asked for the user that it is to find.');
      expect([Error.prepareStackTrace, Error.stackTraceLimit]).toEqual([own, stackTraceLimit]);
    } finally {
      Error.prepareStackTrace = prepareStackTrace;
    }
  });

  it('D-147: an authenticator gets the request that the view sees', async () => {
    let seen: Request | undefined;
    const { Class } = authenticator((request) => {
      seen = request;
      return null;
    });
    const request = requestOf({ authenticators: [Class] });
    await request.getUser();
    expect(seen).toBe(request);
  });

  it('D-116: a forced user and token replace all authenticators', async () => {
    const { Class, calls } = authenticator(throws(new Error('asked')));
    const raw = { [FORCED]: { user: ann, token: 'forced' } } as never;
    const request = requestOf({ authenticators: [Class], raw });
    expect([await request.getUser(), request.auth, calls.length]).toEqual([ann, 'forced', 0]);
    expect(request.authenticators).toHaveLength(1);
  });
});

describe('reading before it is known (architecture, section 6)', () => {
  const members = ['user', 'auth', 'successfulAuthenticator'] as const;

  describe('nothing ran, and all authenticators answer at once', () => {
    it.each(members)('request.%s runs them', (member) => {
      const { Class, calls } = authenticator(() => [ann, 'token']);
      const request = requestOf({ authenticators: [Class] });
      expect(request[member]).toEqual({ user: ann, auth: 'token', successfulAuthenticator: calls[0] }[member]);
    });
  });

  describe('nothing ran, and one needs input or output', () => {
    it.each(members)(
      'S-156: request.%s throws AuthenticationPending, which names the cure; getUser() joins that run',
      async (member) => {
        const { Class, calls } = authenticator(() => later((): Pair => [ann, 'token']));
        const request = requestOf({ authenticators: [authenticator(() => null).Class, Class] });
        const error = attempt(() => request[member]);
        expect(error).toBeInstanceOf(AuthenticationPending);
        expect((error as Error).message).toContain('await request.getUser()');
        expect(await request.getUser()).toBe(ann);
        expect(calls).toHaveLength(1);
        expect(request.auth).toBe('token');
      },
    );
  });

  describe('running', () => {
    it.each(members)('request.%s throws AuthenticationPending', async (member) => {
      const request = requestOf({ authenticators: [authenticator(() => later((): Pair => [ann, 'token'])).Class] });
      const pending = request.getUser();
      expect(attempt(() => request[member])).toBeInstanceOf(AuthenticationPending);
      await pending;
      expect(attempt(() => request[member])).not.toBeInstanceOf(Error);
    });
  });

  describe('done', () => {
    it('both give the same values, without a run', async () => {
      const { Class, calls } = authenticator(() => later((): Pair => [ann, 'token']));
      const request = requestOf({ authenticators: [Class] });
      await request.getUser();
      expect([request.user, request.auth, request.successfulAuthenticator]).toEqual([ann, 'token', calls[0]]);
      expect(await request.getUser()).toBe(ann);
      expect(calls).toHaveLength(1);
    });
  });

  describe('refused', () => {
    it('the run that a read began is refused for the getUser() that joins it, and anonymous afterwards', async () => {
      const { Class } = authenticator(() => later(throws(new AuthenticationFailed())));
      const request = requestOf({ authenticators: [Class] });
      expect(attempt(() => request.user)).toBeInstanceOf(AuthenticationPending);
      await expect(request.getUser()).rejects.toThrow(AuthenticationFailed);
      expect([request.user?.isAuthenticated, request.auth, request.successfulAuthenticator]).toEqual([
        false,
        null,
        null,
      ]);
    });

    it('a synchronous refusal comes out of the read itself, once', () => {
      const request = requestOf({ authenticators: [authenticator(throws(new AuthenticationFailed())).Class] });
      expect(attempt(() => request.user)).toBeInstanceOf(AuthenticationFailed);
      expect(request.user).toBeInstanceOf(AnonymousUser);
    });
  });

  describe('a bug', () => {
    it('of a run that a read began ends no process, and the next call tries again', async () => {
      const unhandled: unknown[] = [];
      const listen = (error: unknown): unknown => unhandled.push(error);
      process.on('unhandledRejection', listen);
      const { Class, calls } = authenticator(() => later(throws(new TypeError('bug'))));
      const request = requestOf({ authenticators: [Class] });
      expect(attempt(() => request.user)).toBeInstanceOf(AuthenticationPending);
      await tick();
      await tick();
      await tick();
      process.off('unhandledRejection', listen);
      expect(unhandled).toEqual([]);
      await expect(request.getUser()).rejects.toThrow(WrappedAttributeError);
      expect(calls).toHaveLength(2);
    });
  });
});

describe('the head of a request', () => {
  const url = (path: string, more: Partial<HostRequest> = {}): Request =>
    requestOf({ raw: { url: path, headers: { host: 'example.com' }, ...more } });

  it('D-086, D-091: the host’s request is raw, and nothing of it shows through', () => {
    const raw = { method: 'GET', url: '/', headers: {}, session: { user: ann }, inner: 1 };
    const request = requestOf({ raw });
    expect(request.raw).toMatchObject(raw);
    expect('inner' in request || 'session' in request).toBe(false);
    (request as unknown as { own: number }).own = 1;
    expect('own' in request.raw).toBe(false);
  });

  it('D-085: wraps no other wrapper', () => {
    const request = requestOf();
    const view = new (class extends APIView {})();
    expect(() => view.initializeRequest(request as never, {})).toThrow(TypeError);
  });

  it('D-092: has none of its former names', () => {
    const request = requestOf();
    expect(['DATA', 'QUERY_PARAMS', 'FILES', '_request'].filter((name) => name in request)).toEqual([]);
  });

  it('D-087: query parameters have several values; the last one counts', () => {
    const { queryParams } = url('/?a=1&a=2&b=&c&d=%C3%BC&e=%FF&f=x+y;z=1&=leer');
    expect(queryParams.get('a')).toBe('2');
    expect(queryParams.getlist('a')).toEqual(['1', '2']);
    expect(queryParams.toJSON()).toEqual({ a: '2', b: '', c: '', d: 'ü', e: '\ufffd', f: 'x y;z=1', '': 'leer' });
    expect(url('/').queryParams.size).toBe(0);
  });

  it('D-087: bytes outside ASCII in the query are UTF-8', () => {
    expect(url(`/?q=${Buffer.from('ü€').toString('latin1')}`).queryParams.get('q')).toBe('ü€');
  });

  it('more query parameters than the settings allow are 413', () => {
    const request = requestOf({ raw: { url: '/?a=1&b=2&c=3' }, dataUploadMaxNumberFields: 2 });
    expect(attempt(() => request.queryParams)).toMatchObject({ statusCode: 413 });
  });

  it('D-088: the content type is the whole header, empty when absent', () => {
    const contentType = (value?: string): string =>
      requestOf({ raw: { headers: value === undefined ? {} : { 'content-type': value } } }).contentType;
    expect(contentType('Text/HTML; charset=x')).toBe('Text/HTML; charset=x');
    expect(contentType()).toBe('');
  });

  it('D-093: headers have names without case', () => {
    const request = requestOf({ raw: { headers: { 'x-one': '1', 'x-two': ['a', 'b'] } } });
    expect([request.headers.get('X-ONE'), request.headers.get('x-Two'), request.headers.get('none')]).toEqual([
      '1',
      'a, b',
      null,
    ]);
  });

  it('D-089: META is the environment of WSGI; client headers stand only under HTTP_', () => {
    const headers = {
      'remote-user': 'mallory',
      'content-type': 'text/plain',
      'content-length': '5',
      'x-one': '1',
      remote_user: 'mallory',
      http_x_one: 'mallory',
    };
    const { META } = requestOf({
      raw: { url: '/a?b=c', headers, META: { REMOTE_USER: 'ann' }, socket: { remoteAddress: '10.0.0.1' } },
    });
    expect(META).toEqual({
      REQUEST_METHOD: 'GET',
      PATH_INFO: '/a',
      QUERY_STRING: 'b=c',
      REMOTE_ADDR: '10.0.0.1',
      REMOTE_USER: 'ann',
      HTTP_REMOTE_USER: 'mallory',
      CONTENT_TYPE: 'text/plain',
      CONTENT_LENGTH: '5',
      HTTP_X_ONE: '1',
    });
  });

  it('D-089: the path is that of the client, also in a mounted Express app and with an absolute target', () => {
    expect(url('/note', { originalUrl: '/api/note?x=1' }).path).toBe('/api/note');
    expect(url('/note', { originalUrl: '/api/note?x=1' }).getFullPath()).toBe('/api/note?x=1');
    expect(url('http://other.example/a/b?x=1').path).toBe('/a/b');
    expect(url('http://other.example?x=1').getFullPath()).toBe('/?x=1');
    expect(url('*').path).toBe('*');
  });

  it('D-089: an absolute URL takes the host of the request, whatever its path looks like', () => {
    expect(url('/a?b=c').buildAbsoluteUri()).toBe('http://example.com/a?b=c');
    expect(url('//evil.example/a').buildAbsoluteUri()).toBe('http://example.com//evil.example/a');
    expect(url('http://evil.example/a').buildAbsoluteUri()).toBe('http://example.com/a');
    expect(url('/a/b').buildAbsoluteUri('/c')).toBe('http://example.com/c');
    expect(url('/a/b').buildAbsoluteUri('c')).toBe('http://example.com/a/c');
    expect(url('//evil.example/b').buildAbsoluteUri('c')).toBe('http://example.com//evil.example/c');
    expect(url('/a').buildAbsoluteUri('https://elsewhere.example/')).toBe('https://elsewhere.example/');
  });

  it.each(['a b', 'a/b', 'user@evil.example', 'exa mple.com:80', '[::1', 'a:b', '', 'a?b', 'a#b', 'a\\b'])(
    'a host that is none is a bad request, not a server error: %p',
    async (host) => {
      const request = requestOf({ raw: { headers: { host } } });
      expect(attempt(() => request.buildAbsoluteUri())).toMatchObject({ name: 'DisallowedHost' });
    },
  );

  it('D-089: is secure by its socket, or by the header of a trusted proxy', () => {
    const secure = (raw: Partial<HostRequest>, more: SettingsInput = {}): boolean =>
      requestOf({ raw, ...more }).isSecure();
    const trust: SettingsInput = { secureProxySslHeader: ['X-Forwarded-Proto', 'https'] };
    const forwarded = (proto: string): Partial<HostRequest> => ({ headers: { 'x-forwarded-proto': proto } });
    expect(secure({ socket: { encrypted: true } })).toBe(true);
    expect(secure(forwarded('https'))).toBe(false);
    expect(secure(forwarded('https'), trust)).toBe(true);
    expect(secure(forwarded('http, https'), trust)).toBe(false);
    expect(secure({ ...forwarded('http'), socket: { encrypted: true } }, trust)).toBe(false);
    expect(requestOf({ raw: { socket: { encrypted: true } } }).scheme).toBe('https');
  });

  it('D-094: what negotiation and versioning find is empty before', () => {
    const { acceptedRenderer, acceptedMediaType, version, versioningScheme } = requestOf();
    expect([acceptedRenderer, acceptedMediaType, version, versioningScheme]).toEqual([null, null, null, null]);
  });

  it('D-095: prints its method and URL', () => {
    expect(inspect(url('/x?y=1'))).toBe("<Request: GET '/x?y=1'>");
  });

  it('D-098: neither a header nor a form field changes the method', () => {
    const headers = { 'x-http-method-override': 'DELETE' };
    expect(requestOf({ raw: { method: 'POST', url: '/?_method=DELETE', headers } }).method).toBe('POST');
  });

  it('D-133: a clone has another method, and knows what the first one knew', async () => {
    const { Class, calls } = authenticator(() => later((): Pair => [ann, 'token']));
    const request = requestOf({ authenticators: [Class] });
    await request.getUser();
    request.version = '2';
    const clone = cloneRequest(request, 'POST');
    expect([clone.method, clone.version, clone.user, clone.auth]).toEqual(['POST', '2', ann, 'token']);
    expect([clone.successfulAuthenticator, clone.raw]).toEqual([request.successfulAuthenticator, request.raw]);
    expect(request.method).toBe('GET');
    expect(calls).toHaveLength(1);
  });

  it('D-133: a clone keeps an auth that was set before anybody was asked', () => {
    const request = requestOf({ authenticators: [authenticator(throws(new Error('asked'))).Class] });
    request.auth = 'token';
    expect(cloneRequest(request, 'POST').auth).toBe('token');
  });
});
