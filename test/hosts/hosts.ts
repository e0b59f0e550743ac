import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import { connect, createServer as createHttp2Server } from 'node:http2';
import type { ClientHttp2Session, Http2Server, IncomingHttpHeaders as Http2Headers } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, describe } from '@jest/globals';
import express from 'express';
import express4 from 'express4';
import { useExpressServer } from 'routing-controllers';
import { handle, path } from 'sallyport';
import type { Handler, Next, ViewClass } from 'sallyport';
import { toFetchHandler } from 'sallyport/fetch';
import { viewController } from 'sallyport/routing-controllers';
import { encode, send } from '../support/server';
import type { Answer, RequestOptions } from '../support/server';

/** Middleware as Express takes it. */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next: Next) => unknown;

/** Views at their paths, the same on every host. */
export interface Site {
  /** In the syntax of `path()`. */
  readonly views: Readonly<Record<string, ViewClass>>;
  /** What stands before the views. */
  readonly before?: readonly Middleware[];
  /** What takes the errors that no view answers. Without it, a host that has `next` answers 500 to them. */
  readonly onError?: (error: unknown) => void;
}

export interface ServedSite {
  readonly port: number;
  request(path: string, options?: Omit<RequestOptions, 'path'>): Promise<Answer>;
  close(): Promise<void>;
}

