import { describe, expect, it } from '@jest/globals';
import express from 'express';
import express4 from 'express4';
import { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { APIView, defineSettings, IsAuthenticated, Response } from 'sallyport';
import type { Request } from 'sallyport';
import { createServer, type ExpressApp } from 'sallyport/express';

class Echo extends APIView {
  static override settings = defineSettings({ defaultAuthenticationClasses: [] });
  override get(request: Request): Response {
    return new Response({ path: request.getFullPath() });
  }
  override post(request: Request): Response {
    return new Response(request.data, { status: 201 });
  }
}

function application(create: typeof express): ExpressApp {
  const app = create();
  // Middleware that patches a response, as compression and loggers do.
  app.use((_request, response, next) => {
    const end = response.end.bind(response);
    response.setHeader('X-Patched', 'yes');
    response.end = ((...args: Parameters<typeof end>) => end(...args)) as typeof response.end;
    next();
  });
  app.use('/json', create.json());
  app.all(['/', '/json'], Echo.asView());
  app.get('/kind', (request, response) => {
    response.json({
      host: request.get('host') !== undefined,
      is: [request instanceof IncomingMessage, response instanceof ServerResponse],
    });
  });
  app.all('/closed', Echo.asView({ permissionClasses: [IsAuthenticated] }));
  return app;
}

async function ask(
  app: ExpressApp,
  path: string,
  init?: RequestInit,
): Promise<readonly [globalThis.Response, unknown]> {
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${String(port)}${path}`, init);
    return [response, await response.json()];
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe.each([
  ['Express 5', express],
  ['Express 4', express4],
])('createServer with %s', (_name, create) => {
  it('serves views and plain handlers, with what middleware adds', async () => {
    const [response, data] = await ask(application(create), '/?a=1');
    expect([response.status, response.headers.get('x-patched'), data]).toEqual([200, 'yes', { path: '/?a=1' }]);
    expect((await ask(application(create), '/kind'))[1]).toEqual({ host: true, is: [true, true] });
  });

  it.each(['/', '/json'])('reads a body, whoever parses it (%s)', async (path) => {
    const init = { method: 'POST', body: '{"n":1}', headers: { 'content-type': 'application/json' } };
    const [response, data] = await ask(application(create), path, init);
    expect([response.status, data]).toEqual([201, { n: 1 }]);
  });

  it('refuses as anywhere', async () => {
    const [response, data] = await ask(application(create), '/closed');
    expect(response.status).toBe(403);
    expect(data).toEqual({ detail: 'You do not have permission to perform this action.' });
  });
});
