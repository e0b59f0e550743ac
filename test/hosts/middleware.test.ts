import { gunzipSync, gzipSync } from 'node:zlib';
import type { ServerResponse } from 'node:http';
import { expect, it } from '@jest/globals';
import { onResponse, Response } from 'sallyport';
import type { HostRequest } from 'sallyport';
import { describeHosts, type Middleware } from './hosts';
import { viewOf } from './views';

/** Says, as a middleware for other origins does, that they may read, and on what that depends. */
const otherOrigins: Middleware = (_request, response, next) => {
  response.setHeader('Access-Control-Allow-Origin', 'https://app.example');
  response.setHeader('Vary', 'Origin');
  response.setHeader('Set-Cookie', 'host=1');
  response.setHeader('X-Frame-Options', 'DENY');
  next();
};

/** Collects what is written, and sends it zipped, in letters. */
function zip(response: ServerResponse): void {
  const { write, end } = response;
  const chunks: Buffer[] = [];
  response.write = ((chunk: string | Uint8Array) => chunks.push(Buffer.from(chunk as string)) > 0) as never;
  response.end = ((chunk: string | Uint8Array = '') => {
    chunks.push(Buffer.from(chunk as string));
    response.write = write; // over HTTP/2, `end` writes by it
    return end.call(response, gzipSync(Buffer.concat(chunks)).toString('base64'), 'latin1');
  }) as never;
}

function announce(response: ServerResponse): void {
  response.removeHeader('Content-Length');
  response.setHeader('Content-Encoding', 'zip-in-letters');
}

/** Decides when the head is written, from the headers that were set before. */
const zipAtHead: Middleware = (_request, response, next) => {
  const { writeHead } = response;
  response.writeHead = (status: number) => {
    if (response.getHeader('Content-Type') !== undefined) announce(response);
    return writeHead.call(response, status);
  };
  zip(response);
  next();
};

/** Decides when the first bytes of the body come. */
const zipAtBody: Middleware = (_request, response, next) => {
  zip(response);
  for (const method of ['write', 'end'] as const) {
    const zipped = response[method].bind(response) as (chunk?: string) => unknown;
    response[method] = ((chunk?: string) => {
      if (!response.headersSent) announce(response);
      return zipped(chunk);
    }) as never;
  }
  next();
};

describeHosts(
  'middleware before a view',
  ({ serveOne }) => {
    it('keeps its headers, beside those of the view', async () => {
      const answered = viewOf(() => new Response('a', { headers: { Vary: 'Cookie', 'Set-Cookie': 'view=2' } }));
      const failed = viewOf((request) => {
        onResponse(request.raw, ({ headers }) => {
          headers.append('Set-Cookie', 'view=2');
          headers.set('Vary', 'Cookie');
        });
        return globalThis.Response.json('a');
      });
      for (const view of [answered, failed]) {
        const site = await serveOne(view, { before: [otherOrigins] });
        expect((await site.request('/')).headers).toMatchObject({
          'access-control-allow-origin': 'https://app.example',
          vary: 'Origin, Cookie',
          'set-cookie': ['host=1', 'view=2'],
          'x-frame-options': 'DENY',
        });
      }
    });

    it('sees at the end who it was', async () => {
      let seen: unknown;
      const watch: Middleware = (request, response, next) => {
        response.once('finish', () => (seen = (request as HostRequest).user));
        next();
      };
      const site = await serveOne(
        viewOf((request) => {
          request.user = { isAuthenticated: true, isActive: true, pk: 7 };
          return 'ok';
        }),
        { before: [watch] },
      );
      await site.request('/');
      expect(seen).toMatchObject({ pk: 7 });
    });

    it.each([
      ['the head', zipAtHead],
      ['the body', zipAtBody],
    ])('may change the answer when %s is written', async (_when, before) => {
      const text = 'x'.repeat(10_000);
      const view = viewOf((request) => (request.method === 'POST' ? new globalThis.Response(text) : text));
      const site = await serveOne(view, { before: [before] });
      for (const [method, body] of [
        ['GET', JSON.stringify(text)],
        ['POST', text],
      ] as const) {
        const { status, headers, text } = await site.request('/', { method });
        expect([status, headers.allow]).toEqual([200, 'GET, POST, DELETE, HEAD, OPTIONS']);
        expect(headers['content-encoding']).toBe('zip-in-letters');
        expect(gunzipSync(Buffer.from(text, 'base64')).toString()).toBe(body);
      }
    });

    it('may change the answer to a path that nobody serves', async () => {
      const site = await serveOne(
        viewOf(() => 'ok'),
        { before: [zipAtHead] },
      );
      const { status, text } = await site.request('/other');
      expect([status, gunzipSync(Buffer.from(text, 'base64')).toString()]).toEqual([
        404,
        expect.stringMatching(/not found|Cannot GET/i),
      ]);
    });

    it('may count what is sent, which is no change', async () => {
      const calls: unknown[] = [];
      const watch: Middleware = (_request, response, next) => {
        const { writeHead } = response;
        response.writeHead = (...args: [number]) => {
          calls.push(args);
          return writeHead.apply(response, args);
        };
        next();
      };
      const site = await serveOne(
        viewOf(() => new Response(null, { status: 201 })),
        { before: [watch] },
      );
      expect((await site.request('/')).status).toBe(201);
      expect(calls).toEqual([[201]]);
    });
  },
  { hasMiddleware: true },
);
