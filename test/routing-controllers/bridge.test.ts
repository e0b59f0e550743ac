import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { IsEmail, IsString, ValidateNested } from 'class-validator';
import { Type } from 'class-transformer';
import express from 'express';
import {
  Authorized,
  BadRequestError,
  Body,
  CurrentUser,
  Get,
  HttpError,
  InternalServerError,
  JsonController,
  NotFoundError,
  Param,
  Post,
  QueryParam,
  UnauthorizedError,
  useExpressServer,
} from 'routing-controllers';
import type { RoutingControllersOptions } from 'routing-controllers';
import {
  AnonRateThrottle,
  APIView,
  BaseAuthentication,
  BasePermission,
  BasicAuthentication,
  defineSettings,
  DisallowedHost,
  FailedLoginThrottle,
  getSession,
  IsAuthenticated,
  NotAuthenticated,
  NotFound,
  onResponse,
  permissionClasses,
  ValidationError,
} from 'sallyport';
import type { Handler, HostResponse, Request, SettingsInput, User } from 'sallyport';
import { apiView, createBridge, currentView } from 'sallyport/routing-controllers';
import type { BridgeOptions } from 'sallyport/routing-controllers';
import { fastPasswordHashers, MemoryUserStore } from 'sallyport/testing';
import { call, errorLog, serve } from '../support/server';
import { cookiesOf, World } from '../support/sessions';

const users = new MemoryUserStore({ hashers: fastPasswordHashers });
const ready = Promise.all([
  users.createUser({ username: 'ann', password: 'secret' }),
  users.createUser({ username: 'root', password: 'secret', isStaff: true }),
]);
const basic = (name: string): { Authorization: string } => ({
  Authorization: `Basic ${Buffer.from(`${name}:secret`).toString('base64')}`,
});
const { logger } = errorLog();

let lookUps = 0;
class CountingAuthentication extends BasicAuthentication {
  override authenticate(request: Request): ReturnType<BasicAuthentication['authenticate']> {
    lookUps++;
    return super.authenticate(request);
  }
}

const settingsOf = (options: SettingsInput = {}): typeof APIView.settings =>
  defineSettings({ users, logger, defaultAuthenticationClasses: [CountingAuthentication], ...options });

abstract class AppView extends APIView<User> {
  static override settings = settingsOf();
}

const nameOf = (user: User | null | undefined): string | null => user?.username ?? null;

@JsonController('/notes')
class Notes {
  @Get('/open')
  open(): string {
    return 'open';
  }

  @Get('/who')
  who(@CurrentUser() user: User | null, @CurrentUser() again: User | null): (string | null)[] {
    return [nameOf(user), nameOf(again)];
  }

  @Get('/required')
  required(@CurrentUser({ required: true }) user: User): string | null {
    return nameOf(user);
  }

  @Get('/authorized')
  @Authorized()
  authorized(@CurrentUser() user: User, @currentView() view: AppView): unknown[] {
    return [nameOf(user), nameOf(view.request.user as User), view.request.raw.user === user];
  }

  @Get('/staff')
  @Authorized(['staff'])
  staff(): string {
    return 'staff';
  }

  @Get('/guarded')
  @Authorized('staff')
  @apiView(['GET'], { extends: AppView })
  @permissionClasses([IsAuthenticated])
  guarded(@CurrentUser() user: User, @currentView() view: AppView): unknown[] {
    return [nameOf(user), view.request.user === user];
  }
}

interface AppOptions extends BridgeOptions<User> {
  readonly controllers?: RoutingControllersOptions['controllers'];
  readonly rest?: RoutingControllersOptions;
}

function appOf(
  { controllers = [Notes], rest, ...options }: AppOptions = {},
  onError?: (error: unknown) => void,
): Handler {
  const app = express();
  const bridge = createBridge<User>({
    extends: AppView,
    hasRoles: (user, roles) => roles.includes('staff') && user.isStaff,
    ...options,
  });
  useExpressServer(app, { controllers: controllers as never, ...bridge, ...rest });
  app.use(((error: unknown, _request, response, next) => {
    onError?.(error);
    if (response.headersSent) next();
    else response.status(500).end('by Express');
  }) as express.ErrorRequestHandler);
  return app as unknown as Handler;
}

