import { MikroORM } from '@mikro-orm/postgresql';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AcceptHeaderVersioning,
  AddressRateThrottle,
  AllowAny,
  and,
  APIView,
  authtoken,
  BaseAuthentication,
  BasePermission,
  BasicAuthentication,
  defineSettings,
  formatSuffixPatterns,
  Http404,
  IsAdminUser,
  IsAuthenticated,
  MemoryCache,
  not,
  or,
  path,
  PermissionDenied,
  Response,
  session,
  SessionAuthentication,
  TokenAuthentication,
  User,
  UserRateThrottle,
} from 'sallyport';
import type { Policies, Request, Settings, SettingsInput, Throttle } from 'sallyport';
import {
  APIClient,
  fastPasswordHashers,
  MemorySessionStore,
  MemoryTokenStore,
  MemoryUserStore,
} from 'sallyport/testing';
import { migrate, unitOfWork, UserSchema, userStore } from 'sallyport/mikro-orm';
import { join } from 'node:path';
import { explain, type Explanation, type Question } from '../../src/cli/explanation';
import { createDatabase, type TestDatabase } from '../support/database';
import { build, fixtures, sallyport } from './sallyport';

const users = new MemoryUserStore({ hashers: fastPasswordHashers });
beforeAll(async () => {
  await users.createUser({ username: 'ann', password: 'correct horse' });
  await users.createUser({ username: 'root', password: null, isStaff: true });
  await users.createUser({ username: 'gone', password: null, isActive: false });
});

function settings(options: SettingsInput = {}): Settings {
  return defineSettings(
    {
      defaultAuthenticationClasses: [TokenAuthentication, BasicAuthentication],
      defaultPermissionClasses: [IsAuthenticated],
      users,
      ...options,
    },
    authtoken({ store: new MemoryTokenStore() }),
    session({ store: new MemorySessionStore(), secretKey: 'secret' }),
  );
}

class Notes extends APIView {
  static override settings = settings();
  override get(): Response {
    throw new Error('The handler must not run.');
  }
}

type Asked = Partial<Question> & { readonly as?: string };

/** Explains a request to a view at `/notes`, of which some statics are overridden. */
async function ask(
  statics: Partial<Policies> & { settings?: Settings },
  { as, ...asked }: Asked = {},
  view: typeof Notes = Notes,
): Promise<Explanation> {
  const findUser = as === undefined ? undefined : async () => (await users.getByNaturalKey(as))!;
  const question = { method: 'GET', url: '/notes', findUser, ...asked };
  return (await explain([path('/notes', view.asView(statics))], question))!;
}

/** The steps as short lines. */
const lines = ({ steps }: Explanation): string[] =>
  steps.map(({ phase, policy, outcome }) => `${phase}: ${policy} ${outcome}`);

describe('the route', () => {
  const list = Notes.asView();
  const routes = [
    path('/v1', [...formatSuffixPatterns([path('/notes', list, { name: 'list' })]), path('/notes/<int:pk>', list)], {
      namespace: 'v1',
    }),
    path('/health', () => Promise.resolve()),
  ];
  const find = (url: string): Promise<Explanation | null> => explain(routes, { method: 'GET', url });

  it('is the one that a server would choose, with its pattern and full name', async () => {
    expect(await find('/v1/notes?x=1')).toMatchObject({ pattern: '/v1/notes', name: 'v1:list', view: 'Notes' });
    expect(await find('/v1/notes.json')).toMatchObject({ pattern: '/v1/notes.<format>', name: 'v1:list' });
    expect(await find('/v1/notes/7')).toMatchObject({ pattern: '/v1/notes/<int:pk>', name: null });
    expect(await find('/v1/notes/x')).toBeNull();
  });

  it('may lead to a handler of which nothing is known', async () => {
    expect(await find('/health')).toMatchObject({
      status: null,
      steps: [],
      reasons: ['The handler is no view, so nobody knows what it does.'],
    });
  });

  it('may be written with letters that a URL holds encoded', async () => {
    const seen: unknown[] = [];
    class Named extends Notes {
      override setup(...[raw, params]: Parameters<APIView['setup']>): void {
        seen.push(params, raw.url);
        super.setup(raw, params);
      }
    }
    await explain([path('/<name>', Named.asView())], { method: 'GET', url: '/é%20x' });
    expect(seen).toEqual([{ name: 'é x' }, '/%C3%A9%20x']);
  });

  it('is known to what the view asks on its way, and so are host and scheme', async () => {
    const seen: unknown[] = [];
    class Asking extends BasePermission {
      override hasPermission(request: Request): boolean {
        seen.push(request.buildAbsoluteUri());
        return true;
      }
    }
    await ask({ permissionClasses: [Asking] }, { url: 'https://api.example.com/notes?x=1' });
    await ask({ permissionClasses: [Asking] });
    expect(seen).toEqual(['https://api.example.com/notes?x=1', 'http://localhost/notes']);
  });
});

