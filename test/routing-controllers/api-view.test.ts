import 'reflect-metadata';
import { setTimeout as pause } from 'node:timers/promises';
import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { IsInt, IsString } from 'class-validator';
import express from 'express';
import {
  All,
  Body,
  Delete,
  Get,
  getMetadataArgsStorage,
  HttpCode,
  JsonController,
  Param,
  Post,
  QueryParam,
  UploadedFile,
  UseBefore,
  useExpressServer,
} from 'routing-controllers';
import type { RoutingControllersOptions } from 'routing-controllers';
import {
  AnonRateThrottle,
  APIView,
  authenticationClasses,
  BasicAuthentication,
  BasePermission,
  defineSettings,
  getSession,
  ImproperlyConfigured,
  IsAuthenticated,
  JSONParser,
  NotFound,
  onResponse,
  parserClasses,
  permissionClasses,
  throttleClasses,
} from 'sallyport';
import type { Handler, PermissionClasses, Request, ViewResult } from 'sallyport';
import { apiView, createBridge, currentView, viewController } from 'sallyport/routing-controllers';
import { fastPasswordHashers, MemoryUserStore } from 'sallyport/testing';
import { call, errorLog, serve } from '../support/server';
import { World, cookiesOf } from '../support/sessions';

const users = new MemoryUserStore({ hashers: fastPasswordHashers });
const ready = users.createUser({ username: 'ann', password: 'secret' });
const headers = { Authorization: `Basic ${Buffer.from('ann:secret').toString('base64')}` };
const { logger } = errorLog();

abstract class AppView extends APIView {
  static override settings = defineSettings({
    users,
    logger,
    defaultAuthenticationClasses: [BasicAuthentication],
    defaultPermissionClasses: [IsAuthenticated],
    defaultThrottleRates: { anon: '1/h' },
  });
}
const options = { extends: AppView };

class Input {
  @IsString() title!: string;
  @IsInt() count!: number;
}

class OwnNotes extends BasePermission {
  override hasObjectPermission(_request: Request, _view: APIView, note: { owner?: string }): boolean {
    return note.owner === 'ann';
  }
}

@JsonController('/notes')
class Notes {
  readonly owner = 'Notes';

  @Get('/')
  @apiView(['GET'], options)
  list(@QueryParam('q') q: string, @currentView() view: AppView): object {
    return { q, by: this.owner, user: String((view.request.user as { username: string }).username) };
  }

  @Get('/open/:id')
  @apiView(['GET'], options)
  @authenticationClasses([])
  @permissionClasses([])
  open(@Param('id') id: number): object {
    return { id };
  }

  @Get('/limited')
  @apiView(['GET'], options)
  @permissionClasses([])
  @throttleClasses([AnonRateThrottle])
  limited(): object {
    return {};
  }

  @Post('/')
  @HttpCode(201)
  @apiView(['POST'], options)
  create(@Body() input: Input): object {
    return { input, isInput: input instanceof Input };
  }

  @Post('/json')
  @apiView(['POST'], options)
  @parserClasses([JSONParser])
  json(@Body() input: object): object {
    return input;
  }

  @Post('/anything')
  @apiView(['POST'], options)
  anything(@Body() input: object): object {
    return input;
  }

  @Post('/files')
  @apiView(['POST'], options)
  file(@UploadedFile('file') file: { originalname: string; size: number }, @Body() fields: object): object {
    return { name: file.originalname, size: file.size, fields };
  }

  @Delete('/own/:owner')
  @apiView(['DELETE'], options)
  @permissionClasses([IsAuthenticated, OwnNotes])
  async own(@Param('owner') owner: string, @currentView() view: AppView): Promise<object> {
    await view.checkObjectPermissions(view.request, { owner });
    return { deleted: owner };
  }

  @All('/all')
  @apiView(['GET', 'POST'], options)
  all(): string {
    return 'all';
  }

