import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { transformSync } from '@swc/core';
import * as sallyport from 'sallyport';
import {
  AllowAny,
  apiView,
  APIView,
  authenticationClasses,
  BaseThrottle,
  contentNegotiationClass,
  defineSettings,
  handler,
  handle,
  ImproperlyConfigured,
  IsAdminUser,
  IsAuthenticated,
  metadataClass,
  parserClasses,
  path,
  permissionClasses,
  rendererClasses,
  Response,
  ScopedRateThrottle,
  throttleClasses,
  throttleScope,
  versioningClass,
} from 'sallyport';
import type { Handler, PermissionClasses, Request, ViewHandler } from 'sallyport';
import { call, errorLog, serve } from '../support/server';
import type * as fixture from './fixtures/decorated-views';

type Fixture = typeof fixture;
const file = join(__dirname, 'fixtures', 'decorated-views.ts');

/** Compiles the fixture as a user's compiler would, in one of the two kinds of decorators. */
function compile(kind: 'legacy' | 'standard'): Fixture {
  const { code } = transformSync(readFileSync(file, 'utf8'), {
    filename: file,
    swcrc: false,
    configFile: false,
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform:
        kind === 'legacy'
          ? { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true }
          : { decoratorVersion: '2022-03', useDefineForClassFields: true },
    },
    module: { type: 'commonjs' },
  });
  const exports = {} as Fixture;
  const load = createRequire(file);
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the code was compiled two lines above
  new Function('exports', 'require', code)(exports, (name: string) => (name === 'sallyport' ? sallyport : load(name)));
  return exports;
}

describe.each(['legacy', 'standard'] as const)('%s decorators', (kind) => {
  const { Closed, Decorated, mistakes, Views } = compile(kind);
  const view = (method: unknown): ViewHandler => handler(method as never);

  it('declare the policies of a class', async () => {
    expect((await call(Decorated.asView())).json).toEqual(['ann', 'scope']);
  });

  it('of a subclass win over those of its base, and leave the base alone', async () => {
    const answer = await call(Closed.asView());
    expect([answer.status, answer.json]).toEqual([403, { detail: 'Refused.' }]);
    expect((await call(Decorated.asView())).status).toBe(200);
  });

  it('make a handler of a static method, with this as in the class', async () => {
    expect((await call(view(Views.hello))).json).toEqual(['hello', 'GET', 'ann']);
    expect((await call(view(Views.hello), { method: 'POST' })).json).toEqual(['hello', 'POST', 'ann']);
    expect((await call(view(Views.hello), { method: 'PUT' })).status).toBe(405);
  });

  it('below apiView give a static method its policies', async () => {
    expect((await call(view(Views.closed))).status).toBe(403);
    expect((await call(view(Views.byOptions))).status).toBe(403);
  });

  it('path() takes the decorated method', async () => {
    const routes = handle([path('/hello', Views.hello)]);
    expect((await call(routes, { path: '/hello' })).json).toEqual(['hello', 'GET', 'ann']);
  });

  it('D-081: in the wrong order are refused, with the right one', () => {
    expect(mistakes.wrongOrder).toThrow(TypeError);
    expect(mistakes.wrongOrder).toThrow(/^permissionClasses must come after \(below\) apiView/);
    expect(mistakes.wrongOrder).toThrow("@apiView(['GET'])\n  @permissionClasses(…)\n");
  });

  it('of one name twice are refused', () => {
    expect(mistakes.twice).toThrow('Twice is decorated with permissionClasses twice. Keep one.');
    expect(mistakes.twiceOnMethod).toThrow('view is decorated with permissionClasses twice. Keep one.');
  });

  it('beside a static or an option for the same policy are refused', () => {
    expect(mistakes.staticAndDecorator).toThrow('Both declares permissionClasses twice');
    expect(mistakes.optionAndDecorator).toThrow('view declares permissionClasses twice');
  });

  it('take a list: a class given bare is told the right form', () => {
    expect(mistakes.bareClass).toThrow(ImproperlyConfigured);
    expect(mistakes.bareClass).toThrow('permissionClasses takes a list of classes. Write permissionClasses([Refuse]).');
  });

  it('above an instance method are refused', () => {
    expect(mistakes.instanceMethod).toThrow('apiView stands above the instance method view. Make the method static');
    expect(mistakes.methodOfView).toThrow('@permissionClasses above the method MethodOfView.get would be ignored');
  });
});