describe('a request that is refused', () => {
  it('is 401 where the first authenticator has a challenge, and the explanation says so', async () => {
    const explanation = await ask({});
    expect(explanation).toMatchObject({
      user: 'anonymous',
      status: 401,
      decidedBy: 'IsAuthenticated',
      allow: ['GET', 'HEAD', 'OPTIONS'],
      reasons: [
        'IsAuthenticated refuses.',
        'It is 401 and not 403, for TokenAuthentication, the first authenticator, has a challenge: Token.',
      ],
    });
    expect(lines(explanation)).toEqual([
      'negotiation: DefaultContentNegotiation JSONRenderer writes application/json',
      'authentication: TokenAuthentication recognises nobody',
      'authentication: BasicAuthentication recognises nobody',
      'permission: IsAuthenticated refuses',
    ]);
  });

  it.each<[string, Partial<Policies> & { settings?: Settings }, number, string]>([
    [
      'the first authenticator has no challenge',
      { authenticationClasses: [SessionAuthentication, BasicAuthentication] },
      403,
      "It is 403 and not 401, for SessionAuthentication, the first authenticator, has no challenge. With BasicAuthentication first, or challengePolicy: 'all', it would be 401.",
    ],
    [
      'no other has one either',
      { authenticationClasses: [SessionAuthentication] },
      403,
      'It is 403 and not 401, for SessionAuthentication, the first authenticator, has no challenge.',
    ],
    [
      'every challenge counts',
      {
        authenticationClasses: [SessionAuthentication, BasicAuthentication],
        settings: settings({ challengePolicy: 'all' }),
      },
      401,
      'It is 401 and not 403, for there are challenges: Basic realm="api".',
    ],
    [
      'every challenge counts, and there is none',
      { authenticationClasses: [SessionAuthentication], settings: settings({ challengePolicy: 'all' }) },
      403,
      'It is 403 and not 401, for no authenticator has a challenge.',
    ],
    [
      'nobody could log in',
      { authenticationClasses: [] },
      403,
      'It is 403 and not 401, for the view has no authenticators: nobody could log in.',
    ],
  ])('is 401 or 403 for a reason: %s', async (_name, statics, status, reason) => {
    expect(await ask(statics)).toMatchObject({ status, reasons: ['IsAuthenticated refuses.', reason] });
  });

  it('is 403 for somebody who is known', async () => {
    expect(await ask({ permissionClasses: [IsAdminUser] }, { as: 'ann' })).toMatchObject({
      user: 'ann',
      status: 403,
      decidedBy: 'IsAdminUser',
      reasons: ['IsAdminUser refuses.', 'It is 403 and not 401, for it is known who asks: ann.'],
    });
  });

  it('is refused by the authenticator of wrong credentials, which are not told', async () => {
    const headers = { authorization: `Basic ${Buffer.from('ann:guess').toString('base64')}` };
    const explanation = await ask({}, { headers });
    expect(explanation).toMatchObject({
      user: 'anonymous',
      status: 401,
      decidedBy: 'BasicAuthentication',
      reasons: [
        'BasicAuthentication refuses: Invalid username/password.',
        'It is 401 and not 403, for TokenAuthentication, the first authenticator, has a challenge: Token.',
      ],
    });
    expect(JSON.stringify(explanation)).not.toContain(headers.authorization);
  });

  it('is refused for its method, after all that comes before', async () => {
    const explanation = await ask({}, { method: 'DELETE', as: 'ann' });
    expect(explanation).toMatchObject({
      status: 405,
      decidedBy: 'Notes',
      reasons: ['Notes refuses: Method "DELETE" not allowed.', 'The view answers GET, HEAD, OPTIONS.'],
    });
  });

  it('is refused where OPTIONS has nothing to tell', async () => {
    const question = { method: 'OPTIONS', as: 'ann' };
    expect(await ask({ metadataClass: null }, question)).toMatchObject({ status: 405 });
    expect(await ask({}, question)).toMatchObject({ status: null });
  });

  it('is refused for what the client would read, or for its version', async () => {
    expect(await ask({}, { headers: { accept: 'text/csv' } })).toMatchObject({
      user: null,
      status: 406,
      decidedBy: 'DefaultContentNegotiation',
    });
    const versions = {
      versioningClass: AcceptHeaderVersioning,
      settings: settings({ allowedVersions: ['1'], defaultVersion: '1' }),
    };
    expect(await ask(versions, { headers: { accept: 'application/json; version=2' } })).toMatchObject({
      status: 406,
      decidedBy: 'AcceptHeaderVersioning',
    });
    expect(lines(await ask(versions))).toContain('version: AcceptHeaderVersioning 1');
  });

  it('is refused by code of the view itself', async () => {
    class Closed extends Notes {
      override checkPermissions(): void {
        throw new PermissionDenied('Closed on Sundays.');
      }
    }
    class Hidden extends Notes {
      override initial(): void {
        throw new Http404();
      }
    }
    expect(await ask({}, {}, Closed)).toMatchObject({
      status: 403,
      decidedBy: null,
      reasons: ['Code of the view refuses: Closed on Sundays.'],
    });
    expect(await ask({}, {}, Hidden)).toMatchObject({ status: 404, decidedBy: null });
  });

  it('fails where a policy is broken, and names it', async () => {
    class Broken extends BaseAuthentication {
      override async authenticate(): Promise<null> {
        throw new RangeError('out of order');
      }
    }
    expect(await ask({ authenticationClasses: [Broken] })).toMatchObject({
      status: 500,
      decidedBy: 'Broken',
      reasons: [
        'Broken fails: RangeError: out of order.',
        'No exception handler knows this error, so it goes to the host.',
      ],
    });
  });
});