  @Get('/missing')
  @apiView(['GET'], options)
  async missing(): Promise<object> {
    await pause(1);
    throw new NotFound('No such note.');
  }

  @Get('/undefined')
  @apiView(['GET'], options)
  nothing(): void {
    // Routing-controllers answers 404 to that.
  }
}

function appOf(options: RoutingControllersOptions, onError?: (error: unknown) => void): Handler {
  const app = express();
  useExpressServer(app, options);
  app.use(((error: unknown, _request, response, next) => {
    onError?.(error);
    if (response.headersSent) next();
    else response.status(500).end('by Express');
  }) as express.ErrorRequestHandler);
  return app as unknown as Handler;
}

const notes = (): Handler => appOf({ controllers: [Notes] });

beforeAll(() => ready);

describe('a guarded method', () => {
  it('answers those who may pass, with what routing-controllers injects', async () => {
    const answer = await call(notes(), { path: '/notes/?q=x', headers });
    expect([answer.status, answer.json]).toEqual([200, { q: 'x', by: 'Notes', user: 'ann' }]);
    expect(answer.headers).toMatchObject({ allow: 'GET, OPTIONS', 'content-type': 'application/json; charset=utf-8' });
  });

  it('refuses the others as a view does', async () => {
    const answer = await call(notes(), { path: '/notes/' });
    expect([answer.status, answer.json]).toEqual([401, { detail: 'Authentication credentials were not provided.' }]);
    expect(answer.headers).toMatchObject({ 'www-authenticate': 'Basic realm="api"', allow: 'GET, OPTIONS' });
    const wrong = await call(notes(), { path: '/notes/', headers: { Authorization: 'Basic YW5uOnk=' } });
    expect([wrong.status, wrong.json]).toEqual([401, { detail: 'Invalid username/password.' }]);
  });

  it('takes policies from the helpers below', async () => {
    expect((await call(notes(), { path: '/notes/open/7' })).json).toEqual({ id: 7 });
  });

  it('is throttled', async () => {
    const server = await serve(notes());
    const statuses = [];
    for (let i = 0; i < 2; i++) statuses.push((await server.request({ path: '/notes/limited' })).status);
    await server.close();
    expect(statuses).toEqual([200, 429]);
  });

  it('guards objects by the view', async () => {
    const own = await call(notes(), { method: 'DELETE', path: '/notes/own/ann', headers });
    expect(own.json).toEqual({ deleted: 'ann' });
    const foreign = await call(notes(), { method: 'DELETE', path: '/notes/own/bob', headers });
    expect([foreign.status, foreign.json]).toEqual([
      403,
      { detail: 'You do not have permission to perform this action.' },
    ]);
  });

  it('has the methods that are listed, where the route has all', async () => {
    const app = notes();
    expect((await call(app, { path: '/notes/all', method: 'POST', headers })).json).toBe('all');
    const refused = await call(app, { path: '/notes/all', method: 'PUT', headers });
    expect([refused.status, refused.json]).toEqual([405, { detail: 'Method "PUT" not allowed.' }]);
    const told = await call(app, { path: '/notes/all', method: 'OPTIONS', headers });
    expect(told.json).toMatchObject({ name: 'All', renders: ['application/json'] });
  });

  it('answers exceptions of the API as a view does', async () => {
    const answer = await call(notes(), { path: '/notes/missing', headers });
    expect([answer.status, answer.json]).toEqual([404, { detail: 'No such note.' }]);
  });

  it('leaves other results and errors to routing-controllers', async () => {
    expect((await call(notes(), { path: '/notes/undefined', headers })).status).toBe(404);
    @JsonController('/broken')
    class Broken {
      @Get('/')
      @apiView(['GET'], options)
      get(): never {
        throw new TypeError('bug');
      }
    }
    const errors: unknown[] = [];
    const app = appOf({ controllers: [Broken], development: false }, (error) => errors.push(error));
    const answer = await call(app, { path: '/broken', headers });
    expect([answer.status, answer.json]).toEqual([500, { name: 'TypeError', message: 'bug' }]);
    expect(errors).toEqual([new TypeError('bug')]);
  });

  it('gives errors of the policies to Express', async () => {
    class Buggy extends BasePermission {
      override hasPermission(): boolean {
        throw new Error('bug');
      }
    }
    @JsonController('/buggy')
    class BuggyPolicy {
      @Get('/')
      @apiView(['GET'], { ...options, permissionClasses: [Buggy] })
      get(): object {
        return {};
      }
    }
    const errors: unknown[] = [];
    const answer = await call(
      appOf({ controllers: [BuggyPolicy] }, (error) => errors.push(error)),
      { path: '/buggy', headers },
    );
    expect([answer.status, errors]).toEqual([500, [new Error('bug')]]);
  });

  it('is asked before the body is read, and after middleware of the class', async () => {
    const order: string[] = [];
    class Look extends JSONParser {
      override async parse(...args: Parameters<JSONParser['parse']>): Promise<unknown> {
        order.push('body');
        return super.parse(...args);
      }
    }
    class Watch extends BasePermission {
      override hasPermission(request: Request): boolean {
        order.push('policy');
        return request.queryParams.has('pass');
      }
    }
    @JsonController('/order')
    @UseBefore((_request: unknown, _response: unknown, next: () => void) => {
      order.push('middleware');
      next();
    })
    class Order {
      @Post('/')
      @apiView(['POST'], { permissionClasses: [Watch], parserClasses: [Look], authenticationClasses: [] })
      post(@Body() body: object): object {
        order.push('method');
        return body;
      }
    }
    const app = appOf({ controllers: [Order] });
    await call(app, { path: '/order', method: 'POST', body: { a: 1 } });
    expect(order.splice(0)).toEqual(['middleware', 'policy']);
    expect((await call(app, { path: '/order?pass', method: 'POST', body: { a: 1 } })).json).toEqual({ a: 1 });
    expect(order).toEqual(['middleware', 'policy', 'body', 'method']);
  });
});

