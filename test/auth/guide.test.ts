import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  AllowAny,
  AnonymousUser,
  APIView,
  apiView,
  AuthenticationFailed,
  authenticationClasses,
  authtoken,
  BaseAuthentication,
  BasePermission,
  BasicAuthentication,
  defineSettings,
  extendSettings,
  handle,
  ImproperlyConfigured,
  IsAuthenticated,
  ObtainAuthToken,
  obtainAuthToken,
  path,
  permissionClasses,
  RemoteUserAuthentication,
  Response,
  session,
  SessionAuthentication,
  StaticHTMLRenderer,
  Token,
  TokenAuthentication,
  User,
  UserRateThrottle,
} from 'sallyport';
import type {
  AuthenticationClasses,
  Awaitable,
  PermissionClasses,
  Request,
  Settings,
  ThrottleClasses,
} from 'sallyport';
import { fastPasswordHashers, MemorySessionStore, MemoryTokenStore, MemoryUserStore } from 'sallyport/testing';
import { call } from '../support/server';
import type { Answer } from '../support/server';

const users = new MemoryUserStore({ hashers: fastPasswordHashers });
const tokens = new MemoryTokenStore<Token<User>>();
const settings = defineSettings(
  { users, defaultAuthenticationClasses: [TokenAuthentication] },
  authtoken({ store: tokens }),
  session({ store: new MemorySessionStore(), secretKey: 'of the tests' }),
);
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
const byPassword = { Authorization: basic('ann:secret') };
let byToken: { Authorization: string };

beforeAll(async () => {
  const ann = await users.createUser({ username: 'ann', password: 'secret' });
  byToken = { Authorization: `Token ${(await tokens.getOrCreate(ann))[0].key}` };
});

/** Tells who came. */
class Who extends APIView<User> {
  static override settings = settings;
  override get(request: Request<User>): Response {
    return new Response({ user: String(request.user), auth: String(request.auth) });
  }
  override post(request: Request<User>): Response {
    return this.get(request);
  }
}
const ask = (overrides: Parameters<typeof Who.asView>[0], headers = {}, method = 'GET'): Promise<Answer> =>
  call(Who.asView(overrides), { headers, method });

describe('what authentication is', () => {
  it('ties a request to the credentials it came with: a user, and the token (S-002, S-009, S-010)', async () => {
    let seen: unknown[] = [];
    class Look extends Who {
      override get(request: Request<User>): Response {
        seen = [request.user instanceof User, request.auth instanceof Token];
        return super.get(request);
      }
    }
    const answer = await call(Look.asView(), { headers: byToken });
    expect(answer.json).toEqual({ user: 'ann', auth: byToken.Authorization.slice('Token '.length) });
    expect(seen).toEqual([true, true]);
  });

  it('gives permissions, throttles and the handler the same user (S-003, S-015, S-017)', async () => {
    const seen: string[] = [];
    class Permission extends BasePermission {
      override hasPermission(request: Request<User>): boolean {
        seen.push(`permission ${String(request.user)}`);
        return true;
      }
    }
    class Throttle extends UserRateThrottle {
      override readonly rate = null;
      override allowRequest(request: Request<User>): boolean {
        seen.push(`throttle ${String(request.user)}`);
        return true;
      }
    }
    const answer = await ask({ permissionClasses: [Permission], throttleClasses: [Throttle] }, byToken);
    expect([...seen, `handler ${String(answer.json.user)}`]).toEqual(['permission ann', 'throttle ann', 'handler ann']);
  });

  it('has four schemes ready, and a base for others (S-004, S-005)', () => {
    for (const Scheme of [BasicAuthentication, TokenAuthentication, SessionAuthentication, RemoteUserAuthentication]) {
      expect(Scheme.prototype).toBeInstanceOf(BaseAuthentication);
    }
  });

  it('refuses nobody by itself: without permissions strangers pass (S-011, S-020, S-021, S-031)', async () => {
    const stranger = await ask({ permissionClasses: [AllowAny] });
    expect([stranger.status, stranger.json]).toEqual([200, { user: 'AnonymousUser', auth: 'null' }]);
    const known = await ask({ authenticationClasses: [BasicAuthentication] }, byPassword);
    expect(known.json).toEqual({ user: 'ann', auth: 'null' });
  });

  it('makes an anonymous user of its own for each request (S-020)', async () => {
    const seen: unknown[] = [];
    class Look extends Who {
      override get(request: Request<User>): Response {
        seen.push(request.user);
        return super.get(request);
      }
    }
    await call(Look.asView());
    await call(Look.asView());
    expect(seen).toEqual([expect.any(AnonymousUser), expect.any(AnonymousUser)]);
    expect(seen[0]).not.toBe(seen[1]);
  });
});

