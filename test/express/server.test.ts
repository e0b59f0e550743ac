import { describe, expect, it } from '@jest/globals';
import express, { type RequestHandler } from 'express';
import express4 from 'express4';
import { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGzip } from 'node:zlib';
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

/** What the package on-headers does: its listener has its say when the head is about to be written. */
const changingHead: RequestHandler = (_request, response, next) => {
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => typeof response;
  response.writeHead = ((status: number, ...rest: unknown[]) => {
    response.setHeader('X-Status', String(status));
    return writeHead(status, ...rest);
  }) as typeof response.writeHead;
  next();
};

/** What the package compression does. */
const compressing: RequestHandler = (_request, response, next) => {
  const gzip = createGzip();
  const [write, end] = [response.write.bind(response), response.end.bind(response)];
  gzip.on('data', (chunk: Buffer) => void write(chunk)).on('end', () => void end());
  const begin = (): void => {
    if (response.headersSent || response.hasHeader('Content-Encoding')) return;
    response.setHeader('Content-Encoding', 'gzip');
    response.removeHeader('Content-Length');
  };
  response.write = ((chunk: Buffer | string) => {
    begin();
    return gzip.write(chunk);
  }) as typeof response.write;
  response.end = ((chunk?: Buffer | string) => {
    begin();
    gzip.end(chunk);
    return response;
  }) as typeof response.end;
  next();
};

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

  it('lets middleware compress an answer as it is written, and change its head with the first write', async () => {
    const app = create();
    app.use(changingHead, compressing);
    app.all('/', Echo.asView());
    const [response, data] = await ask(app, '/?a=1');
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(response.headers.get('content-length')).toBeNull();
    expect(response.headers.get('x-status')).toBe('200');
    expect(data).toEqual({ path: '/?a=1' });
  });

  it('lets a logger see the end of an answer', async () => {
    const lines: string[] = [];
    const app = create();
    app.use((request, response, next) => {
      response.once('finish', () => {
        lines.push(
          `${request.method} ${request.originalUrl} ${String(response.statusCode)} ${String(response.get('allow'))}`,
        );
      });
      next();
    });
    app.all('/closed', Echo.asView({ permissionClasses: [IsAuthenticated] }));
    await ask(app, '/closed');
    expect(lines).toEqual(['GET /closed 403 GET, POST, HEAD, OPTIONS']);
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