describe('the body of a guarded method', () => {
  const form = { ...headers, 'Content-Type': 'application/x-www-form-urlencoded' };

  it('becomes what the parameter asks for', async () => {
    const body = { title: 'a', count: 1 };
    const answer = await call(notes(), { path: '/notes/', method: 'POST', headers, body });
    expect([answer.status, answer.json]).toEqual([201, { input: body, isInput: true }]);
  });

  it('may be a form, as in a view', async () => {
    const send = { path: '/notes/anything', method: 'POST', headers: form, body: 'a=1&b=2&b=3' };
    expect((await call(notes(), send)).json).toEqual({ a: '1', b: ['2', '3'] });
  });

  it('is refused by the parsers of the view', async () => {
    const malformed = { path: '/notes/anything', method: 'POST', body: '{"a":' };
    const answer = await call(notes(), { ...malformed, headers: { ...headers, 'Content-Type': 'application/json' } });
    expect([answer.status, (answer.json as { detail: string }).detail]).toEqual([
      400,
      expect.stringMatching(/^JSON parse/),
    ]);
    const unknown = await call(notes(), { path: '/notes/json', method: 'POST', headers: form, body: 'a=1' });
    expect([unknown.status, unknown.json]).toEqual([
      415,
      { detail: 'Unsupported media type "application/x-www-form-urlencoded" in request.' },
    ]);
  });

  it('may have been parsed by the host', async () => {
    const app = express();
    app.use(express.json());
    useExpressServer(app, { controllers: [Notes] });
    const send = { path: '/notes/anything', method: 'POST', headers, body: { a: 1 } };
    expect((await call(app as unknown as Handler, send)).json).toEqual({ a: 1 });
  });

  it('with files is left to multer, and other bodies are not', async () => {
    const parts =
      '--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nT\r\n' +
      '--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nabc\r\n--x--\r\n';
    const upload = { path: '/notes/files', method: 'POST', body: parts };
    const answer = await call(notes(), {
      ...upload,
      headers: { ...headers, 'Content-Type': 'multipart/form-data; boundary=x' },
    });
    expect(answer.json).toEqual({ name: 'a.txt', size: 3, fields: { title: 'T' } });
    const refused = await call(notes(), { ...upload, headers: { ...headers, 'Content-Type': 'text/csv' } });
    expect(refused.status).toBe(415);
  });

  it('that fails validation is answered by routing-controllers', async () => {
    const app = appOf({ controllers: [Notes], development: false });
    const answer = await call(app, { path: '/notes/', method: 'POST', headers, body: { title: 1 } });
    expect([answer.status, answer.json]).toMatchObject([400, { name: 'BadRequestError' }]);
  });
});

