import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import {
  AllowAny,
  APIView,
  defineSettings,
  IsAuthenticated,
  IsAuthenticatedOrReadOnly,
  or,
  Response,
  UserRateThrottle,
  WrappedAttributeError,
} from 'sallyport';
import type { Authenticator, Awaitable, BaseUser, PolicyClass, Request, ViewOverrides } from 'sallyport';
import { call, errorLog } from '../support/server';

type Pair = readonly [BaseUser, unknown];
const ann: BaseUser = { pk: 1, isActive: true, isAuthenticated: true };

function authenticator(authenticate: (request: Request) => Awaitable<Pair | null>): PolicyClass<Authenticator> {
  return class {
    authenticate(request: Request): Awaitable<Pair | null> {
      return authenticate(request);
    }
    authenticateHeader(): string {
      return 'Test';
    }
  };
}

const later = async <T>(work: () => T): Promise<T> => {
  await new Promise(setImmediate);
  return work();
};

const notAttempted = authenticator(() => null);
const notAttemptedLater = authenticator(() => later(() => null));
const succeeds = authenticator(() => [ann, 'token']);
const succeedsLater = authenticator(() => later((): Pair => [ann, 'token']));

/** The bug, and what must arrive of it. */
const bugs: readonly (readonly [name: string, provoke: () => never, errorName: string])[] = [
  [
    'a TypeError',
    () => {
      const nothing = undefined as unknown as { a: { b: string } };
      return nothing.a.b as never;
    },
    'TypeError',
  ],
  [
    'a ReferenceError',
    () => {
      // @ts-expect-error -- that is the bug
      return misspelled as never;
    },
    'ReferenceError',
  ],
  ['a TypeError of another realm', () => runInNewContext('undefined.a') as never, 'TypeError'],
  ['a ReferenceError of another realm', () => runInNewContext('misspelled') as never, 'ReferenceError'],
  ["a TypeError of Node's own", () => new URL('no url') as never, 'TypeError'],
];

const ways: readonly (readonly [name: string, make: (provoke: () => never) => PolicyClass<Authenticator>])[] = [
  ['thrown at once', (provoke) => authenticator(() => provoke())],
  ['rejected', (provoke) => authenticator(() => later(provoke))],
  [
    'rejected by a thenable',
    (provoke) =>
      authenticator(() => ({
        then: (_resolve, reject) =>
          later(provoke).then(
            () => undefined as never,
            (error: unknown) => reject!(error),
          ),
      })),
  ],
];

const positions: readonly (readonly [
  name: string,
  list: (broken: PolicyClass<Authenticator>) => readonly PolicyClass<Authenticator>[],
])[] = [
  ['alone', (broken) => [broken]],
  ['first', (broken) => [broken, succeeds, succeedsLater]],
  ['second, after a synchronous one', (broken) => [notAttempted, broken, succeeds]],
  ['second, after an asynchronous one', (broken) => [notAttemptedLater, broken, succeedsLater]],
  ['last', (broken) => [notAttempted, notAttemptedLater, broken]],
];

/** Who asks for the user; the answer would be 200 if the bug were taken for "anonymous" or "not attempted". */
interface Reader {
  readonly name: string;
  readonly lazy?: boolean;
  readonly overrides?: ViewOverrides;
  readonly read?: (request: Request) => unknown;
}
const readers: readonly Reader[] = [
  { name: 'eager' },
  { name: 'eager, with IsAuthenticated', overrides: { permissionClasses: [IsAuthenticated] } },
  { name: 'eager, where anonymous users pass', overrides: { permissionClasses: [IsAuthenticatedOrReadOnly] } },
  { name: 'lazy, by getUser()', lazy: true, read: (request) => request.getUser() },
  { name: 'lazy, by a permission', lazy: true, overrides: { permissionClasses: [or(IsAuthenticated, AllowAny)] } },
  { name: 'lazy, by a throttle', lazy: true, overrides: { throttleClasses: [UserRateThrottle] } },
];

