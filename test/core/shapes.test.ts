import { afterEach, describe, expect, it } from '@jest/globals';
import express from 'express';
import express4 from 'express4';
import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';
import { APIView, defineSettings, handle, path, Response } from 'sallyport';
import type { Handler, Request } from 'sallyport';
import { createServer } from 'sallyport/express';
import { createSink } from '../support/sink';

setFlagsFromString('--allow-natives-syntax');
const isInTable = runInThisContext('(object) => !%HasFastProperties(object)') as (object: object) => boolean;

/** Below Node 24 Express leaves objects whose shape nobody shares. */
const ARE_UNSTEADY = Number(process.versions.node.split('.')[0]) < 24;

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serve(made: Server): Promise<string> {
  server = made;
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${String((made.address() as AddressInfo).port)}`;
}

/** A view that keeps the requests of its host. */
function keeping(kept: object[]): Handler {
  class Echo extends APIView {
    static override settings = defineSettings({ defaultAuthenticationClasses: [] });
    override get(request: Request): Response {
      kept.push(request.raw);
      return new Response({ path: request.path });
    }
    override post(request: Request): Response {
      return new Response({ complete: (request.raw as { complete?: boolean }).complete, data: request.data });
    }
  }
  return Echo.asView();
}

describe.each([
  ['Express 5', express],
  ['Express 4', express4],
])('Under %s', (_name, create) => {
  it.each([
    ['a view', (view: Handler) => view],
    ['a list of routes', (view: Handler) => handle([path('/', view)])],
  ])('requests, and responses, behind %s keep their properties in a table', async (_form, mount) => {
    const [requests, responses]: [object[], object[]] = [[], []];
    const app = create();
    app.use((_request, response, next) => {
      responses.push(response);
      next();
    });
    app.use(mount(keeping(requests)));
    const origin = await serve(createHttpServer(app));
    for (let i = 0; i < 3; i++) await (await fetch(origin)).text();
    const expected = Array.from({ length: 3 }, () => ARE_UNSTEADY);
    expect([requests.map(isInTable), responses.map(isInTable)]).toEqual([expected, expected]);
  });

  it('what the host knows of a message stays', async () => {
    const app = create();
    app.use((_request, response, next) => {
      response.sendDate = false;
      next();
    });
    app.use(keeping([]));
    const origin = await serve(createHttpServer(app));
    const answer = await fetch(origin, {
      method: 'POST',
      body: '{"a":1}',
      headers: { 'Content-Type': 'application/json' },
    });
    expect(answer.headers.has('date')).toBe(false);
    expect(await answer.json()).toEqual({ complete: true, data: { a: 1 } });
  });

  it('messages of createServer are left alone: their shape was steady from the start', async () => {
    const kept: object[] = [];
    const app = create();
    app.use(keeping(kept));
    const origin = await serve(createServer(app));
    for (let i = 0; i < 3; i++) await (await fetch(origin)).text();
    expect(kept.map(isInTable)).toEqual([false, false, false]);
  });
});

describe('On node:http', () => {
  it('messages are left alone, with a `next` too', async () => {
    const kept: object[] = [];
    const view = keeping(kept);
    const origin = await serve(createHttpServer((request, response) => void view(request, response, () => undefined)));
    for (let i = 0; i < 3; i++) await (await fetch(origin)).text();
    expect(kept.map(isInTable)).toEqual([false, false, false]);
  });

  it.each([
    ['has no prototype', Object.create(null) as object],
    ['has no constructor', Object.create(Object.create(null) as object) as object],
    ['can’t be extended', Object.create(Object.create({}) as object) as object],
  ])('a request that %s is served as any other', async (_kind, bare) => {
    const raw = Object.assign(bare, { method: 'GET', url: '/', headers: {}, user: null, auth: null });
    if (Object.getPrototypeOf(raw) !== null) Object.preventExtensions(raw);
    const written: unknown[] = [];
    const sink = createSink((status) => written.push(status));
    await keeping([])(raw, sink, (error) => written.push(error));
    expect(written).toEqual([200]);
  });
});
