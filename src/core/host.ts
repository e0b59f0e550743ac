import type { BodySource } from '../http/body';
import type { RawHeaders, ResponseHeaders } from '../http/headers';
import type { Meta } from '../http/meta';
import type { Awaitable } from './policy';

/**
 * What the library needs of a host's request. Node's `IncomingMessage` is one instance, Express's request another;
 * any object of this shape can be served.
 */
export interface HostRequest extends Partial<BodySource> {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** The whole URL where the host rewrites `url` (a mounted Express app). */
  readonly originalUrl?: string | undefined;
  readonly headers: RawHeaders;
  /** Names and values in turn as they came; without it several headers of one name can't be told from one. */
  readonly rawHeaders?: readonly string[] | undefined;
  readonly httpVersionMajor?: number | undefined;
  readonly socket?:
    { readonly remoteAddress?: string | undefined; readonly encrypted?: boolean | undefined } | undefined;
  /** Route parameters of the host. */
  readonly params?: unknown;
  /** The body, if the host has parsed it. */
  readonly body?: unknown;
  readonly readableDidRead?: boolean | undefined;
  /** The environment that the server in front adds (`REMOTE_USER`). Never fill it from client headers. */
  readonly META?: Meta | undefined;
  /** The authenticated user, mirrored here for the host's middleware. The library never reads it. */
  user?: unknown;
  auth?: unknown;
}

/** What the library needs of a host's response. Only `handler.ts` writes to it. */
export interface HostResponse {
  readonly headersSent: boolean;
  readonly writableEnded?: boolean | undefined;
  /** Whether the connection is gone. */
  readonly destroyed?: boolean | undefined;
  statusCode: number;
  getHeader(name: string): number | string | string[] | undefined;
  getHeaderNames?(): string[];
  setHeader(name: string, value: number | string | readonly string[]): unknown;
  removeHeader(name: string): void;
  writeHead(status: number, headers: (string | string[])[]): unknown;
  write(chunk: Uint8Array): boolean;
  end(body?: string | Uint8Array): unknown;
  once(event: 'drain' | 'close', listener: () => void): unknown;
  destroy?(error?: Error): unknown;
}

/** Passes an error on to the host, as Express's `next`. */
export type Next = (error?: unknown) => unknown;

/** What a host calls: the form of a view, a function view and a router. It never rejects. */
export type Handler = (request: HostRequest, response: HostResponse, next?: Next) => Promise<void>;

/** The head of an answer, as the hooks of `onResponse` see it. */
export interface ResponseHead {
  status: number;
  readonly headers: ResponseHeaders;
}

/** Looks at the head of an answer before it is sent, and may change it. */
export type ResponseHook = (head: ResponseHead) => Awaitable<void>;

/** @param status that of the answer; for an error that goes to the host's `next`, the one that it asks for */
export type EndHook = (status: number) => Awaitable<void>;

const HOOKS: unique symbol = Symbol.for('sallyport.responseHooks') as never;
const END_HOOKS: unique symbol = Symbol.for('sallyport.endHooks') as never;
type WithHooks = HostRequest & { [HOOKS]?: ResponseHook[] | undefined; [END_HOOKS]?: EndHook[] | undefined };

/**
 * Registers what must still be said when the answer's head is written: a session to save, a cookie to set. The list
 * hangs on the host's request, so that two views on one request share it. Each hook runs once, on errors too, but for
 * those that go to the host's `next`: there the answer is the host's.
 */
export function onResponse(raw: HostRequest, hook: ResponseHook): void {
  ((raw as WithHooks)[HOOKS] ??= []).push(hook);
}

/**
 * Registers what must be done whoever writes the answer, such as to give back a place in a window. It runs once, before
 * the head is written, or the host's `next` is called.
 */
export function onEnd(raw: HostRequest, hook: EndHook): void {
  ((raw as WithHooks)[END_HOOKS] ??= []).push(hook);
}

/** Takes the hooks off the request, so that none runs twice. */
export function takeResponseHooks(raw: HostRequest): readonly ResponseHook[] | undefined {
  const hooks = (raw as WithHooks)[HOOKS];
  if (hooks !== undefined) (raw as WithHooks)[HOOKS] = undefined;
  return hooks;
}

/** As `takeResponseHooks`, of `onEnd`. */
export function takeEndHooks(raw: HostRequest): readonly EndHook[] | undefined {
  const hooks = (raw as WithHooks)[END_HOOKS];
  if (hooks !== undefined) (raw as WithHooks)[END_HOOKS] = undefined;
  return hooks;
}