const settings = defineSettings({ defaultAuthenticationClasses: [], defaultThrottleRates: { anon: '1/min' } });
abstract class AppView extends APIView {
  static override settings = settings;
}
const ok = (): Response => new Response('ok');

describe('apiView', () => {
  it('D-069: makes a handler of a function, which gets the request and the parameters of the route', async () => {
    const view = apiView(['GET'], { extends: AppView })((request: Request, params: { pk: number }) => {
      return new Response([request.method, params.pk]);
    });
    expect((await call(handle([path('/notes/<int:pk>', view)]), { path: '/notes/7' })).json).toEqual(['GET', 7]);
  });

  it('D-070 to D-072: answers GET by default, OPTIONS always, and HEAD only where it is listed', async () => {
    const view = apiView()(ok);
    expect((await call(view)).json).toBe('ok');
    expect((await call(view, { method: 'OPTIONS' })).status).toBe(200);
    const head = await call(view, { method: 'HEAD' });
    expect([head.status, head.headers.allow]).toEqual([405, 'GET, OPTIONS']);
    expect((await call(apiView(['GET', 'HEAD'])(ok), { method: 'HEAD' })).status).toBe(200);
  });

  it('D-073: takes methods in any case', async () => {
    const view = apiView(['get', 'PaTcH'])((request: Request) => new Response(request.method));
    expect((await call(view, { method: 'PATCH' })).json).toBe('PATCH');
    expect((await call(view, { method: 'DELETE' })).headers.allow).toBe('GET, PATCH, OPTIONS');
  });

  it('D-074: OPTIONS that is listed is the function’s own, and named once', async () => {
    const answer = await call(apiView(['OPTIONS'])(ok), { method: 'OPTIONS' });
    expect([answer.json, answer.headers.allow]).toEqual(['ok', 'OPTIONS']);
  });

  it('D-075: used without a call, says so', () => {
    const bare = apiView as unknown as (fn: unknown) => unknown;
    expect(() => bare(ok)).toThrow("apiView missing list of allowed HTTP methods: apiView(['GET'])(view).");
  });

  it('D-076: takes a list of methods only', () => {
    expect(() => apiView('GET' as never)).toThrow('apiView expected a list of strings, received string');
  });

  it('D-077: the view has the name of its function', async () => {
    const view = apiView()(function my_func_view() {
      return new Response();
    });
    expect((await call(view, { method: 'OPTIONS' })).json).toMatchObject({ name: 'My Func View' });
    expect(view.viewClass.name).toBe('my_func_view');
  });

  it('D-068: takes the description as an option', async () => {
    const view = apiView(['GET'], { description: 'Says ok.', viewName: 'Okay' })(ok);
    expect((await call(view, { method: 'OPTIONS' })).json).toMatchObject({ name: 'Okay', description: 'Says ok.' });
  });

  it('an unknown option is an error: a misspelled list would leave the view open', () => {
    const misspelled = { permissionClass: [IsAdminUser] } as object;
    expect(() => apiView(['GET'], misspelled)(ok)).toThrow(
      "apiView has no option 'permissionClass'. Options are: extends,",
    );
  });

  it('a base view that a cycle of imports left undefined is an error', () => {
    expect(() => apiView(['GET'], { extends: undefined as never })(ok)).toThrow('apiView got no class under `extends`');
  });

  it('takes policies from the view it extends, and none of its handlers', async () => {
    abstract class Members extends AppView {
      static override permissionClasses: PermissionClasses = [IsAuthenticated];
      override post(): Response {
        return new Response('open');
      }
    }
    expect((await call(apiView(['GET'], { extends: Members })(ok))).status).toBe(403);
    const open = apiView(['GET'], { extends: Members, permissionClasses: [AllowAny] })(ok);
    expect((await call(open)).status).toBe(200);
    expect((await call(open, { method: 'POST' })).status).toBe(405);
  });

  it('takes settings of its own', async () => {
    const closed = defineSettings({ defaultPermissionClasses: [IsAdminUser], defaultAuthenticationClasses: [] });
    expect((await call(apiView(['GET'], { settings: closed })(ok))).status).toBe(403);
  });

  it('builds one class, when it is applied, and serves concurrent requests apart', async () => {
    const view = apiView()(async (request: Request) => {
      await new Promise((resolve) => setTimeout(resolve, request.path === '/1' ? 10 : 0));
      return new Response(request.path);
    });
    const server = await serve(view);
    const answers = await Promise.all([server.request({ path: '/1' }), server.request({ path: '/2' })]);
    await server.close();
    expect(answers.map((answer) => answer.json)).toEqual(['/1', '/2']);
    expect(view.viewClass).toBe(view.viewClass);
  });
});

