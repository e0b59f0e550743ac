import { describe, expect, it } from '@jest/globals';
import express from 'express';
import {
  Authorized,
  Controller,
  Get,
  getMetadataArgsStorage,
  HttpCode,
  JsonController,
  Param,
  UseAfter,
  UseBefore,
  useExpressServer,
  UseInterceptor,
} from 'routing-controllers';
import type { RoutingControllersOptions } from 'routing-controllers';
import {
  APIView,
  BasicAuthentication,
  defineSettings,
  ImproperlyConfigured,
  IsAuthenticated,
  permissionClasses,
  Response,
} from 'sallyport';
import type { Handler, Params, Request } from 'sallyport';
import { viewController } from 'sallyport/routing-controllers';
import { call, serve } from '../support/server';

abstract class AppView extends APIView {
  static override settings = defineSettings({ defaultAuthenticationClasses: [BasicAuthentication] });
  override get(_request: Request, params: Params): Response {
    return new Response([this.constructor.name, params]);
  }
}

@viewController('/notes/:pk')
@permissionClasses([])
class NoteDetail extends AppView {}

@viewController('/closed')
@permissionClasses([IsAuthenticated])
class Closed extends AppView {}

@permissionClasses([IsAuthenticated])
@viewController('/closed-above')
class ClosedAbove extends AppView {}

@JsonController('/ordinary')
class Ordinary {
  @Get('/')
  get(): object {
    return { by: 'routing-controllers' };
  }
}

function appOf(options: RoutingControllersOptions): Handler {
  return useExpressServer(express(), options) as unknown as Handler;
}

describe('a view among the controllers', () => {
  it('answers at its path, beside ordinary controllers', async () => {
    const server = await serve(appOf({ controllers: [NoteDetail, Ordinary] }));
    expect((await server.request({ path: '/notes/7' })).json).toEqual(['NoteDetail', { pk: '7' }]);
    expect((await server.request({ path: '/ordinary/' })).json).toEqual({ by: 'routing-controllers' });
    expect((await server.request({ path: '/closed' })).status).toBe(404);
    await server.close();
  });

  it.each(['GET', 'POST', 'HEAD', 'OPTIONS', 'DELETE', 'PROPFIND'])(
    'has all methods of the path: %s',
    async (method) => {
      const answer = await call(appOf({ controllers: [NoteDetail] }), { path: '/notes/7', method });
      expect(answer.headers.allow).toBe('GET, HEAD, OPTIONS');
      expect(answer.status).toBe(['GET', 'HEAD', 'OPTIONS'].includes(method) ? 200 : 405);
    },
  );

  it('is guarded by decorators below and above', async () => {
    const server = await serve(appOf({ controllers: [Closed, ClosedAbove] }));
    for (const path of ['/closed', '/closed-above']) {
      const answer = await server.request({ path });
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Basic realm="api"']);
    }
    await server.close();
  });

  it('stands below the prefix of the app', async () => {
    const app = appOf({ controllers: [NoteDetail], routePrefix: '/api' });
    expect((await call(app, { path: '/api/notes/7' })).status).toBe(200);
  });

  it('can be served by several apps', async () => {
    const options = { controllers: [NoteDetail] };
    const [one, two] = [appOf(options), appOf(options)];
    expect((await call(one, { path: '/notes/1' })).status).toBe(200);
    expect((await call(two, { path: '/notes/1' })).status).toBe(200);
  });

  it('is asked after middleware of the class', async () => {
    const seen: string[] = [];
    @viewController('/with-middleware')
    @UseBefore((_request: unknown, response: { setHeader(name: string, value: string): void }, next: () => void) => {
      seen.push('before');
      response.setHeader('Vary', 'Origin');
      next();
    })
    class WithMiddleware extends AppView {
      override get(): Response {
        seen.push('view');
        return new Response(null, { headers: { Vary: 'Cookie' } });
      }
    }
    const answer = await call(appOf({ controllers: [WithMiddleware] }), { path: '/with-middleware' });
    expect(seen).toEqual(['before', 'view']);
    expect(answer.headers.vary).toBe('Origin, Cookie');
  });

  it('stands where it says and not where its base stands', async () => {
    @viewController('/heir')
    class Heir extends NoteDetail {}
    class Undecorated extends NoteDetail {}
    const server = await serve(appOf({ controllers: [Heir, Undecorated] }));
    expect((await server.request({ path: '/heir' })).json).toEqual(['Heir', {}]);
    expect((await server.request({ path: '/notes/7' })).status).toBe(404);
    await server.close();
  });

  it('gives errors that it does not know to Express, past the error handler of routing-controllers', async () => {
    @viewController('/broken')
    class Broken extends AppView {
      override get(): never {
        throw new Error('bug');
      }
    }
    const passed: unknown[] = [];
    const app = express();
    useExpressServer(app, { controllers: [Broken] });
    app.use(((error, _request, response, _next) => {
      passed.push(error);
      response.status(500).end('by Express');
    }) as express.ErrorRequestHandler);
    const answer = await call(app as unknown as Handler, { path: '/broken' });
    expect([answer.status, answer.text, passed]).toEqual([500, 'by Express', [new Error('bug')]]);
  });
});