describe('what is around a guarded method', () => {
  /** A unit of work that notes how it ended, and in which the code of the request finds itself. */
  function unitOfWork(): {
    readonly steps: string[];
    readonly current: AsyncLocalStorage<string>;
    readonly base: typeof AppView;
  } {
    const steps: string[] = [];
    const current = new AsyncLocalStorage<string>();
    abstract class Base extends AppView {
      static override settings = defineSettings({
        users,
        logger,
        defaultAuthenticationClasses: [],
        aroundDispatch: (_raw, run) =>
          current.run('unit', async () => {
            steps.push('begin');
            try {
              const answer: ViewResult = await run();
              steps.push('exception' in answer && answer.exception ? 'roll back' : 'commit');
              return answer;
            } catch (error) {
              steps.push('fail');
              throw error;
            }
          }),
      });
    }
    return { steps, current, base: Base };
  }

  it('is the unit of work of the request, until the answer is written', async () => {
    const { steps, current, base } = unitOfWork();
    @JsonController('/unit')
    class Unit {
      @Post('/')
      @apiView(['POST'], { extends: base })
      async post(@Body({ required: true }) { fail }: { fail?: string }): Promise<object> {
        await pause(1);
        steps.push(`method in ${String(current.getStore())}`);
        if (fail === 'known') throw new NotFound();
        if (fail === 'unknown') throw new Error('bug');
        return {};
      }

      @Post('/file')
      @apiView(['POST'], { extends: base })
      file(@UploadedFile('file') _file: object): object {
        steps.push(`method in ${String(current.getStore())}`);
        return {};
      }
    }
    const server = await serve(appOf({ controllers: [Unit] }));
    const post = async (body: unknown): Promise<unknown[]> => {
      const { status } = await server.request({ path: '/unit', method: 'POST', body });
      await pause(10);
      return [status, ...steps.splice(0)];
    };
    expect(await post({ a: 1 })).toEqual([200, 'begin', 'method in unit', 'commit']);
    expect(await post({ fail: 'known' })).toEqual([404, 'begin', 'method in unit', 'roll back']);
    expect(await post({ fail: 'unknown' })).toEqual([500, 'begin', 'method in unit', 'fail']);
    // Routing-controllers answers for itself, and nothing stays open.
    expect(await post({})).toEqual([400, 'begin', 'roll back']);

    const part = '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc\r\n--x--\r\n';
    const type = { 'Content-Type': 'multipart/form-data; boundary=x' };
    await server.request({ path: '/unit/file', method: 'POST', body: part, headers: type });
    expect(steps).toEqual(['begin', 'method in unit', 'commit']);
    await server.close();
  });

  it('a commit that fails is an error of the method', async () => {
    @JsonController('/commit')
    class Commit {
      @Get('/')
      @apiView(['GET'], {
        settings: defineSettings({
          defaultAuthenticationClasses: [],
          aroundDispatch: async (_raw, run) => {
            await run();
            throw new Error('serialization failure');
          },
        }),
      })
      get(): object {
        return { saved: true };
      }
    }
    const answer = await call(appOf({ controllers: [Commit], development: false }), { path: '/commit' });
    expect([answer.status, answer.json]).toEqual([500, { name: 'Error', message: 'serialization failure' }]);
  });

  it('saves the session before routing-controllers writes', async () => {
    const world = new World();
    @JsonController('/session')
    class Session {
      @Get('/')
      @apiView(['GET'], { settings: world.settings })
      async get(@currentView() view: AppView): Promise<object> {
        (await getSession(view.request)).set('seen', true);
        return {};
      }
    }
    const answer = await call(appOf({ controllers: [Session] }), { path: '/session' });
    expect([answer.headers.vary, Object.keys(cookiesOf(answer))]).toEqual(['Cookie', ['sessionid']]);
  });

  it('keeps what middleware has put into the headers', async () => {
    @JsonController('/headers')
    class Headers {
      @Get('/')
      @UseBefore((_request: unknown, response: express.Response, next: () => void) => {
        response.vary('Origin');
        response.cookie('host', '1');
        next();
      })
      @apiView(['GET'], { authenticationClasses: [] })
      get(@currentView() view: AppView): object {
        onResponse(view.request.raw, ({ headers }) => {
          headers.set('Vary', 'Cookie');
          headers.append('Set-Cookie', 'view=2');
        });
        return {};
      }
    }
    const answer = await call(appOf({ controllers: [Headers] }), { path: '/headers' });
    expect([answer.headers.vary, answer.headers['set-cookie']]).toEqual([
      'Origin, Cookie',
      ['host=1; Path=/', 'view=2'],
    ]);
  });
});