const NOT_AUTHENTICATED = { detail: 'Authentication credentials were not provided.' };
const NOT_ALLOWED = { detail: 'You do not have permission to perform this action.' };
const challenge = 'Basic realm="api"';

describe('@Authorized', () => {
  it('lets users in', async () => {
    await ready;
    const answer = await call(appOf(), { path: '/notes/authorized', headers: basic('ann') });
    expect([answer.status, answer.json]).toEqual([200, ['ann', 'ann', true]]);
  });

  it('refuses nobody in particular with a challenge, and no word of the machinery', async () => {
    for (const development of [true, false]) {
      const answer = await call(appOf({ rest: { development } }), { path: '/notes/authorized' });
      expect([answer.status, answer.json, answer.headers['www-authenticate']]).toEqual([
        401,
        NOT_AUTHENTICATED,
        challenge,
      ]);
      expect([answer.headers['content-type'], answer.headers.allow]).toEqual(['application/json', undefined]);
    }
  });

  it('refuses wrong credentials with a challenge', async () => {
    const answer = await call(appOf(), { path: '/notes/authorized', headers: { Authorization: 'Basic YW5uOnk=' } });
    expect([answer.status, answer.json]).toEqual([401, { detail: 'Invalid username/password.' }]);
    expect(answer.headers['www-authenticate']).toBe(challenge);
  });

  it('wants a user, even where the policies let everybody in', async () => {
    const answer = await call(appOf({ permissionClasses: [] }), { path: '/notes/authorized' });
    expect(answer.status).toBe(401);
    const nobody = await call(appOf({ authenticationClasses: [] }), { path: '/notes/authorized' });
    expect([nobody.status, nobody.json]).toEqual([403, NOT_ALLOWED]);
  });

  it('asks for roles', async () => {
    await ready;
    const server = await serve(appOf());
    expect((await server.request({ path: '/notes/staff', headers: basic('root') })).json).toBe('staff');
    const refused = await server.request({ path: '/notes/staff', headers: basic('ann') });
    expect([refused.status, refused.json]).toEqual([403, NOT_ALLOWED]);
    expect((await server.request({ path: '/notes/staff' })).status).toBe(401);
    await server.close();
  });

  it('asks for the roles of the controller and of the method in one', async () => {
    await ready;
    const asked: unknown[] = [];
    @JsonController('/roles')
    @Authorized('a')
    class Roles {
      @Get('/')
      @Authorized(['b', 'c'])
      get(): string {
        return 'ok';
      }
    }
    const hasRoles = async (user: User, roles: readonly unknown[], request: Request<User>): Promise<boolean> => {
      asked.push(user.username, roles, request.method);
      return true;
    };
    const answer = await call(appOf({ controllers: [Roles], hasRoles }), { path: '/roles', headers: basic('ann') });
    expect([answer.json, asked]).toEqual(['ok', ['ann', ['a', 'b', 'c'], 'GET']]);
  });

  it('refuses where a role is asked for and nobody says who has it', async () => {
    await ready;
    const errors: unknown[] = [];
    const bridge = createBridge({ extends: AppView });
    const app = express();
    useExpressServer(app, { controllers: [Notes], ...bridge });
    app.use(((error: unknown, _request, response, _next) => {
      errors.push(error);
      response.status(500).end();
    }) as express.ErrorRequestHandler);
    const send = { path: '/notes/staff', headers: basic('root') };
    expect((await call(app as unknown as Handler, send)).status).toBe(500);
    expect(errors).toMatchObject([
      { name: 'ImproperlyConfigured', message: expect.stringContaining('hasRoles') as unknown },
    ]);
  });

  it('asks the policies, throttles among them', async () => {
    await ready;
    class NotOnMondays extends BasePermission {
      readonly message = 'Not on Mondays.';
      override hasPermission(request: Request): boolean {
        return !request.queryParams.has('monday');
      }
    }
    const app = appOf({
      permissionClasses: [NotOnMondays],
      throttleClasses: [AnonRateThrottle],
      settings: settingsOf({ defaultThrottleRates: { anon: '1/h' } }),
    });
    const server = await serve(app);
    const monday = await server.request({ path: '/notes/authorized?monday', headers: basic('ann') });
    expect([monday.status, monday.json]).toEqual([403, { detail: 'Not on Mondays.' }]);
    const anonymous = async (): Promise<number> => (await server.request({ path: '/notes/authorized' })).status;
    expect([await anonymous(), await anonymous()]).toEqual([401, 429]);
    await server.close();
  });

  it('answers 403 where the first scheme has no challenge', async () => {
    class Silent extends BaseAuthentication {
      override authenticate(): null {
        return null;
      }
    }
    const app = appOf({ authenticationClasses: [Silent, BasicAuthentication] });
    const answer = await call(app, { path: '/notes/authorized' });
    expect([answer.status, answer.json, answer.headers['www-authenticate']]).toEqual([
      403,
      NOT_AUTHENTICATED,
      undefined,
    ]);
  });

  it('answers so with the checkers alone, under the error handler of routing-controllers', async () => {
    const { authorizationChecker, currentUserChecker } = createBridge({ extends: AppView });
    const app = express();
    useExpressServer(app, { controllers: [Notes], authorizationChecker, currentUserChecker, development: true });
    for (const [path, headers] of [
      ['/notes/authorized', {}],
      ['/notes/who', { Authorization: 'Basic YW5uOnk=' }],
    ] as const) {
      const answer = await call(app as unknown as Handler, { path, headers });
      expect([answer.status, Object.keys(answer.json as object)]).toEqual([401, ['detail']]);
      expect(answer.headers['www-authenticate']).toBe(challenge);
    }
  });

  it('passes errors of the policies on', async () => {
    class Buggy extends BasePermission {
      override hasPermission(): boolean {
        throw new Error('bug');
      }
    }
    const errors: unknown[] = [];
    const app = appOf({ permissionClasses: [Buggy] }, (error) => errors.push(error));
    const answer = await call(app, { path: '/notes/authorized', headers: basic('ann') });
    expect([answer.status, errors]).toEqual([500, [new Error('bug')]]);
  });
});

