import { isHeader, mergeVary, ResponseHeaders, type HeaderContent } from '../http/headers';
import { pathOf } from '../http/paths';
import { isBadRequest } from './exceptions';
import {
  takeEndHooks,
  takeResponseHooks,
  type Handler,
  type HostRequest,
  type HostResponse,
  type Next,
  type ResponseHead,
  type ResponseHook,
} from './host';
import { chain, isPromiseLike, type Awaitable } from './policy';
import { isResponse, type RenderedBody, type Response } from './response';
import type { Settings } from './settings';
import { steadyShapes } from './shapes';
import type { ViewResult } from './views';

/** Gives an answer to the client. */
export type Send = (raw: HostRequest, sink: HostResponse, answer: ViewResult) => Awaitable<void>;

/**
 * Makes what a host calls out of what makes an answer. This file alone writes to the host's response. The handler
 * never rejects: an error goes to the host's `next`, or is reported and answered with a bare 500 (`BadRequest`: 400).
 */
export function createHandler(
  settings: Settings,
  dispatch: (raw: HostRequest) => Promise<ViewResult>,
  send: Send = sendAnswer,
): Handler {
  const { aroundDispatch } = settings;
  const run = aroundDispatch === null ? dispatch : (raw: HostRequest) => aroundDispatch(raw, async () => dispatch(raw));
  // `then` in place of `await`: all requests come by here, and an await takes two promises more.
  return (raw: HostRequest, sink: HostResponse, next?: Next): Promise<void> => {
    if (next !== undefined) steadyShapes(raw, sink);
    const onError = (error: unknown): Promise<void> => fail({ settings, raw, sink, next }, error);
    const onAnswer = (answer: ViewResult): Awaitable<void> => {
      try {
        const sent = send(raw, sink, answer);
        return isPromiseLike(sent) ? sent.then(undefined, onError) : undefined;
      } catch (error) {
        return onError(error);
      }
    };
    try {
      return run(raw).then(onAnswer, onError);
    } catch (error) {
      return onError(error);
    }
  };
}

/** Renders an answer, runs the hooks of the request, and writes. */
export function sendAnswer(raw: HostRequest, sink: HostResponse, answer: ViewResult): Awaitable<void> {
  if (!isResponse(answer)) return sendPlatformResponse(raw, sink, answer);
  const body = answer.render();
  if (isPromiseLike(body)) return body.then((rendered) => sendRendered(raw, sink, answer, rendered));
  return sendRendered(raw, sink, answer, body);
}

// eslint-disable-next-line max-params -- an answer, its body, and the two that it goes to
function sendRendered(raw: HostRequest, sink: HostResponse, answer: Head, rendered: RenderedBody): Awaitable<void> {
  const body = raw.method === 'HEAD' ? withoutBody(rendered) : rendered;
  const head = finishHead(raw, answer);
  if (!isPromiseLike(head)) {
    writeResponse(sink, head, body);
    return undefined;
  }
  return head.then((finished) => {
    writeResponse(sink, finished, body);
  });
}

/** For a host that writes the rest by itself: runs the hooks, and puts the headers of an answer beside the host's. */
export function sendHead(raw: HostRequest, sink: HostResponse, answer: Response): Awaitable<void> {
  return chain(finishHead(raw, answer), (head) => {
    if (sink.headersSent) return;
    const lines: FlatHeaders = [];
    addHeaders(lines, sink, head);
    setHeaders(sink, lines);
  });
}

/** The head of an answer when the hooks have had their say. */
function finishHead(raw: HostRequest, answer: Head): Awaitable<Head> {
  const hooks = takeResponseHooks(raw);
  if (hooks === undefined) return runEndHooks(raw, answer.status)?.then(() => answer) ?? answer;
  const head = ownHead(answer);
  return runHooks(hooks, head)
    .then(() => runEndHooks(raw, head.status))
    .then(() => head);
}

/** The part of an answer that is written before its body. */
type Head = Pick<Response, 'status' | 'headers' | 'onlyDefaults'>;

/** A head for this request alone: an app may answer everybody with one `Response`, and cookies must not stay in it. */
function ownHead({ status, headers }: Head): Head {
  return { status, headers: new ResponseHeaders(headers), onlyDefaults: undefined };
}

async function runHooks(hooks: readonly ResponseHook[], head: ResponseHead): Promise<void> {
  for (const hook of hooks) {
    const pending = hook(head);
    if (isPromiseLike(pending)) await pending;
  }
}

/** A body that is not sent, of which the length still is. */
interface UnsentBody extends RenderedBody {
  readonly unsent?: true;
}