describe('a request that passes', () => {
  it('reaches the handler, which does not run', async () => {
    const explanation = await ask({}, { as: 'ann' });
    expect(explanation).toMatchObject({ user: 'ann', status: null, decidedBy: null, reasons: ['Nobody refuses.'] });
    expect(lines(explanation)).toEqual([
      'negotiation: DefaultContentNegotiation JSONRenderer writes application/json',
      'authentication: TokenAuthentication not asked, for the user is given',
      'authentication: BasicAuthentication not asked, for the user is given',
      'permission: IsAuthenticated allows',
      'method: Notes answers GET',
    ]);
  });

  it('passes with credentials of its own', async () => {
    const headers = { authorization: `Basic ${Buffer.from('ann:correct horse').toString('base64')}` };
    const explanation = await ask({}, { headers });
    expect(explanation).toMatchObject({ user: 'ann', status: null });
    expect(lines(explanation)).toContain('authentication: BasicAuthentication recognises ann');
  });

  it('is told who looks at objects too', async () => {
    class IsOwner extends BasePermission {
      override hasObjectPermission(): boolean {
        return false;
      }
    }
    const { reasons } = await ask(
      { permissionClasses: [and(IsAuthenticated, or(IsOwner, not(IsOwner)))] },
      { as: 'ann' },
    );
    expect(reasons).toEqual(['Nobody refuses.', 'Each object that the view checks is shown to IsOwner as well.']);
  });

  it('would not pass in the name of somebody whom no scheme lets in', async () => {
    const { reasons } = await ask({}, { as: 'gone' });
    expect(reasons).toEqual(['Nobody refuses.', 'But gone is inactive, and no scheme lets them in.']);
  });

  it('is asked in the order of a lazy view', async () => {
    const explanation = await ask({
      settings: settings({ authenticationMode: 'lazy' }),
      permissionClasses: [AllowAny],
    });
    expect(explanation).toMatchObject({ user: null, status: null });
    expect(lines(explanation).map((line) => line.split(' ')[1])).toEqual([
      'DefaultContentNegotiation',
      'AllowAny',
      'Notes',
    ]);
  });
});