describe('a mistake with a guarded method', () => {
  const decorate = (controller: { prototype: object }, ...decorators: readonly unknown[]): void => {
    const descriptor = Object.getOwnPropertyDescriptor(controller.prototype, 'get')!;
    for (const one of decorators) {
      (one as (target: object, name: string, descriptor: PropertyDescriptor) => void)(
        controller.prototype,
        'get',
        descriptor,
      );
    }
    Object.defineProperty(controller.prototype, 'get', descriptor);
  };
  const controller = (name: string): new () => { get(): object } =>
    ({
      [name]: class {
        get(): object {
          return {};
        }
      },
    })[name]!;

  it('of a policy above apiView is told at once, with the right order', () => {
    expect(() => {
      decorate(controller('Reversed'), apiView(['GET']), permissionClasses([IsAuthenticated]));
    }).toThrow('permissionClasses must come after (below) apiView');
  });

  it('in a policy is told at once', () => {
    expect(() => {
      decorate(
        controller('Wrong'),
        apiView(['GET'], { permissionClasses: [undefined] as unknown as PermissionClasses }),
      );
    }).toThrow('get.permissionClasses[0] is undefined, not a class.');
    expect(() => {
      decorate(controller('NoBase'), apiView(['GET'], { extends: undefined as unknown as typeof AppView }));
    }).toThrow('apiView got no class under `extends`.');
    expect(() => {
      decorate(controller('Unknown'), apiView(['GET'], { permissionClases: [] } as object));
    }).toThrow("apiView has no option 'permissionClases'.");
  });

  it('of a static method is told at once', () => {
    class Static {
      static get(): object {
        return {};
      }
    }
    expect(() => {
      apiView(['GET'])(Static, 'get', Object.getOwnPropertyDescriptor(Static, 'get') as never);
    }).toThrow('apiView of sallyport/routing-controllers stands above the static method get.');
  });

  it('of a route that is refused keeps the app from starting', () => {
    const wrong = controller('WrongRoute');
    decorate(wrong, apiView(['GET']), Post('/'));
    JsonController('/wrong-route')(wrong);
    expect(() => appOf({ controllers: [wrong] })).toThrow(
      "WrongRoute.get has a route for POST but refuses that method. Write apiView(['POST']).",
    );
  });

  it('of a call past the policies never runs the method', async () => {
    expect(() => new Notes().list('x', null as never)).toThrow(ImproperlyConfigured);
  });

  it('of a method that calls another one is no way past its policies', async () => {
    @JsonController('/calls')
    class Calls {
      @Get('/')
      @apiView(['GET'], { authenticationClasses: [] })
      get(@currentView() view: AppView): unknown {
        return (this.secret as (raw: unknown) => unknown)(view.request.raw);
      }

      @Get('/secret')
      @apiView(['GET'], options)
      secret(): object {
        return { secret: true };
      }
    }
    const answer = await call(appOf({ controllers: [Calls], development: false }), { path: '/calls' });
    expect([answer.status, (answer.json as { name: string }).name]).toEqual([500, 'ImproperlyConfigured']);
  });

  it('of asking for a view where there is none is an error', async () => {
    @JsonController('/no-view')
    class NoView {
      @Get('/')
      get(@currentView() _view: AppView): object {
        return {};
      }
    }
    const answer = await call(appOf({ controllers: [NoView], development: false }), { path: '/no-view' });
    expect(answer.json).toMatchObject({ name: 'ImproperlyConfigured' });
  });
});