describe('the list of schemes', () => {
  it('holds classes, of which each request has fresh instances (S-018)', async () => {
    const made: unknown[] = [];
    class Counting extends TokenAuthentication {
      constructor(own: Settings) {
        super(own);
        made.push(this);
      }
    }
    await ask({ authenticationClasses: [Counting] });
    await ask({ authenticationClasses: [Counting] });
    expect(made).toHaveLength(2);
  });

  it.each([
    ['an instance', () => [new TokenAuthentication(settings)]],
    ['a class that stands alone', () => TokenAuthentication],
    ['a name', () => ['TokenAuthentication']],
  ])('is refused when it holds %s (S-018)', (_what, list) => {
    expect(() => Who.asView({ authenticationClasses: list() as never })).toThrow(ImproperlyConfigured);
  });

  it('has a default in the settings, a value for the view, and one for a handler (S-024, S-027, S-053, S-122)', async () => {
    expect((await ask({}, byToken)).json.user).toBe('ann');
    class ByPassword extends Who {
      static override authenticationClasses: AuthenticationClasses = [BasicAuthentication];
    }
    expect((await call(ByPassword.asView(), { headers: byPassword })).json.user).toBe('ann');
    expect((await call(ByPassword.asView(), { headers: byToken })).json.user).toBe('AnonymousUser');
    const again = ByPassword.asView({ authenticationClasses: [TokenAuthentication] });
    expect((await call(again, { headers: byToken })).json.user).toBe('ann');
  });

  it('may be any sequence (S-033)', async () => {
    const fixed = [BasicAuthentication, TokenAuthentication] as const;
    expect((await ask({ authenticationClasses: Object.freeze(fixed) }, byToken)).json.user).toBe('ann');
  });

  it('is no setting when it is misspelt (S-026)', () => {
    const misspelt = { defaultAuthentication: [TokenAuthentication] } as object;
    expect(() => defineSettings(misspelt)).toThrow(/defaultAuthentication/);
  });
});

describe('who is nobody', () => {
  const view = (own: Parameters<typeof extendSettings>[1], more = {}): Promise<Answer> =>
    ask({ settings: extendSettings(settings, own), ...more });

  it('may be a user of another class (S-022)', async () => {
    class Guest extends AnonymousUser {
      override toString(): string {
        return 'guest';
      }
    }
    expect((await view({ unauthenticatedUser: Guest })).json.user).toBe('guest');
  });

  it('may be null, which is still refused where users are wanted (S-022)', async () => {
    expect((await view({ unauthenticatedUser: null })).json.user).toBe('null');
    expect((await view({ unauthenticatedUser: null }, { permissionClasses: [IsAuthenticated] })).status).toBe(401);
  });

  it('may bring something along (S-023)', async () => {
    expect((await view({ unauthenticatedToken: () => 'guest pass' })).json.auth).toBe('guest pass');
  });
});

describe('the example views', () => {
  it('combine a list of schemes with permissions, and take a format (S-027, S-029, S-030)', async () => {
    class ExampleView extends APIView<User> {
      static override settings = settings;
      static override authenticationClasses: AuthenticationClasses = [SessionAuthentication, BasicAuthentication];
      static override permissionClasses: PermissionClasses = [IsAuthenticated];
      override async get(request: Request<User>, { format }: { format?: string }): Promise<Response> {
        return new Response({ user: String(request.user), auth: String(request.auth), format: format ?? null });
      }
    }
    const routes = handle([path('/example', ExampleView.asView()), path('/example.<format>', ExampleView.asView())]);
    const refused = await call(routes, { path: '/example' });
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([403, undefined]);
    const known = await call(routes, { path: '/example', headers: byPassword });
    expect(known.json).toEqual({ user: 'ann', auth: 'null', format: null });
    const formatted = await call(routes, { path: '/example.json', headers: byPassword });
    expect(formatted.json).toEqual({ user: 'ann', auth: 'null', format: 'json' });
  });

  it('may be functions, with their helpers below apiView (S-032)', async () => {
    const whoAmI = (request: Request): Response => new Response({ user: (request.user as User).username });
    const schemes = authenticationClasses([BasicAuthentication]);
    const guarded = permissionClasses([IsAuthenticated]);
    const view = apiView(['GET'], { settings })(schemes(guarded(whoAmI)));
    expect((await call(view, { headers: byPassword })).json).toEqual({ user: 'ann' });
    expect((await call(view)).headers['www-authenticate']).toBe('Basic realm="api"');
    const plain = apiView(['GET'], { settings })(whoAmI);
    expect(() => schemes(plain)).toThrow(/authenticationClasses[\s\S]*apiView/);
  });
});