describe('policy helpers around a function', () => {
  class Never extends BaseThrottle {
    allowRequest(): boolean {
      return false;
    }
  }

  it('D-078: each sets its policy, and the function comes back', async () => {
    const refuse = permissionClasses([IsAdminUser]);
    const fn = (): Response => new Response('ok');
    expect(refuse(fn)).toBe(fn);
    expect((await call(apiView(['GET'], { extends: AppView })(fn))).status).toBe(403);
    const throttled = apiView(['GET'], { extends: AppView })(throttleClasses([Never])((): Response => new Response()));
    expect((await call(throttled)).status).toBe(429);
    const silent = apiView(['POST'], { extends: AppView })(
      parserClasses([])((request: Request): Response => new Response(request.data)),
    );
    expect((await call(silent, { method: 'POST', body: {} })).status).toBe(415);
  });

  it('D-079: metadataClass(null) switches OPTIONS off', async () => {
    const view = apiView()(metadataClass(null)(() => new Response()));
    expect((await call(view, { method: 'OPTIONS' })).status).toBe(405);
  });

  it('D-080: views of one scope share a counter, throttleScope(null) has none, an unknown scope is an error', async () => {
    const { logger, errors } = errorLog();
    const scoped = (scope: string | null): Handler =>
      apiView(['GET'], { settings: rates })(
        throttleScope(scope)(throttleClasses([ScopedRateThrottle])((): Response => new Response())),
      );
    const rates = defineSettings({
      logger,
      defaultAuthenticationClasses: [],
      defaultThrottleRates: { burst: '1/min' },
    });
    expect((await call(scoped('burst'))).status).toBe(200);
    expect((await call(scoped('burst'))).status).toBe(429);
    for (let i = 0; i < 3; i++) expect((await call(scoped(null))).status).toBe(200);
    expect((await call(scoped('misspelled'))).status).toBe(500);
    expect(String(errors[0])).toContain("No default throttle rate set for 'misspelled' scope");
  });

  it.each([
    ['authenticationClasses', authenticationClasses([])],
    ['permissionClasses', permissionClasses([])],
    ['throttleClasses', throttleClasses([])],
    ['parserClasses', parserClasses([])],
    ['rendererClasses', rendererClasses([])],
    ['contentNegotiationClass', contentNegotiationClass(sallyport.DefaultContentNegotiation)],
    ['metadataClass', metadataClass(null)],
    ['versioningClass', versioningClass(null)],
    ['throttleScope', throttleScope(null)],
  ] as const)('D-081: %s outside apiView is a TypeError with the right order', (name, helper) => {
    const built = apiView()(() => new Response());
    expect(() => helper(built)).toThrow(TypeError);
    expect(() => helper(built)).toThrow(
      `${name} must come after (below) apiView: a built view can't be changed any more. The correct order is:\n\n` +
        `  @apiView(['GET'])\n  @${name}(…)\n  static myView(request) { … }\n\nor apiView(['GET'])(${name}(…)(myView)).`,
    );
    expect(() => helper(APIView.asView.call(AppView as never))).toThrow(TypeError);
  });

  it('a helper called without a list says how', () => {
    for (const wrong of [undefined, null, 'x', {}, new Set()]) {
      expect(() => permissionClasses(wrong as never)).toThrow('Write permissionClasses([…]).');
    }
  });
});

describe('handler()', () => {
  it('gives the handler of a decorated method its type back, and refuses what is none', () => {
    const view = apiView()(ok);
    expect(handler(view)).toBe(view);
    expect(() => handler(ok)).toThrow('ok is no view. Is apiView missing?');
  });
});