describe('@CurrentUser', () => {
  it('is the user, or nobody', async () => {
    await ready;
    expect((await call(appOf(), { path: '/notes/who', headers: basic('ann') })).json).toEqual(['ann', 'ann']);
    expect((await call(appOf(), { path: '/notes/who' })).json).toEqual([null, null]);
  });

  it('that is required refuses nobody in particular as a view does', async () => {
    await ready;
    expect((await call(appOf(), { path: '/notes/required', headers: basic('ann') })).json).toBe('ann');
    const answer = await call(appOf({ rest: { development: true } }), { path: '/notes/required?secret=1' });
    expect([answer.status, answer.json, answer.headers['www-authenticate']]).toEqual([
      401,
      NOT_AUTHENTICATED,
      challenge,
    ]);
  });

  it('refuses wrong credentials', async () => {
    const answer = await call(appOf(), { path: '/notes/who', headers: { Authorization: 'Basic YW5uOnk=' } });
    expect([answer.status, answer.json]).toEqual([401, { detail: 'Invalid username/password.' }]);
  });

  it('limits guesses before a password is looked at, and gives back what was none', async () => {
    await ready;
    const server = await serve(
      appOf({
        preAuthThrottleClasses: [FailedLoginThrottle],
        settings: settingsOf({ defaultThrottleRates: { failed_login: '2/h' } }),
      }),
    );
    const ask = async (headers: { Authorization: string }): Promise<number> =>
      (await server.request({ path: '/notes/who', headers })).status;
    const guess = { Authorization: `Basic ${Buffer.from('ann:guess').toString('base64')}` };
    for (let i = 0; i < 3; i++) expect(await ask(basic('ann'))).toBe(200);
    expect([await ask(guess), await ask(guess)]).toEqual([401, 401]);
    lookUps = 0;
    expect([await ask(guess), await ask(basic('ann')), lookUps]).toEqual([429, 429, 0]);
    await server.close();
  });

  it('reports a bug of an authenticator, and never takes it for nobody', async () => {
    class Buggy extends BasicAuthentication {
      override authenticate(): never {
        throw new TypeError('bug');
      }
    }
    const errors: unknown[] = [];
    const app = appOf({ authenticationClasses: [Buggy] }, (error) => errors.push(error));
    expect((await call(app, { path: '/notes/who' })).status).toBe(500);
    expect(errors).toMatchObject([{ name: 'WrappedAttributeError' }]);
  });
});