describe('a refusal', () => {
  const schemes = [SessionAuthentication, BasicAuthentication, TokenAuthentication, RemoteUserAuthentication];
  const challenges = new Map<unknown, string>([
    [BasicAuthentication, 'Basic realm="api"'],
    [TokenAuthentication, 'Token'],
  ]);
  const lists: AuthenticationClasses[] = schemes.flatMap((first) => [
    [first],
    ...schemes.filter((second) => second !== first).map((second) => [first, second]),
  ]);
  class Nobody extends BasePermission {
    override hasPermission(): boolean {
      return false;
    }
  }

  it('of a stranger is a 401 with the challenge of the first scheme, or a 403 without one (S-034 to S-038)', async () => {
    for (const list of lists) {
      const answer = await ask({ authenticationClasses: list, permissionClasses: [IsAuthenticated] });
      const challenge = challenges.get(list[0]);
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([
        challenge === undefined ? 403 : 401,
        challenge,
      ]);
    }
  });

  it.each([
    ['a bad token', TokenAuthentication, 'Token x'],
    ['a bad password', BasicAuthentication, basic('ann:wrong')],
    ['a malformed header', BasicAuthentication, 'Basic a b'],
  ])(
    'of %s is the same, whatever the permissions (S-016, S-035, S-036, S-040, S-115)',
    async (_what, scheme, header) => {
      for (const list of lists.filter((candidate) => candidate.includes(scheme))) {
        const view = { authenticationClasses: list, permissionClasses: [AllowAny] };
        const answer = await ask(view, { Authorization: header });
        const challenge = challenges.get(list[0]);
        expect([answer.status, answer.headers['www-authenticate']]).toEqual([
          challenge === undefined ? 403 : 401,
          challenge,
        ]);
      }
    },
  );

  it('of somebody who is known is always a 403 (S-036, S-039)', async () => {
    for (const list of lists.filter((candidate) => candidate.includes(TokenAuthentication))) {
      const answer = await ask({ authenticationClasses: list, permissionClasses: [Nobody] }, byToken);
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([403, undefined]);
    }
  });

  it('asks for no CSRF token of who comes with a password or a token (D-006, D-162, D-173)', async () => {
    const list = [SessionAuthentication, BasicAuthentication, TokenAuthentication];
    for (const credentials of [byPassword, byToken]) {
      const headers = {
        ...credentials,
        Cookie: 'csrftoken=abcdefghijklmnopqrstuvwxyzABCDEF',
        Origin: 'http://evil.example',
      };
      const answer = await ask({ authenticationClasses: list, permissionClasses: [IsAuthenticated] }, headers, 'POST');
      expect([answer.status, answer.json.user]).toEqual([200, 'ann']);
    }
  });
});

describe('the view that makes tokens', () => {
  const body = { username: 'ann', password: 'secret' };

  it('is mounted anywhere (S-081)', async () => {
    const routes = handle([path('/some/where', obtainAuthToken(settings))]);
    const answer = await call(routes, { method: 'POST', path: '/some/where', body });
    expect(answer.json).toEqual({ token: byToken.Authorization.slice('Token '.length) });
  });

  it('answers JSON whatever the settings say (S-084)', async () => {
    const pages = extendSettings(settings, { defaultRendererClasses: [StaticHTMLRenderer], defaultParserClasses: [] });
    const answer = await call(obtainAuthToken(pages), { method: 'POST', body });
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json']);
  });

  it('is throttled by a subclass (S-086)', async () => {
    class TwicePerMinute extends UserRateThrottle {
      override readonly rate = '2/min';
    }
    class Throttled extends ObtainAuthToken {
      static override throttleClasses: ThrottleClasses = [TwicePerMinute];
    }
    const view = Throttled.asView({ settings: extendSettings(settings, {}) });
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) statuses.push((await call(view, { method: 'POST', body })).status);
    expect(statuses).toEqual([200, 200, 429]);
  });
});

