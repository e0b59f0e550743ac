import { expect, it } from '@jest/globals';
import express from 'express';
import express4 from 'express4';
import type { Request } from 'sallyport';
import { JSONParser } from 'sallyport';
import { describeHosts } from './hosts';
import { viewOf } from './views';

const echo = viewOf((request) => request.data);
const json = { 'Content-Type': 'application/json' };
const form = { 'Content-Type': 'application/x-www-form-urlencoded' };

describeHosts('a body', ({ serve, serveOne }) => {
  it('of JSON or of a form is read', async () => {
    const site = await serveOne(echo);
    expect((await site.request('/', { method: 'POST', body: { a: ['ß'] } })).json).toEqual({ a: ['ß'] });
    expect((await site.request('/', { method: 'POST', body: 'a=%C3%BC&b=2', headers: form })).json).toEqual({
      a: 'ü',
      b: '2',
    });
  });

  it('that comes in chunks is read', async () => {
    const site = await serveOne(echo);
    const large = { a: 'x'.repeat(200_000) };
    expect((await site.request('/', { method: 'POST', body: large, chunked: true })).json).toEqual(large);
  });

  it('of several parts is read', async () => {
    const parts = (name: string, rest: string): string =>
      `--limit\r\nContent-Disposition: form-data; name="${name}"${rest}\r\n\r\n${name} text\r\n`;
    const site = await serveOne(
      viewOf(async (request) => {
        const file = request.files.get('file') as { name: string; size: number };
        return [request.POST.get('field'), file.name, file.size];
      }),
    );
    const answer = await site.request('/', {
      method: 'POST',
      headers: { 'Content-Type': 'multipart/form-data; boundary=limit' },
      body: `${parts('field', '')}${parts('file', '; filename="a.txt"')}--limit--\r\n`,
    });
    expect(answer.json).toEqual(['field text', 'a.txt', 9]);
  });

  it('that is malformed is a parse error', async () => {
    const site = await serveOne(echo);
    const answer = await site.request('/', { method: 'POST', body: '{"a":', headers: json });
    expect([answer.status, (answer.json as { detail: string }).detail]).toEqual([
      400,
      expect.stringMatching(/^JSON parse error - /),
    ]);
  });

  it('of a type that nobody reads is refused, once it is looked at', async () => {
    const site = await serve({ views: { '/looks': echo, '/not': viewOf(() => 'ok') } });
    const send = { method: 'POST', body: 'a', headers: { 'Content-Type': 'text/csv' } };
    const refused = await site.request('/looks', send);
    expect([refused.status, refused.json]).toEqual([415, { detail: 'Unsupported media type "text/csv" in request.' }]);
    expect((await site.request('/not', send)).json).toBe('ok');
  });

  it.each([false, true])('over the limit is refused (in chunks: %p), and the host goes on', async (chunked) => {
    const site = await serveOne(viewOf((request) => request.data, { dataUploadMaxMemorySize: 1000 }));
    const answer = await site.request('/', { method: 'POST', body: { a: 'x'.repeat(2000) }, chunked });
    expect([answer.status, answer.json]).toEqual([413, { detail: 'Request body is too large.' }]);
    expect((await site.request('/', { method: 'POST', body: { a: 1 } })).json).toEqual({ a: 1 });
  });

  it('that is not there is an empty object, whatever the method', async () => {
    const site = await serveOne(viewOf((request) => [request.hasBody, request.data]));
    expect((await site.request('/', { method: 'DELETE' })).json).toEqual([false, {}]);
    const headers = { 'Content-Length': 0, ...json };
    expect((await site.request('/', { method: 'POST', headers })).json).toEqual([false, {}]);
  });

  it('is there as bytes', async () => {
    const site = await serveOne(viewOf(async (request) => (await request.body()).toString('hex')));
    const body = Buffer.from([0, 255, 128]);
    expect((await site.request('/', { method: 'POST', body, headers: { 'Content-Type': 'x/y' } })).json).toBe('00ff80');
  });

  it('is not read of those who are refused', async () => {
    class Look extends JSONParser {
      override async parse(): Promise<unknown> {
        throw new Error('was read');
      }
    }
    const refuse = (request: Request): unknown => request.data;
    const site = await serveOne(
      viewOf(refuse, {
        defaultParserClasses: [Look],
        defaultPermissionClasses: [
          class {
            hasPermission = (): boolean => false;
          },
        ],
      }),
    );
    expect((await site.request('/', { method: 'POST', body: { a: 1 } })).status).toBe(403);
  });
});

describeHosts(
  'a body that the host has parsed',
  ({ host, serveOne }) => {
    const parsers = host.name === 'Express 4' ? express4 : express;

    it('of JSON is taken as it is', async () => {
      const site = await serveOne(echo, { before: [parsers.json()] });
      expect((await site.request('/', { method: 'POST', body: { a: [1] } })).json).toEqual({ a: [1] });
    });

    it('of a form is taken as it is', async () => {
      const site = await serveOne(echo, { before: [parsers.urlencoded({ extended: false })] });
      const answer = await site.request('/', { method: 'POST', body: 'a=1&a=2&b=3', headers: form });
      expect(answer.json).toEqual({ a: ['1', '2'], b: '3' });
    });

    it('is read by us where the parser of the host passed it by', async () => {
      const site = await serveOne(echo, { before: [parsers.json()] });
      expect((await site.request('/', { method: 'POST', body: 'a=1', headers: form })).json).toEqual({ a: '1' });
    });

    it('is none where the client sent none', async () => {
      const site = await serveOne(echo, { before: [parsers.json()] });
      expect((await site.request('/', { method: 'POST', headers: { 'Content-Length': 0 } })).json).toEqual({});
    });

    it('of a type that no parser of the view reads is refused all the same', async () => {
      const view = viewOf((request) => request.data, { defaultParserClasses: [JSONParser] });
      const site = await serveOne(view, { before: [parsers.urlencoded({ extended: false })] });
      const answer = await site.request('/', { method: 'POST', body: 'a=1', headers: form });
      expect(answer.status).toBe(415);
    });

    it('has no bytes any more, which is told to the developer', async () => {
      const errors: unknown[] = [];
      const logger = { error: (context: object) => errors.push((context as { err: unknown }).err) };
      const site = await serveOne(
        viewOf((request) => request.body(), { logger }),
        {
          before: [parsers.json()],
          onError: (error) => errors.push(error),
        },
      );
      expect((await site.request('/', { method: 'POST', body: { a: 1 } })).status).toBe(500);
      expect(errors).toMatchObject([{ message: expect.stringContaining('rawBody') as unknown }]);
    });

    it('has its bytes where the host keeps them', async () => {
      const keep = parsers.json({
        verify: (request, _response, bytes) => {
          (request as { rawBody?: Buffer }).rawBody = bytes;
        },
      });
      const site = await serveOne(
        viewOf(async (request) => (await request.body()).toString()),
        { before: [keep] },
      );
      expect((await site.request('/', { method: 'POST', body: { a: 1 } })).json).toBe('{"a":1}');
    });
  },
  { hasMiddleware: true },
);