describe('a mistake', () => {
  it('in the path is told at once', () => {
    expect(() => viewController('notes')).toThrow(
      new ImproperlyConfigured("The path 'notes' must begin with a slash: viewController('/notes')."),
    );
  });

  it('in the class is told at once', () => {
    expect(() => viewController('/x')(class Other {} as never)).toThrow(
      'viewController stands above Other, which is no APIView.',
    );
    expect(() => viewController('/x')((() => undefined) as never)).toThrow(ImproperlyConfigured);
  });

  it('in the policies keeps the app from starting', () => {
    @viewController('/wrong')
    class Wrong extends AppView {
      static override permissionClasses = [undefined] as never;
    }
    expect(() => appOf({ controllers: [Wrong] })).toThrow('Wrong.permissionClasses[0] is undefined, not a class.');
  });

  const view = (name: string): typeof Closed => ({ [name]: class extends AppView {} })[name] as typeof Closed;
  const ignoredMessage = (what: string, name: string): string =>
    `A decorator of routing-controllers${what} on the view ${name} would be ignored. Take it away; who may pass is ` +
    'said by @permissionClasses.';

  it.each([
    ['Authorized', ` ('authorized')`, Authorized()],
    ['UseAfter', '', UseAfter(() => undefined)],
    ['UseInterceptor', '', UseInterceptor(() => undefined)],
  ])('by @%s above the class, which would be ignored, keeps the app from starting', (name, what, decorator) => {
    const controller = view(`${name}Above`);
    viewController('/above')(controller);
    (decorator as (target: object) => void)(controller);
    expect(() => appOf({ controllers: [controller] })).toThrow(ignoredMessage(what, controller.name));
  });

  it.each([
    ['Authorized', ` ('authorized')`, Authorized()],
    ['HttpCode', ` ('success-code')`, HttpCode(201)],
    ['UseBefore', '', UseBefore(() => undefined)],
    ['UseAfter', '', UseAfter(() => undefined)],
    ['UseInterceptor', '', UseInterceptor(() => undefined)],
  ])('by @%s above a method, which would be ignored, keeps the app from starting', (name, what, decorator) => {
    const controller = view(`${name}OnMethod`);
    (decorator as (target: object, method: string) => void)(controller.prototype, 'get');
    viewController('/on-method')(controller);
    expect(() => appOf({ controllers: [controller] })).toThrow(ignoredMessage(what, controller.name));
  });

  it('by a decorator on the base class keeps the app from starting', () => {
    const base = view('Base');
    Authorized()(base);
    @viewController('/inherits-authorized')
    class Heir extends base {}
    expect(() => appOf({ controllers: [Heir] })).toThrow(ignoredMessage(` ('authorized')`, 'Heir'));
  });

  it('by a parameter that would not be injected keeps the app from starting', () => {
    @viewController('/with-parameter')
    class WithParameter extends AppView {
      override get(@Param('pk') _request: Request): Response {
        return new Response();
      }
    }
    expect(() => appOf({ controllers: [WithParameter] })).toThrow(ignoredMessage(` ('param')`, 'WithParameter'));
  });

  it('by a route on a method, which no policy would guard, keeps the app from starting', () => {
    @viewController('/with-route')
    class WithRoute extends AppView {
      @Get('/unguarded')
      override get(): Response {
        return new Response();
      }
    }
    expect(() => appOf({ controllers: [WithRoute] })).toThrow(
      'WithRoute.get has a route of its own, where no policy would guard it.',
    );
  });

  it.each([
    ['above', true],
    ['below', false],
  ])('by a second controller decorator %s keeps the app from starting', (_where, above) => {
    const twice = view('Twice');
    if (!above) Controller()(twice);
    viewController('/twice')(twice);
    if (above) Controller()(twice);
    expect(() => appOf({ controllers: [twice] })).toThrow('Twice is a controller twice.');
  });

  it('of another controller is none of the view', () => {
    const other = class {};
    Authorized()(other);
    getMetadataArgsStorage().params.push({ object: other.prototype, method: 'get' } as never);
    expect(() => appOf({ controllers: [NoteDetail] })).not.toThrow();
  });
});