describe('a scheme of your own', () => {
  const robot = Object.assign(new User(), { id: 7, username: 'robot' });
  type Pair = readonly [User, string] | null | undefined;

  /** A scheme that answers as told, and counts. */
  function scheme(answer: (request: Request) => Awaitable<Pair>, challenge?: string) {
    const asked: Request[] = [];
    class Scripted extends BaseAuthentication<User, string> {
      override authenticate(request: Request): Awaitable<Pair> {
        asked.push(request);
        return answer(request);
      }
      override authenticateHeader(request: Request): string | null | undefined {
        return challenge ?? super.authenticateHeader(request);
      }
    }
    return { Class: Scripted, asked };
  }
  const refuse = (): never => {
    throw new AuthenticationFailed('No such robot.');
  };

  it('answers at once or later, with the user and what vouches for it (S-110, S-111)', async () => {
    for (const answer of [(): Pair => [robot, 'made'], async (): Promise<Pair> => [robot, 'made']]) {
      expect((await ask({ authenticationClasses: [scheme(answer).Class] })).json).toEqual({
        user: 'robot',
        auth: 'made',
      });
    }
  });

  it.each([[null], [undefined]])(
    'answers %p where it was not attempted, and the next one is asked (S-112, S-114)',
    async (nothing) => {
      const [first, second] = [scheme(() => nothing), scheme(() => [robot, 'made'])];
      const answer = await ask({ authenticationClasses: [first.Class, second.Class] });
      expect([answer.json.user, first.asked.length, second.asked.length]).toEqual(['robot', 1, 1]);
    },
  );

  it('throws where it was attempted and failed: that is the answer, and nobody else is asked (S-113, S-115, S-117)', async () => {
    const [first, second] = [scheme(refuse), scheme(() => [robot, 'made'])];
    const answer = await ask({ authenticationClasses: [first.Class, second.Class], permissionClasses: [AllowAny] });
    expect([answer.status, answer.json]).toEqual([403, { detail: 'No such robot.' }]);
    expect([answer.headers['www-authenticate'], second.asked.length]).toEqual([undefined, 0]);
  });

  it('may have a challenge, which makes it a 401 (S-116)', async () => {
    const { Class } = scheme(refuse, 'Custom realm="x"');
    const answer = await ask({ authenticationClasses: [Class] });
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Custom realm="x"']);
  });

  it('without one refuses strangers with 403 (S-117)', async () => {
    const { Class } = scheme(() => null);
    const answer = await ask({ authenticationClasses: [Class], permissionClasses: [IsAuthenticated] });
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([403, undefined]);
  });

  it('reads headers, also from META, where those of clients have a prefix (S-014, S-120)', async () => {
    const { Class, asked } = scheme(() => null);
    await ask({ authenticationClasses: [Class] }, { 'X-Username': 'ann' });
    const [{ headers, META } = {} as Request] = asked;
    expect([headers.get('x-username'), META['HTTP_X_USERNAME'], META['X_USERNAME']]).toEqual(['ann', 'ann', undefined]);
  });

  it('may believe a name: the example with X-Username (S-119)', async () => {
    const { Class } = scheme(async (request) => {
      const username = request.headers.get('X-USERNAME');
      if (username === null) return null;
      const user = await users.getByNaturalKey(username);
      if (user === null) throw new AuthenticationFailed('No such user');
      return [user, 'by name'];
    });
    const by = (headers: object): Promise<Answer> => ask({ authenticationClasses: [Class] }, headers);
    expect((await by({})).json.user).toBe('AnonymousUser');
    expect((await by({ 'X-Username': 'ann' })).json.user).toBe('ann');
    const refused = await by({ 'X-Username': 'eve' });
    expect([refused.status, refused.text]).toEqual([403, '{"detail":"No such user"}']);
  });

  it('may share a secret: the example with X-Custom-Token (S-121)', async () => {
    const { Class } = scheme((request) => {
      if (request.headers.get('X-Custom-Token') === 'mysecrettoken') return [robot, 'secret'];
      throw new AuthenticationFailed('Invalid or missing token.');
    });
    const by = (headers: object): Promise<Answer> => ask({ authenticationClasses: [Class] }, headers);
    expect((await by({ 'x-custom-TOKEN': 'mysecrettoken' })).json.user).toBe('robot');
    for (const headers of [{}, { 'X-Custom-Token': 'wrong' }]) {
      expect((await by(headers)).text).toBe('{"detail":"Invalid or missing token."}');
    }
  });
});
