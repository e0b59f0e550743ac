import { createServer as createHttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { RequestListener, Server, ServerOptions } from 'node:http';
import { ARE_UNSTEADY, markSteady } from '../core/shapes';

/** What is needed of an Express application: it is a listener, and it knows the prototypes of its requests and responses. */
export interface ExpressApp {
  (request: IncomingMessage, response: ServerResponse): unknown;
  readonly request: object;
  readonly response: object;
}

type MessageClass<T> = { new (...args: never[]): T; prototype: unknown };

/** A class whose instances have `prototype` from the start. Node's two are functions that can be called on an instance. */
function withPrototype<T extends MessageClass<unknown>>(base: T, prototype: object): T {
  const construct = base as unknown as (this: unknown, ...args: unknown[]) => void;
  function Message(this: unknown, ...args: unknown[]): void {
    construct.apply(this, args);
  }
  Message.prototype = prototype;
  return Message as unknown as T;
}

/**
 * An HTTP server for an Express application that costs a fraction of the CPU time below Node 24.
 *
 * Express replaces the prototypes of each request and response, and V8 in Node 20 and 22 then treats both as objects of
 * unknown shape: everything that touches them is slow. This server makes them with Express's prototypes, so there is
 * nothing to replace. From Node 24 on that costs more than it saves, and it is an ordinary server.
 *
 * An application that is mounted in another sets its own prototypes again; hand the outermost one over.
 *
 * @example createServer(app).listen(8000);
 */
export function createServer(app: ExpressApp, options: ServerOptions = {}): Server {
  const listener = app as RequestListener;
  if (!ARE_UNSTEADY) return createHttpServer(options, listener);
  markSteady(app.request);
  return createHttpServer(
    {
      ...options,
      IncomingMessage: withPrototype(IncomingMessage, app.request),
      ServerResponse: withPrototype(ServerResponse, app.response),
    } as ServerOptions,
    listener,
  );
}