async function answerOf(
  authenticationClasses: readonly PolicyClass<Authenticator>[],
  { lazy = false, overrides = {}, read }: Omit<Reader, 'name'> = {},
) {
  const { logger, errors } = errorLog();
  const authenticationMode = lazy ? 'lazy' : 'eager';
  const settings = defineSettings({ logger, authenticationMode, defaultThrottleRates: { user: '5/min' } });
  class Open extends APIView {
    override async get(request: Request): Promise<Response> {
      await read?.(request);
      return new Response(request.user);
    }
  }
  const answer = await call(Open.asView({ ...overrides, authenticationClasses, settings }));
  return { answer, errors };
}

describe.each(bugs)('D-112 to D-114: %s in an authenticator (S-118)', (_bug, provoke, errorName) => {
  describe.each(ways)('%s', (_way, make) => {
    describe.each(positions)('%s', (_position, list) => {
      it.each(readers)('is a 500 and a WrappedAttributeError: $name', async (reader) => {
        const { answer, errors } = await answerOf(list(make(provoke)), reader);
        expect([answer.status, answer.text]).toEqual([500, '{"error":"Server Error (500)"}']);
        expect(errors).toHaveLength(1);
        const error = errors[0] as WrappedAttributeError;
        expect(error).toBeInstanceOf(WrappedAttributeError);
        expect(error).not.toBeInstanceOf(TypeError);
        expect(error.name).toBe('WrappedAttributeError');
        expect((error.cause as Error).name).toBe(errorName);
        expect(error.message).toBe((error.cause as Error).message);
      });
    });
  });
});

describe('a bug in an authenticator of a lazy view', () => {
  it.each(['user', 'auth', 'successfulAuthenticator'] as const)(
    'comes out of request.%s when the authenticator is synchronous',
    async (member) => {
      const list = [notAttempted, authenticator(bugs[0]![1]), succeeds];
      const { answer, errors } = await answerOf(list, { lazy: true, read: (request) => request[member] });
      expect(answer.status).toBe(500);
      expect(errors[0]).toBeInstanceOf(WrappedAttributeError);
    },
  );

  it.each(['user', 'auth', 'successfulAuthenticator'] as const)(
    'never lets request.%s look anonymous when the authenticator is asynchronous',
    async (member) => {
      const list = [notAttempted, authenticator(() => later(bugs[0]![1])), succeeds];
      const { answer, errors } = await answerOf(list, { lazy: true, read: (request) => request[member] });
      expect(answer.status).toBe(500);
      expect((errors[0] as Error).name).toBe('AuthenticationPending');
    },
  );

  it('cannot be hidden by optional chaining', async () => {
    const list = [authenticator(bugs[0]![1])];
    const read = (request: Request): unknown => request.user?.isAuthenticated ?? 'anonymous';
    const { answer } = await answerOf(list, { lazy: true, read });
    expect(answer.status).toBe(500);
  });
});

describe('another error of an authenticator', () => {
  class Domain extends Error {}
  it.each([
    ['a RangeError', new RangeError('r')],
    ['an error of one’s own', new Domain('d')],
    ['a SyntaxError', new SyntaxError('s')],
    ['an object that only looks like a TypeError', { name: 'TypeError', message: 'fake' }],
  ])('D-112: %s goes to the host unchanged', async (_name, thrown) => {
    for (const list of [
      [
        authenticator(() => {
          throw thrown;
        }),
        succeeds,
      ],
      [authenticator(() => Promise.reject(thrown)), succeeds],
    ]) {
      const { answer, errors } = await answerOf(list);
      expect(answer.status).toBe(500);
      expect(errors[0] === thrown || (errors[0] as Error).cause === thrown).toBe(true);
    }
  });

  it.each([
    ['true', true],
    ['a text', 'ann'],
    ['the user alone', ann],
    ['a list of one', [ann]],
    ['a list of three', [ann, null, null]],
    ['false', false],
    ['an empty text', ''],
    ['zero', 0],
  ])('D-106: an answer that is no pair is a programming error: %s', async (_name, answer) => {
    for (const list of [
      [authenticator(() => answer as never), succeeds],
      [authenticator(() => Promise.resolve(answer as never)), succeeds],
    ]) {
      const { answer: got, errors } = await answerOf(list);
      expect(got.status).toBe(500);
      expect((errors[0] as Error).message).toContain('must return [user, auth], null or undefined');
    }
  });
});