describe('a composed permission', () => {
  class NeedsUser extends BasePermission {
    override hasPermission(request: Request): boolean {
      return (request.user as { username: string }).username.startsWith('r');
    }
  }
  const composed = and(IsAuthenticated, or(IsAdminUser, NeedsUser));

  it('is told part by part, no further than it is asked, and the part that refuses decides', async () => {
    const explanation = await ask({ permissionClasses: [composed] });
    expect(explanation.decidedBy).toBe('IsAuthenticated');
    expect(explanation.steps.at(-1)).toMatchObject({
      policy: 'and(IsAuthenticated, or(IsAdminUser, NeedsUser))',
      outcome: 'refuses',
      parts: [{ policy: 'IsAuthenticated', outcome: 'refuses' }],
    });
  });

  it('decides itself where none of its parts does alone', async () => {
    const explanation = await ask({ permissionClasses: [composed] }, { as: 'ann' });
    expect(explanation.decidedBy).toBe('or(IsAdminUser, NeedsUser)');
    expect(explanation.steps.at(-1)!.parts).toMatchObject([
      { policy: 'IsAuthenticated', outcome: 'allows' },
      { outcome: 'refuses', parts: [{ policy: 'IsAdminUser' }, { policy: 'NeedsUser', outcome: 'refuses' }] },
    ]);
    const opposite = await ask({ permissionClasses: [not(IsAuthenticated)] }, { as: 'ann' });
    expect(opposite).toMatchObject({ status: 403, decidedBy: 'not(IsAuthenticated)' });
  });

  it('allows with the first part that allows', async () => {
    const { steps, status } = await ask({ permissionClasses: [composed] }, { as: 'root' });
    expect(status).toBeNull();
    const permission = steps.find(({ phase }) => phase === 'permission');
    expect(permission!.parts![1]!.parts).toMatchObject([{ policy: 'IsAdminUser', outcome: 'allows' }]);
  });

  it('names the part that fails', async () => {
    const explanation = await ask({
      permissionClasses: [or(NeedsUser, IsAdminUser)],
      settings: settings({ unauthenticatedUser: null }),
    });
    expect(explanation).toMatchObject({ status: 500, decidedBy: 'NeedsUser' });
    expect(explanation.steps.at(-1)!.parts).toHaveLength(1);
  });
});

describe('throttles', () => {
  const rates = { user: '1/min', address: '2/h' };

  it('are asked, and nothing is counted', async () => {
    const cache = new MemoryCache();
    const inForce = settings({ cache, defaultThrottleRates: rates });
    const statics = {
      settings: inForce,
      throttleClasses: [UserRateThrottle],
      preAuthThrottleClasses: [AddressRateThrottle],
    };
    for (let i = 0; i < 3; i++) {
      const explanation = await ask(statics, { as: 'ann' });
      expect(explanation.status).toBeNull();
      expect(lines(explanation)).toEqual(
        expect.arrayContaining([
          'early throttle: AddressRateThrottle counts it as throttle_address_127.0.0.1, 2/h at most',
          'throttle: UserRateThrottle counts it as throttle_user_1, 1/min at most',
        ]),
      );
    }
    expect(cache.size).toBe(0);
  });

  it('may refuse everybody, or count only some', async () => {
    class Never extends UserRateThrottle {
      override rate = '0/s';
    }
    class Sometimes extends UserRateThrottle {
      override getCacheKey(): null {
        return null;
      }
    }
    const statics = { settings: settings({ defaultThrottleRates: rates }), throttleClasses: [Sometimes, Never] };
    const explanation = await ask(statics, { as: 'ann' });
    expect(explanation).toMatchObject({ status: 429, decidedBy: 'Never', reasons: ['Never refuses.'] });
    expect(lines(explanation)).toContain("throttle: Sometimes doesn't count the request");
  });

  it('that count where they like are not asked', async () => {
    let asked = 0;
    class Own implements Throttle {
      allowRequest(): boolean {
        asked++;
        return false;
      }
    }
    const explanation = await ask({ throttleClasses: [Own] }, { as: 'ann' });
    expect(explanation.status).toBeNull();
    expect(lines(explanation)).toContain('throttle: Own not asked, for it would count the request');
    expect(asked).toBe(0);
  });
});

describe('the unit of work of the app', () => {
  it('surrounds it, the search for the user too, and is told to undo', async () => {
    const log: unknown[] = [];
    const inForce = settings({
      aroundDispatch: async (_raw, run) => {
        log.push('begin');
        const answer = await run();
        log.push(answer);
        return answer;
      },
    });
    const findUser = async (given: Settings) => {
      log.push(given === inForce);
      return (await users.getByNaturalKey('ann'))!;
    };
    expect(await ask({ settings: inForce }, { findUser })).toMatchObject({ user: 'ann', status: null });
    expect(log).toEqual(['begin', true, expect.objectContaining({ exception: true })]);
  });

  it('that never runs the view is named', async () => {
    const inForce = settings({ aroundDispatch: async () => new Response('closed') });
    await expect(ask({ settings: inForce })).rejects.toThrow('The setting aroundDispatch answers the request itself.');
  });
});

