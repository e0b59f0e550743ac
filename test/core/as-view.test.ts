import { describe, expect, it } from '@jest/globals';
import { AllowAny, APIView, BasePermission, defineSettings, IsAuthenticated, Response } from 'sallyport';
import type { AuthenticationClasses, HostRequest, Params, PermissionClasses } from 'sallyport';
import { call, errorLog, serve } from '../support/server';

class Greeting extends APIView {
  static greeting = 'hello';
  static override authenticationClasses: AuthenticationClasses = [];

  override get(): Response {
    return new Response((this.constructor as typeof Greeting).greeting);
  }
}

describe('asView', () => {
  it('D-001: makes a new view for every request, so that nothing leaks from one into the next', async () => {
    class Counter extends APIView {
      private count = 0;
      override get(): Response {
        return new Response(++this.count);
      }
    }
    const server = await serve(Counter.asView());
    const answers = [await server.request(), await server.request()];
    await server.close();
    expect(answers.map((answer) => answer.json)).toEqual([1, 1]);
  });

  it('D-002: refuses the name of an HTTP method as an override', () => {
    expect(() => Greeting.asView({ get: () => new Response() })).toThrow(
      new TypeError('The method name get is not accepted as a keyword argument to Greeting().'),
    );
  });

  it('D-003: refuses a name that the class does not have', () => {
    expect(() => Greeting.asView({ foo: 1 })).toThrow(
      new TypeError(
        "Greeting() received an invalid keyword 'foo'. asView only accepts arguments that are already attributes of the class.",
      ),
    );
  });

  it('D-004: overrides statics for this handler only', async () => {
    const closed = Greeting.asView({ permissionClasses: [IsAuthenticated], greeting: 'overridden' });
    expect((await call(closed)).status).toBe(403);
    expect((await call(Greeting.asView({ greeting: 'overridden' }))).json).toBe('overridden');
    expect((await call(Greeting.asView())).json).toBe('hello');
    expect(Greeting.permissionClasses).toBeUndefined();
  });

  it('D-004: an override is nearer than a static of the class and than the settings', async () => {
    class Closed extends Greeting {
      static override permissionClasses: PermissionClasses = [IsAuthenticated];
      static override settings = defineSettings({ defaultPermissionClasses: [IsAuthenticated] });
    }
    expect((await call(Closed.asView({ permissionClasses: [AllowAny] }))).status).toBe(200);
  });

  it('takes other settings, whose defaults then hold', async () => {
    const settings = defineSettings({ defaultPermissionClasses: [IsAuthenticated] });
    expect((await call(Greeting.asView({ settings }))).status).toBe(403);
  });

  it('D-005: the handler names its class and its overrides', () => {
    const overrides = { permissionClasses: [AllowAny] };
    const handler = Greeting.asView(overrides);
    expect(handler.viewClass).toBe(Greeting);
    expect(handler.initkwargs).toBe(overrides);
  });

  it('keeps the name of the class in what it tells about itself', async () => {
    const answer = await call(Greeting.asView({ greeting: 'other' }), { method: 'OPTIONS' });
    expect(answer.json).toMatchObject({ name: 'Greeting' });
  });

  it('D-010: never calls a handler whose name is not in httpMethodNames', async () => {
    class Short extends Greeting {
      static override httpMethodNames = ['get', 'options'];
      override post(): Response {
        return new Response('open');
      }
    }
    const answer = await call(Short.asView(), { method: 'POST' });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('GET, OPTIONS');
  });

  it('D-010: takes the shorter list as an override too, in any case', async () => {
    const answer = await call(Greeting.asView({ httpMethodNames: ['OPTIONS'] }));
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('OPTIONS');
  });

  it('D-011, D-013: HEAD runs the GET handler, and tells the length of the body that it leaves out', async () => {
    class Method extends APIView {
      override get(): Response {
        return new Response({ method: this.request.method });
      }
    }
    const answer = await call(Method.asView(), { method: 'HEAD' });
    expect(answer.status).toBe(200);
    expect(answer.text).toBe('');
    expect(answer.headers['content-length']).toBe(String('{"method":"HEAD"}'.length));
  });

  it('D-011: HEAD has a handler of its own where the view has one', async () => {
    class Own extends Greeting {
      override head(): Response {
        return new Response(null, { status: 204 });
      }
    }
    expect((await call(Own.asView(), { method: 'HEAD' })).status).toBe(204);
  });

  it('D-011: HEAD is refused where there is no GET', async () => {
    class Inbox extends APIView {
      override post(): Response {
        return new Response();
      }
    }
    const answer = await call(Inbox.asView(), { method: 'HEAD' });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('POST, OPTIONS');
  });

  it('D-014: handlers may answer with a promise', async () => {
    class Later extends APIView {
      override async get(): Promise<Response> {
        await Promise.resolve();
        return new Response('later');
      }
    }
    expect((await call(Later.asView())).json).toBe('later');
  });

  it('calls setup before the cycle, with the request of the host and the parameters of its route', async () => {
    const seen: unknown[] = [];
    class Watched extends Greeting {
      override setup(raw: HostRequest, params: Params): void {
        super.setup(raw, params);
        seen.push(raw.method, this.params);
      }
    }
    await call(Watched.asView());
    expect(seen).toEqual(['GET', {}]);
  });

  it('D-012: a setup that forgets its base class loses the parameters, and not the request', async () => {
    class Forgetful extends Greeting {
      override setup(): void {
        return undefined;
      }
      override get(): Response {
        return new Response([this.request.method, this.params]);
      }
    }
    expect((await call(Forgetful.asView())).json).toEqual(['GET', {}]);
  });

  it('serves several requests at once without mixing them up', async () => {
    class Echo extends APIView {
      override async get(): Promise<Response> {
        const { path } = this.request;
        await new Promise((resolve) => setTimeout(resolve, path === '/slow' ? 20 : 0));
        return new Response([path, this.request.path]);
      }
    }
    const server = await serve(Echo.asView());
    const [slow, quick] = await Promise.all([server.request({ path: '/slow' }), server.request({ path: '/quick' })]);
    await server.close();
    expect(slow.json).toEqual(['/slow', '/slow']);
    expect(quick.json).toEqual(['/quick', '/quick']);
  });

  it('makes each policy anew for every request, with the settings of the view', async () => {
    const seen: unknown[] = [];
    const settings = defineSettings();
    class Remember extends BasePermission {
      override hasPermission(): boolean {
        seen.push(this, this.settings);
        return true;
      }
    }
    const server = await serve(Greeting.asView({ settings, permissionClasses: [Remember] }));
    await server.request();
    await server.request();
    await server.close();
    expect(seen[0]).toBeInstanceOf(Remember);
    expect(seen[2]).not.toBe(seen[0]);
    expect(seen[1]).toBe(settings);
  });

  it('D-015: an error in the constructor of a policy is a server error, not an answer of the cycle', async () => {
    const { logger, errors } = errorLog();
    const broken = new Error('no such file');
    class Broken extends BasePermission {
      constructor() {
        super(defineSettings());
        throw broken;
      }
    }
    const view = Greeting.asView({ settings: defineSettings({ logger }), permissionClasses: [Broken] });
    const answer = await call(view);
    expect(answer.status).toBe(500);
    expect(answer.json).toEqual({ error: 'Server Error (500)' });
    expect(errors).toEqual([broken]);
  });
});