export interface Host {
  readonly name: string;
  /** Whether middleware can stand before the views. */
  readonly hasMiddleware: boolean;
  /** Whether the host takes errors by `next`. */
  readonly hasNext: boolean;
  /** Whether the host finds the view, and `reverse` must be told the routes. */
  readonly routes: boolean;
  serve(site: Site): Promise<ServedSite>;
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** Middleware and a handler, one after the other, where the host knows no middleware. */
function inRow(before: readonly Middleware[], handler: Handler): Listener {
  return (request, response) => {
    const step = (at: number): void => {
      const middleware = before[at];
      if (middleware === undefined) void handler(request, response);
      else middleware(request, response, () => step(at + 1));
    };
    step(0);
  };
}

function routed({ views }: Site): Handler {
  return handle(Object.entries(views).map(([pattern, view]) => path(pattern, view.asView(), { name: view.name })));
}

/** `/notes/<int:pk>` in Express's syntax. */
export function toExpressPath(pattern: string): string {
  return pattern.replace(/<(?:\w+:)?(\w+)>/g, ':$1');
}

/* eslint-disable @typescript-eslint/no-explicit-any -- the two versions of Express have types of their own */
type App = { use: any; all: any } & Listener;
/* eslint-enable @typescript-eslint/no-explicit-any */

function onExpress(app: App, { before = [], onError }: Site, addViews: () => void): App {
  for (const middleware of before) app.use(middleware);
  addViews();
  app.use((error: unknown, _request: IncomingMessage, response: ServerResponse, next: Next) => {
    onError?.(error);
    if (response.headersSent) next(error);
    else response.writeHead(500).end('answered by the host');
  });
  return app;
}

function expressApp(app: App, site: Site): App {
  return onExpress(app, site, () => {
    for (const [pattern, view] of Object.entries(site.views)) app.all(toExpressPath(pattern), view.asView());
  });
}

function controllersApp(site: Site): App {
  const app = express() as App;
  return onExpress(app, site, () => {
    const controllers = Object.entries(site.views).map(([pattern, view]) => {
      const controller = { [view.name]: class extends (view as new () => object) {} }[view.name]!;
      viewController(toExpressPath(pattern))(controller as unknown as ViewClass);
      return controller;
    });
    useExpressServer(app, { controllers });
  });
}

async function listen(server: Server | Http2Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function serveHttp(listener: Listener): Promise<ServedSite> {
  const server = createServer(listener);
  const port = await listen(server);
  return {
    port,
    request: (path, options = {}) => send(port, { ...options, path }),
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function serveHttp2(listener: Listener): Promise<ServedSite> {
  const server = createHttp2Server(listener as never);
  const port = await listen(server);
  const client = connect(`http://127.0.0.1:${String(port)}`);
  return {
    port,
    request: (path, options = {}) => sendHttp2(client, { ...options, path }),
    close: async () => {
      client.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function sendHttp2(client: ClientHttp2Session, options: RequestOptions): Promise<Answer> {
  const { method = 'GET', path = '/', headers, body, chunked } = options;
  const [type, bytes] = encode(body);
  const length = bytes === null || chunked === true ? {} : { 'content-length': bytes.length };
  const stream = client.request(
    { ...type, ...length, ...headers, ':method': method, ':path': path },
    { endStream: bytes === null },
  );
  if (bytes !== null) stream.end(bytes);
  const [answer] = (await once(stream, 'response')) as [Http2Headers];
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  if (stream.rstCode !== 0) throw new Error(`The stream was reset: ${String(stream.rstCode)}`);
  return toAnswer(Number(answer[':status']), answer, Buffer.concat(chunks).toString());
}

function toAnswer(status: number, headers: IncomingHttpHeaders, text: string): Answer {
  return {
    status,
    headers,
    rawHeaders: [],
    text,
    get json(): unknown {
      return JSON.parse(text);
    },
  };
}

function serveFetch(site: Site): ServedSite {
  const fetch = toFetchHandler(routed(site), () => ({ remoteAddress: '127.0.0.1' }));
  return {
    port: 80,
    async request(path, { method = 'GET', headers = {}, body, chunked } = {}) {
      const [type, bytes] = encode(body);
      const stream = chunked === true && bytes !== null ? new Blob([new Uint8Array(bytes)]).stream() : bytes;
      const request = new Request(`http://127.0.0.1${path}`, {
        method,
        headers: { ...type, ...headers } as Record<string, string>,
        body: stream,
        ...(chunked === true && { duplex: 'half' }),
      });
      const answer = await fetch(request);
      const cookies = answer.headers.getSetCookie();
      const found: IncomingHttpHeaders = Object.fromEntries(answer.headers);
      return toAnswer(
        answer.status,
        { ...found, ...(cookies.length > 0 && { 'set-cookie': cookies }) },
        await answer.text(),
      );
    },
    close: () => Promise.resolve(),
  };
}

export const hosts: readonly Host[] = [
  {
    name: 'node:http',
    hasMiddleware: true,
    hasNext: false,
    routes: false,
    serve: (site) => serveHttp(inRow(site.before ?? [], routed(site))),
  },
  {
    name: 'node:http2',
    hasMiddleware: true,
    hasNext: false,
    routes: false,
    serve: (site) => serveHttp2(inRow(site.before ?? [], routed(site))),
  },
  {
    name: 'Express 4',
    hasMiddleware: true,
    hasNext: true,
    routes: true,
    serve: (site) => serveHttp(expressApp(express4(), site)),
  },
  {
    name: 'Express 5',
    hasMiddleware: true,
    hasNext: true,
    routes: true,
    serve: (site) => serveHttp(expressApp(express(), site)),
  },
  {
    name: 'routing-controllers',
    hasMiddleware: true,
    hasNext: true,
    routes: true,
    serve: (site) => serveHttp(controllersApp(site)),
  },
  {
    name: 'Fetch',
    hasMiddleware: false,
    hasNext: false,
    routes: false,
    serve: (site) => Promise.resolve(serveFetch(site)),
  },
];

/** What the tests of one host get. */
export interface Serving {
  readonly host: Host;
  /** Serves until the test is over. */
  serve(site: Site): Promise<ServedSite>;
  /** Serves one view at `/`. */
  serveOne(view: ViewClass, rest?: Omit<Site, 'views'>): Promise<ServedSite>;
}

/** Runs the same tests on each host, or on each that has what they need. */
export function describeHosts(
  name: string,
  tests: (serving: Serving) => void,
  needs: Partial<Pick<Host, 'hasMiddleware' | 'hasNext' | 'routes'>> = {},
): void {
  const able = hosts.filter((host) =>
    Object.entries(needs).every(([need, value]) => host[need as keyof Host] === value),
  );
  describe.each(able.map((host) => [host.name, host] as const))(`${name} on %s`, (_name, host) => {
    const served: ServedSite[] = [];
    afterEach(async () => {
      for (const site of served.splice(0)) await site.close();
    });
    const serve = async (site: Site): Promise<ServedSite> => {
      const running = await host.serve(site);
      served.push(running);
      return running;
    };
    tests({ host, serve, serveOne: (view, rest) => serve({ views: { '/': view }, ...rest }) });
  });
}