describe('one request', () => {
  it.each(['/notes/who', '/notes/authorized', '/notes/guarded'])('is authenticated once: %s', async (path) => {
    await ready;
    lookUps = 0;
    const answer = await call(appOf(), { path, headers: basic('root') });
    expect([answer.status, lookUps]).toEqual([200, 1]);
  });

  it('is not authenticated where nobody asks', async () => {
    lookUps = 0;
    expect((await call(appOf(), { path: '/notes/open', headers: basic('ann') })).json).toBe('open');
    expect(lookUps).toBe(0);
  });

  it('to a guarded method has to pass the policies of both, and counts once', async () => {
    await ready;
    const server = await serve(
      appOf({ throttleClasses: [AnonRateThrottle], settings: settingsOf({ defaultThrottleRates: { anon: '1/h' } }) }),
    );
    const allowed = await server.request({ path: '/notes/guarded', headers: basic('root') });
    expect(allowed.json).toEqual(['root', true]);
    expect((await server.request({ path: '/notes/guarded', headers: basic('ann') })).status).toBe(403);
    for (let i = 0; i < 2; i++) expect((await server.request({ path: '/notes/guarded' })).status).toBe(401);
    await server.close();
  });
});

class Address {
  @IsString() city!: string;
}
class Input {
  @IsEmail() email!: string;
  @ValidateNested() @Type(() => Address) address!: Address;
}

describe('errors', () => {
  const failures: Record<string, () => unknown> = {
    notFound: () => new NotFound(),
    fields: () => new ValidationError({ title: ['Taken.'] }),
    notAuthenticated: () => new NotAuthenticated(),
    rcUnauthorized: () => new UnauthorizedError('Log in first.'),
    rcNotFound: () => new NotFoundError(),
    rcBadRequest: () => new BadRequestError('No.'),
    rcBadRequestWithout: () => new BadRequestError(),
    rcTeapot: () => new HttpError(418, 'Short and stout.'),
    rcTeapotWithout: () => new HttpError(418),
    rcOddErrors: () => Object.assign(new BadRequestError('Odd.'), { errors: ['a'] }),
    exposed: () => Object.assign(new Error('Too old.'), { status: 410, expose: true }),
    rcServer: () => new InternalServerError('password=hunter2'),
    hidden: () => new DisallowedHost('The host is evil.'),
    unknown: () => new Error('bug'),
    text: () => new Error('What was thrown is no error; it stands in the cause.'),
  };
  @JsonController('/errors')
  class Errors {
    @Get('/undefined')
    nothing(): void {
      // Routing-controllers answers 404 to that.
    }
    @Get('/query')
    query(@QueryParam('page', { required: true }) page: number): number {
      return page;
    }
    @Get('/:name')
    get(@Param('name') name: string): never {
      throw name === 'text' ? 'text' : failures[name]!();
    }
    @Post('/')
    post(@Body() input: Input): Input {
      return input;
    }
  }
  const app = (onError?: (error: unknown) => void): Handler =>
    appOf({ controllers: [Errors], rest: { development: true } }, onError);

  it.each([
    ['notFound', 404, { detail: 'Not found.' }],
    ['fields', 400, { title: ['Taken.'] }],
    ['notAuthenticated', 401, NOT_AUTHENTICATED],
    ['rcUnauthorized', 401, { detail: 'Log in first.' }],
    ['rcNotFound', 404, { detail: 'Not found.' }],
    ['undefined', 404, { detail: 'Not found.' }],
    ['rcBadRequest', 400, { detail: 'No.' }],
    ['rcBadRequestWithout', 400, { detail: 'Malformed request.' }],
    ['rcTeapot', 418, { detail: 'Short and stout.' }],
    ['rcTeapotWithout', 418, { detail: "I'm a Teapot" }],
    ['rcOddErrors', 400, { detail: 'Odd.' }],
    ['exposed', 410, { detail: 'Too old.' }],
  ])('of controllers are answered as in a view: %s', async (name, status, body) => {
    const answer = await call(app(), { path: `/errors/${name}` });
    expect([answer.status, answer.json]).toEqual([status, body]);
    expect(answer.headers['www-authenticate']).toBe(status === 401 ? challenge : undefined);
  });

  it.each(['rcServer', 'hidden', 'unknown', 'text'])('that are none of the client go to Express: %s', async (name) => {
    const errors: unknown[] = [];
    const answer = await call(
      app((error) => errors.push(error)),
      { path: `/errors/${name}` },
    );
    expect([answer.status, answer.text]).toEqual([500, 'by Express']);
    expect(errors).toEqual([failures[name]!()]);
  });

  it('of parameters are answered as in a view', async () => {
    const answer = await call(app(), { path: '/errors/query' });
    expect([answer.status, Object.keys(answer.json as object)]).toEqual([400, ['detail']]);
    const send = { path: '/errors', method: 'POST' };
    const invalid = await call(app(), { ...send, body: { email: 'x', address: {} } });
    expect([invalid.status, invalid.json]).toEqual([
      400,
      { email: ['Enter a valid email address.'], address: { city: ['This field is required.'] } },
    ]);
    const headers = { 'Content-Type': 'application/json' };
    const malformed = await call(app(), { ...send, headers, body: '{"a":' });
    expect([malformed.status, malformed.json]).toEqual([
      400,
      { detail: expect.stringMatching(/^JSON parse error - /) },
    ]);
    const large = await call(app(), { ...send, body: { a: 'x'.repeat(200_000) } });
    expect([large.status, large.json]).toEqual([413, { detail: expect.any(String) }]);
  });

  it('of parameters are told without the values that class-validator may leave out', async () => {
    const bare = appOf({ controllers: [Errors], rest: { validation: { validationError: { target: false } } } });
    const answer = await call(bare, { path: '/errors', method: 'POST', body: { email: 'x', address: { city: 'y' } } });
    expect([answer.status, answer.json]).toEqual([400, { email: ['Enter a valid email address.'] }]);
  });

  it('after half of the answer go to Express', () => {
    const [AnswerErrors] = createBridge().middlewares;
    const passed: unknown[] = [];
    const sent = { headersSent: true } as HostResponse;
    new AnswerErrors!().error(new NotFound(), { headers: {} }, sent, (error) => passed.push(error));
    expect(passed).toEqual([new NotFound()]);
  });
});