describe('policies that nobody would ask keep an app from starting', () => {
  const lists = Object.values(getMetadataArgsStorage()) as unknown[][];
  const before = lists.map((list) => list.length);
  // Each app looks at all controllers of the process, so the wrong ones must go.
  afterEach(() => {
    lists.forEach((list, i) => (list.length = before[i]!));
  });

  it('where they stand on a method without apiView', () => {
    @JsonController('/unguarded')
    class Unguarded {
      @Get('/')
      @permissionClasses([IsAuthenticated])
      get(): object {
        return {};
      }
    }
    const message = '@permissionClasses above Unguarded.get guards nothing. Write @apiView([…]) above it';
    expect(() => appOf({ controllers: [Unguarded, Notes] })).toThrow(message);
    expect(() => appOf({ controllers: [Unguarded], ...createBridge() })).toThrow(message);
  });

  it('where they stand on a controller', () => {
    @JsonController('/unguarded')
    @permissionClasses([IsAuthenticated])
    class Unguarded {
      @Get('/')
      get(): object {
        return {};
      }
    }
    expect(() => appOf({ controllers: [Unguarded, Notes] })).toThrow(
      '@permissionClasses above the controller Unguarded guards nothing. Write it above its methods, below @apiView.',
    );
  });

  it('where a controller inherits the route, and routing-controllers leaves the policies behind', async () => {
    let ran = false;
    class Base {
      @Get('/')
      @apiView(['GET'], { authenticationClasses: [] })
      get(): object {
        ran = true;
        return {};
      }
    }
    @JsonController('/inherits')
    class Inherits extends Base {}
    expect(() => appOf({ controllers: [Inherits, Notes] })).toThrow(
      'Inherits inherits the route of Base.get, but not its policies. Override the method there, and decorate it again.',
    );
    // Alone it is not looked at, and still never runs.
    const answer = await call(appOf({ controllers: [Inherits], development: false }), { path: '/inherits' });
    expect([answer.status, ran]).toEqual([500, false]);
  });

  it('but not where the heir decorates it again', async () => {
    class Base {
      @Get('/')
      @apiView(['GET'], { authenticationClasses: [] })
      get(): object {
        return { from: 'base' };
      }
    }
    @JsonController('/overrides')
    class Overrides extends Base {
      @Get('/')
      @apiView(['GET'], { authenticationClasses: [] })
      override get(): object {
        return { from: 'heir' };
      }
    }
    expect((await call(appOf({ controllers: [Overrides] }), { path: '/overrides' })).json).toEqual({ from: 'heir' });
  });

  it('but not where they stand on a view, or on what is no route', () => {
    @viewController('/view')
    @permissionClasses([IsAuthenticated])
    class View extends AppView {}
    @JsonController('/helper')
    class Helper {
      @permissionClasses([])
      helper(): void {
        // No route leads here.
      }
    }
    expect(() => appOf({ controllers: [View, Helper], ...createBridge() })).not.toThrow();
  });
});