/** Runs them all, whichever of them fails. */
function runEndHooks(raw: HostRequest, status: number): Promise<void> | undefined {
  const hooks = takeEndHooks(raw);
  if (hooks === undefined) return undefined;
  return Promise.allSettled(hooks.map(async (hook) => hook(status))).then((outcomes) => {
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  });
}

function withoutBody(body: RenderedBody): UnsentBody {
  return { ...body, unsent: true };
}

function writeResponse(sink: HostResponse, response: Head, { body, contentType, unsent }: UnsentBody): void {
  if (sink.headersSent) return;
  const head: FlatHeaders = [];
  if (contentType === null) sink.removeHeader('Content-Type');
  else head.push('Content-Type', contentType);
  addHeaders(head, sink, response);
  const { status } = response;
  if (status === 204 || status === 304 || status < 200) {
    // These have no body, and no Content-Length either (RFC 9110, 8.6).
    writeHead(sink, status, head);
    sink.end();
    return;
  }
  head.push('Content-Length', String(typeof body === 'string' ? Buffer.byteLength(body) : body.length));
  writeHead(sink, status, head);
  if (unsent === true) sink.end();
  else sink.end(body);
}

/** Names and values in turn, as `writeHead` takes them. */
type FlatHeaders = (string | string[])[];

function writeHead(sink: HostResponse, status: number, head: FlatHeaders): void {
  if (!isPatched(sink) && !hasHeaders(sink)) {
    sink.writeHead(status, head);
    return;
  }
  sink.statusCode = status;
  setHeaders(sink, head);
}

function setHeaders(sink: HostResponse, head: FlatHeaders): void {
  for (let i = 0; i < head.length; i += 2) sink.setHeader(head[i] as string, head[i + 1]!);
}

/**
 * Whether a middleware has put itself in the place of what writes the answer. Such code looks at headers that were set,
 * and changes them with the first write: the head must not be out by then, nor come all at once.
 */
function isPatched(sink: HostResponse): boolean {
  return Object.hasOwn(sink, 'writeHead') || Object.hasOwn(sink, 'write') || Object.hasOwn(sink, 'end');
}

/** Node's `writeHead` removes each header from those that are set and adds it again, which takes longer than to set it. */
function hasHeaders(sink: HostResponse): boolean {
  return sink.getHeaderNames !== undefined && sink.getHeaderNames().length > 0;
}

/** Headers that follow from the rendered body, whatever the view says. */
const isFromBody = (name: string): boolean => isHeader(name, 'content-type') || isHeader(name, 'content-length');

function addHeaders(head: FlatHeaders, sink: HostResponse, response: Head): void {
  const defaults = response.onlyDefaults;
  if (defaults !== undefined) {
    for (const name in defaults) head.push(name, besideHost(sink, name, defaults[name]!));
    return;
  }
  for (const [name, value] of response.headers) {
    if (!isFromBody(name)) head.push(name, besideHost(sink, name, value));
  }
}

/** What the host's middleware has put under the same name stays beside ours where a header is a list. */
function besideHost(sink: HostResponse, name: string, value: HeaderContent): string | string[] {
  if (isHeader(name, 'vary')) {
    const theirs = sink.getHeader('Vary');
    return theirs === undefined ? String(value) : mergeVary(String(theirs), String(value));
  }
  if (isHeader(name, 'set-cookie')) {
    const theirs = sink.getHeader('Set-Cookie') ?? [];
    return [...(Array.isArray(theirs) ? theirs : [String(theirs)]), ...(typeof value === 'string' ? [value] : value)];
  }
  return typeof value === 'string' ? value : [...value];
}

async function sendPlatformResponse(
  raw: HostRequest,
  sink: HostResponse,
  response: globalThis.Response,
): Promise<void> {
  const hooks = takeResponseHooks(raw);
  const headers = new ResponseHeaders([...response.headers].filter(([name]) => name !== 'set-cookie'));
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) headers.set('set-cookie', cookies);
  if (hooks !== undefined) await runHooks(hooks, { status: response.status, headers });
  const ended = runEndHooks(raw, response.status);
  if (ended !== undefined) await ended;
  if (sink.headersSent) return;
  const head: FlatHeaders = [];
  for (const [name, value] of headers) head.push(name, besideHost(sink, name, value));
  writeHead(sink, response.status, head);
  if (response.body !== null && raw.method !== 'HEAD') await pipe(response.body, sink);
  else await response.body?.cancel();
  sink.end();
}

