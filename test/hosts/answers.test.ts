import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import {
  AnonRateThrottle,
  APIView,
  BasicAuthentication,
  defineSettings,
  IsAdminUser,
  IsAuthenticated,
  JSONRenderer,
  NotFound,
  onResponse,
  Response,
} from 'sallyport';
import type { PermissionClasses, RendererClasses, ThrottleClasses } from 'sallyport';
import { fastPasswordHashers, MemoryUserStore } from 'sallyport/testing';
import { describeHosts } from './hosts';
import { logger, viewOf } from './views';

const users = new MemoryUserStore({ hashers: fastPasswordHashers });
const ann = users.createUser({ username: 'ann', password: 'secret' });
const asAnn = { Authorization: `Basic ${Buffer.from('ann:secret').toString('base64')}` };

abstract class AppView extends APIView {
  static override settings = defineSettings({ users, logger, defaultAuthenticationClasses: [BasicAuthentication] });
}

class Pong extends AppView {
  override get(): Response {
    return new Response('pong');
  }
}

class Closed extends Pong {
  static override permissionClasses: PermissionClasses = [IsAuthenticated];
}

class ForStaff extends Pong {
  static override permissionClasses: PermissionClasses = [IsAdminUser];
}

describeHosts('a view', ({ serve, serveOne }) => {
  it('answers JSON with its length', async () => {
    const site = await serveOne(viewOf(() => ({ name: 'ß€😀' })));
    const answer = await site.request('/');
    expect([answer.status, answer.json]).toEqual([200, { name: 'ß€😀' }]);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(answer.text)),
      allow: 'GET, POST, DELETE, HEAD, OPTIONS',
    });
  });

  it('asks for credentials with a challenge', async () => {
    const site = await serveOne(Closed);
    const answer = await site.request('/');
    expect([answer.status, answer.json]).toEqual([401, { detail: 'Authentication credentials were not provided.' }]);
    expect(answer.headers['www-authenticate']).toBe('Basic realm="api"');
    const wrong = await site.request('/', { headers: { Authorization: 'Basic YW5uOndyb25n' } });
    expect([wrong.status, wrong.json]).toEqual([401, { detail: 'Invalid username/password.' }]);
  });

  it('lets in whom it knows, and mirrors them to the host', async () => {
    let seen: unknown;
    class Mirror extends Closed {
      override get(): Response {
        seen = this.request.raw.user;
        return super.get();
      }
    }
    const site = await serveOne(Mirror);
    expect((await site.request('/', { headers: asAnn })).json).toBe('pong');
    expect(seen).toBe(await ann);
  });

  it('refuses those who may not', async () => {
    const site = await serveOne(ForStaff);
    const answer = await site.request('/', { headers: asAnn });
    expect([answer.status, answer.json]).toEqual([
      403,
      { detail: 'You do not have permission to perform this action.' },
    ]);
  });

  it('answers 404 for an object that is not there', async () => {
    const site = await serveOne(
      viewOf(() => {
        throw new NotFound();
      }),
    );
    const answer = await site.request('/');
    expect([answer.status, answer.json]).toEqual([404, { detail: 'Not found.' }]);
  });

  it('answers 405 to methods that it does not have', async () => {
    const site = await serveOne(Pong);
    const answer = await site.request('/', { method: 'PUT', body: { a: 1 } });
    expect([answer.status, answer.json]).toEqual([405, { detail: 'Method "PUT" not allowed.' }]);
    expect(answer.headers.allow).toBe('GET, HEAD, OPTIONS');
  });

  it('answers 429 to those who come too often', async () => {
    class Limited extends Pong {
      static override settings = defineSettings({
        defaultAuthenticationClasses: [],
        defaultThrottleRates: { anon: '1/h' },
      });
      static override throttleClasses: ThrottleClasses = [AnonRateThrottle];
    }
    const site = await serveOne(Limited);
    expect((await site.request('/')).status).toBe(200);
    const answer = await site.request('/');
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '3600']);
  });

  it('answers HEAD as GET, without the body', async () => {
    const site = await serveOne(Pong);
    const answer = await site.request('/', { method: 'HEAD' });
    expect([answer.status, answer.text, answer.headers['content-length']]).toEqual([200, '', '6']);
  });

  it('tells about itself', async () => {
    const site = await serveOne(Pong);
    const answer = await site.request('/', { method: 'OPTIONS' });
    expect([answer.status, answer.json]).toMatchObject([200, { name: 'Pong', renders: ['application/json'] }]);
  });

  it('answers 204 without body and length', async () => {
    const site = await serveOne(viewOf(() => new Response(null, { status: 204 })));
    const answer = await site.request('/', { method: 'DELETE' });
    expect([answer.status, answer.text, answer.headers['content-length']]).toEqual([204, '', undefined]);
  });

  it('gets the parameters of the route', async () => {
    const site = await serve({ views: { '/users/<name>/notes/<pk>': viewOf((_request, params) => params) } });
    expect((await site.request('/users/a%20%C3%BC/notes/7')).json).toEqual({ name: 'a ü', pk: '7' });
  });

  it('knows the address, the host and the URL', async () => {
    const site = await serveOne(
      viewOf((request) => [request.buildAbsoluteUri(), request.META['REMOTE_ADDR'], request.META['HTTP_HOST']]),
    );
    const { json } = await site.request('/?a=1&a=2');
    const authority = (json as string[])[2];
    expect(json).toEqual([`http://${authority!}/?a=1&a=2`, '127.0.0.1', expect.stringMatching(/^127\.0\.0\.1/)]);
  });

  it('knows headers by names of headers only', async () => {
    const site = await serveOne(viewOf(({ META, headers }) => [Object.keys(META), [...headers.keys()]]));
    const [meta, headers] = (await site.request('/', { headers: { 'X-Name': 'ann' } })).json as [string[], string[]];
    expect(meta).toContain('HTTP_X_NAME');
    expect(headers).toContain('x-name');
    expect([...meta, ...headers].filter((name) => name.includes(':'))).toEqual([]);
  });

  it('sends the answer of the platform', async () => {
    const answers: Record<string, () => globalThis.Response> = {
      '/redirect': () => globalThis.Response.redirect('https://other.example/', 302),
      '/stream': () => {
        const parts = ['a', 'b', 'c'].values();
        return new globalThis.Response(
          new ReadableStream({
            async pull(controller) {
              await pause(1);
              const { done, value } = parts.next();
              if (done === true) controller.close();
              else controller.enqueue(Buffer.from(value));
            },
          }),
          {
            headers: [
              ['Set-Cookie', 'a=1'],
              ['Set-Cookie', 'b=2'],
              ['Content-Type', 'text/plain'],
            ],
          },
        );
      },
    };
    const site = await serve({
      views: Object.fromEntries(Object.entries(answers).map(([path, answer]) => [path, viewOf(answer)])),
    });
    const redirect = await site.request('/redirect');
    expect([redirect.status, redirect.headers.location]).toEqual([302, 'https://other.example/']);
    const stream = await site.request('/stream');
    expect([stream.text, stream.headers['set-cookie'], stream.headers['content-type']]).toEqual([
      'abc',
      ['a=1', 'b=2'],
      'text/plain',
    ]);
  });

  it('breaks the answer off where half of it is out', async () => {
    const broken = viewOf(
      () =>
        new globalThis.Response(
          new ReadableStream({
            start: (controller) => {
              controller.enqueue(Buffer.from('half'));
            },
            async pull(controller) {
              await pause(5);
              controller.error(new Error('disk'));
            },
          }),
        ),
    );
    const site = await serveOne(broken);
    await expect(site.request('/')).rejects.toThrow();
  });

  it('runs what is registered for the end of the request', async () => {
    const site = await serveOne(
      viewOf((request) => {
        onResponse(request.raw, async ({ status, headers }) => {
          await pause(1);
          headers.append('Set-Cookie', `status=${String(status)}`);
        });
        if (request.method === 'POST') throw new NotFound();
        return 'ok';
      }),
    );
    expect((await site.request('/')).headers['set-cookie']).toEqual(['status=200']);
    expect((await site.request('/', { method: 'POST' })).headers['set-cookie']).toEqual(['status=404']);
  });

  it('varies on what it looked at', async () => {
    class Other extends JSONRenderer {
      override readonly mediaType = 'application/other';
    }
    class Varied extends Pong {
      static override rendererClasses: RendererClasses = [JSONRenderer, Other];
    }
    const site = await serveOne(Varied);
    expect((await site.request('/')).headers.vary).toBe('Accept');
  });
});