describe('without a bridge', () => {
  it('the error handler of routing-controllers shows of our exceptions what a view would', async () => {
    @JsonController('/ordinary')
    class Ordinary {
      @Get('/:name')
      get(@Param('name') name: string): never {
        throw name === 'text' ? new NotFound() : new ValidationError({ title: ['Taken.'] });
      }
    }
    const app = express();
    useExpressServer(app, { controllers: [Ordinary], middlewares: [], interceptors: [], development: true });
    app.use(((_error, _request, _response, _next) => undefined) as express.ErrorRequestHandler);
    const text = await call(app as unknown as Handler, { path: '/ordinary/text' });
    expect([text.status, text.json]).toEqual([404, { detail: 'Not found.' }]);
    const fields = await call(app as unknown as Handler, { path: '/ordinary/fields' });
    expect([fields.status, fields.json]).toEqual([400, { title: ['Taken.'] }]);
  });
});

describe('what is registered for the end of the request', () => {
  it('is done before routing-controllers answers', async () => {
    const world = new World();
    @JsonController('/session')
    class Session {
      @Get('/')
      async get(@currentView() view: AppView, @CurrentUser() _user: User): Promise<object> {
        (await getSession(view.request)).set('seen', true);
        onResponse(view.request.raw, ({ headers }) => {
          headers.set('X-Own', 'hook');
        });
        return {};
      }
      @Get('/first')
      first(@CurrentUser() _user: User, @currentView() view: AppView): Promise<object> {
        return this.get(view, _user);
      }
    }
    const app = appOf({ controllers: [Session], settings: world.settings });
    const answer = await call(app, { path: '/session/first' });
    expect([answer.headers.vary, answer.headers['x-own'], Object.keys(cookiesOf(answer))]).toEqual([
      'Cookie',
      'hook',
      ['sessionid'],
    ]);
  });
});

describe('the options of a bridge', () => {
  it('are checked at once', () => {
    expect(() => createBridge({ permissionClasses: [undefined] as never })).toThrow(
      'permissionClasses[0] is undefined',
    );
    expect(() => createBridge({ extends: undefined as never })).toThrow('apiView got no class under `extends`.');
  });
});