describe('an app on PostgreSQL', () => {
  let database: TestDatabase;
  let orm: MikroORM;
  beforeAll(async () => {
    database = await createDatabase();
    orm = await MikroORM.init({ clientUrl: database.url, entities: [UserSchema] });
    await migrate(orm);
    await userStore(orm).createUser({ username: 'ann', password: null });
  }, 60_000);
  afterAll(async () => {
    await orm.close(true);
    await database.drop();
  });

  it('has its policies ask the entity manager of the request, and what they write undone', async () => {
    class Promoting extends BasePermission {
      override async hasPermission(request: Request<User>): Promise<boolean> {
        const user = request.user as User;
        user.isStaff = true;
        await orm.em.flush();
        return (await orm.em.count(User, { isStaff: true })) === 1;
      }
    }
    const users = userStore(orm);
    const inForce = settings({ users, aroundDispatch: unitOfWork(orm, { atomicRequests: true }) });
    const findUser = async (): Promise<User> => (await users.getByNaturalKey('ann'))!;
    const explanation = await ask({ settings: inForce, permissionClasses: [Promoting] }, { findUser });
    expect(explanation).toMatchObject({ user: 'ann', status: null });
    expect(await users.getByNaturalKey('ann')).toMatchObject({ isStaff: false });
  });
});

describe('what is explained', () => {
  it.each<[string, Partial<Policies>, Record<string, string>]>([
    ['without credentials', {}, {}],
    ['without a challenge', { authenticationClasses: [SessionAuthentication, TokenAuthentication] }, {}],
    ['with a wrong token', {}, { authorization: 'Token wrong' }],
    ['with another permission', { permissionClasses: [IsAdminUser] }, {}],
    ['with nothing acceptable', {}, { accept: 'text/csv' }],
  ])('is what a server answers: %s', async (_name, statics, headers) => {
    const { status } = await ask(statics, { headers });
    const served = await new APIClient(Notes.asView(statics)).get('/notes', undefined, { headers });
    expect(status).toBe(served.status);
  });
});

describe('sallyport explain', () => {
  beforeAll(build, 60_000);
  const cwd = join(fixtures, 'app');

  it('prints the explanation for people', async () => {
    expect(await sallyport(['explain', 'get', '/api/notes/7'], { cwd })).toEqual({
      status: 0,
      stderr: '',
      stdout: `GET /api/notes/7: 401 Unauthorized
  route  /api/notes/<int:pk>  v1:note
  view   Notes: GET, HEAD, OPTIONS
  user   anonymous

  negotiation     DefaultContentNegotiation                            JSONRenderer writes application/json
  authentication  TokenAuthentication                                  recognises nobody
  authentication  BasicAuthentication                                  recognises nobody
  permission      and(IsAuthenticated, or(IsOwner, not(IsAdminUser)))  refuses
                    IsAuthenticated                                    refuses

IsAuthenticated refuses.
It is 401 and not 403, for TokenAuthentication, the first authenticator, has a challenge: Token.
`,
    });
  });

  it('prints it for programs, of a request in the name of a user', async () => {
    const { status, stdout } = await sallyport(['explain', 'GET', '/api/notes/7', '--as', 'ann', '--json'], { cwd });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ user: 'ann', status: null, pattern: '/api/notes/<int:pk>' });
  });

  it('sends headers, as curl does', async () => {
    const args = ['explain', 'GET', '/staff', '-H', 'Authorization: Token wrong', '--header', 'X-Other:'];
    const { stdout } = await sallyport(args, { cwd });
    expect(stdout).toContain('TokenAuthentication refuses: Invalid token.\n');
  });

  it.each([
    [['explain', 'GET', '/nothing'], 1, 'CommandError: No route matches /nothing.\n'],
    [['explain', 'GET', '/staff', '--as', 'bob'], 1, "CommandError: user 'bob' does not exist\n"],
    [
      ['explain', 'GET', '/staff', '-H', 'odd'],
      2,
      "error: option '-H, --header <line>' argument 'odd' is invalid. Write 'Name: value'.\n",
    ],
  ])('says what it lacks: %p', async (args, status, stderr) => {
    expect(await sallyport(args, { cwd })).toEqual({ status, stdout: '', stderr });
  });

  it('finds nobody where there is no table of users', async () => {
    const { stderr } = await sallyport(['explain', 'GET', '/ping', '--as', 'ann'], { cwd: join(fixtures, 'sound') });
    expect(stderr).toBe('CommandError: The settings of the view have no `users` to find anybody in.\n');
  });
});