/** Copies a stream to the socket at the speed of the client; ends when the client goes away. */
async function pipe(body: ReadableStream<Uint8Array>, sink: HostResponse): Promise<void> {
  const reader = body.getReader();
  let gone = false;
  let resume: (() => void) | undefined;
  const leave = (): void => {
    gone = true;
    resume?.();
    // Ends a read that waits. A source that can't stop has nobody left to tell.
    reader.cancel().catch(() => undefined);
  };
  if (sink.destroyed === true) leave();
  else sink.once('close', leave);
  for (;;) {
    const { done, value } = await reader.read();
    if (done || gone) return;
    if (sink.write(value)) continue;
    await new Promise<void>((resolve) => {
      resume = resolve;
      sink.once('drain', resolve);
    });
  }
}

/** One call of a handler. */
interface Exchange {
  readonly settings: Settings;
  readonly raw: HostRequest;
  readonly sink: HostResponse;
  readonly next: Next | undefined;
}

/** An answer that no renderer made. */
interface BareAnswer {
  readonly status: number;
  readonly body: string;
}
const SERVER_ERROR: BareAnswer = { status: 500, body: '{"error":"Server Error (500)"}' };
const BAD_REQUEST: BareAnswer = { status: 400, body: '{"error":"Bad Request (400)"}' };

async function fail(exchange: Exchange, thrown: unknown): Promise<void> {
  const { raw, sink, next } = exchange;
  const error = toError(thrown);
  const bare = isBadRequest(error) ? BAD_REQUEST : SERVER_ERROR;
  const ended = runEndHooks(raw, next === undefined ? bare.status : statusOf(error));
  if (ended !== undefined) {
    await ended.catch((failure: unknown) => {
      report(exchange, failure);
    });
  }
  if (sink.headersSent) {
    report(exchange, error);
    if (sink.writableEnded !== true) breakOff(exchange);
    return;
  }
  if (next !== undefined && passOn(exchange, next, error)) return;
  if (bare === SERVER_ERROR) report(exchange, error);
  await answerBare(exchange, bare);
}

/** Half an answer is out: the client must see that the rest is missing. */
function breakOff({ raw, sink }: Exchange): void {
  // A stream of HTTP/2 that is closed without an error looks complete; to HTTP/1 an error would be one of the client.
  if (raw.httpVersionMajor === 2) sink.destroy?.(new Error('The answer broke off.'));
  else sink.destroy?.();
}

/** Express takes `next(undefined)` for "no error" and `next('route')` for a jump: behind both the next handler runs. */
function toError(thrown: unknown): object {
  if (typeof thrown === 'object' && thrown !== null) return thrown;
  return new Error('What was thrown is no error; it stands in the cause.', { cause: thrown });
}

/** The status that an error asks for, by the fields that hosts look at. */
function statusOf(error: object): number {
  const { statusCode, status, httpCode } = error as Partial<Record<string, unknown>>;
  const asked = statusCode ?? status ?? httpCode;
  return typeof asked === 'number' && asked >= 400 ? asked : 500;
}

/** Gives an error to the host; false when the host fails over it and has answered nothing. */
function passOn(exchange: Exchange, next: Next, error: object): boolean {
  try {
    next(error);
    return true;
  } catch (failure) {
    report(exchange, failure);
    return exchange.sink.headersSent;
  }
}

async function answerBare(exchange: Exchange, answer: BareAnswer): Promise<void> {
  const { raw, sink } = exchange;
  const head: ResponseHead = { status: answer.status, headers: new ResponseHeaders() };
  try {
    await runHooks(takeResponseHooks(raw) ?? [], head);
  } catch (error) {
    report(exchange, error);
  }
  try {
    writeBare(exchange, answer, head.headers);
  } catch (error) {
    // A hook may have set a header that can't be sent.
    report(exchange, error);
    if (!sink.headersSent) writeBare(exchange, answer, new ResponseHeaders());
  }
}

function writeBare({ raw, sink }: Exchange, { status, body }: BareAnswer, headers: ResponseHeaders): void {
  const head: FlatHeaders = ['Content-Type', 'application/json'];
  for (const [name, value] of headers) head.push(name, besideHost(sink, name, value));
  writeHead(sink, status, [...head, 'Content-Length', String(body.length)]);
  if (raw.method === 'HEAD') sink.end();
  else sink.end(body);
}

function report({ settings, raw }: Exchange, error: unknown): void {
  // The path without its query, which may hold a token.
  const path = pathOf(raw.originalUrl ?? raw.url ?? '/');
  try {
    settings.logger.error({ err: error, method: raw.method, path }, `Unhandled error: ${raw.method ?? ''} ${path}`);
  } catch {
    // A logger that fails has nobody to tell, and the client still waits for an answer.
  }
}
