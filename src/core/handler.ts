import { mergeVary, ResponseHeaders, type HeaderContent } from '../http/headers';
import { pathOf } from '../http/paths';
import {
  takeResponseHooks,
  type Handler,
  type HostRequest,
  type HostResponse,
  type Next,
  type ResponseHead,
} from './host';
import { isPromiseLike } from './policy';
import { isPlatformResponse, type RenderedBody, type Response } from './response';
import type { Settings } from './settings';
import type { ViewResult } from './views';

/**
 * Makes what a host calls out of what makes an answer. This file alone writes to the host's response. The handler
 * never rejects: an error goes to the host's `next`, or is reported and answered with a bare 500.
 */
export function createHandler(settings: Settings, dispatch: (raw: HostRequest) => Promise<ViewResult>): Handler {
  const { aroundDispatch } = settings;
  const run = aroundDispatch === null ? dispatch : (raw: HostRequest) => aroundDispatch(raw, async () => dispatch(raw));
  return async (raw: HostRequest, sink: HostResponse, next?: Next): Promise<void> => {
    try {
      const answer = await run(raw);
      if (isPlatformResponse(answer)) {
        await sendPlatformResponse(raw, sink, answer);
        return;
      }
      const rendered = answer.render();
      const sent = send(raw, sink, answer, isPromiseLike(rendered) ? await rendered : rendered);
      if (sent !== undefined) await sent;
    } catch (error) {
      await fail(settings, raw, sink, error, next);
    }
  };
}

function send(
  raw: HostRequest,
  sink: HostResponse,
  response: Response,
  rendered: RenderedBody,
): Promise<void> | undefined {
  const hooks = takeResponseHooks(raw);
  if (hooks !== undefined) {
    return runHooks(hooks, response).then(() => {
      writeResponse(raw, sink, response, rendered);
    });
  }
  writeResponse(raw, sink, response, rendered);
  return undefined;
}

async function runHooks(hooks: NonNullable<ReturnType<typeof takeResponseHooks>>, head: ResponseHead): Promise<void> {
  for (const hook of hooks) {
    const pending = hook(head);
    if (isPromiseLike(pending)) await pending;
  }
}

function writeResponse(
  raw: HostRequest,
  sink: HostResponse,
  response: Response,
  { body, contentType }: RenderedBody,
): void {
  if (sink.headersSent) return; // the view answered by the host's response itself
  const head: (string | string[])[] = contentType === null ? [] : ['Content-Type', contentType];
  if (contentType === null) sink.removeHeader('Content-Type');
  const defaults = response.onlyDefaults;
  if (defaults !== undefined) {
    for (const name in defaults) head.push(name, besideHost(sink, name, defaults[name]!));
  } else {
    for (const [name, value] of response.headers) {
      if (!IS_OURS.test(name)) head.push(name, besideHost(sink, name, value));
    }
  }
  const bodiless = response.status === 204 || response.status === 304 || response.status < 200;
  // RFC 9110, 8.6: no Content-Length with these.
  if (!bodiless) head.push('Content-Length', String(typeof body === 'string' ? Buffer.byteLength(body) : body.length));
  sink.writeHead(response.status, head);
  if (bodiless || raw.method === 'HEAD') sink.end();
  else sink.end(body);
}

/** Headers that follow from the rendered body, whatever the view says. */
const IS_OURS = /^content-(?:type|length)$/i;

/** What the host's middleware has put under the same name stays beside ours where a header is a list. */
function besideHost(sink: HostResponse, name: string, value: HeaderContent): string | string[] {
  const lower = name.toLowerCase();
  if (lower === 'vary') {
    const theirs = sink.getHeader('Vary');
    return theirs === undefined ? String(value) : mergeVary(String(theirs), String(value));
  }
  if (lower === 'set-cookie') {
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
  const headers = response.headers as unknown as ResponseHeaders;
  if (hooks !== undefined) await runHooks(hooks, { status: response.status, headers });
  if (sink.headersSent) return;
  const head: (string | string[])[] = [];
  for (const [name, value] of response.headers) {
    if (name !== 'set-cookie') head.push(name, besideHost(sink, name, value));
  }
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) head.push('set-cookie', besideHost(sink, 'set-cookie', cookies));
  sink.writeHead(response.status, head);
  if (response.body !== null && raw.method !== 'HEAD') await pipe(response.body, sink);
  else await response.body?.cancel();
  sink.end();
}

/** Copies a stream to the socket at the speed of the client; ends when the client goes away. */
async function pipe(body: ReadableStream<Uint8Array>, sink: HostResponse): Promise<void> {
  const reader = body.getReader();
  let closed = false;
  sink.once('close', () => {
    closed = true;
  });
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    if (closed) {
      await reader.cancel();
      return;
    }
    if (sink.write(value)) continue;
    await new Promise<void>((resolve) => {
      sink.once('drain', resolve);
      sink.once('close', resolve);
    });
  }
}

const SERVER_ERROR = '{"error":"Server Error (500)"}';

async function fail(
  settings: Settings,
  raw: HostRequest,
  sink: HostResponse,
  error: unknown,
  next?: Next,
): Promise<void> {
  if (sink.headersSent) {
    // Half an answer is out: the client must see that the rest is missing.
    report(settings, raw, error);
    if (sink.writableEnded !== true) sink.destroy?.();
    return;
  }
  if (next !== undefined) {
    next(error);
    return;
  }
  report(settings, raw, error);
  const response: ResponseHead = { status: 500, headers: new ResponseHeaders() };
  try {
    await runHooks(takeResponseHooks(raw) ?? [], response);
  } catch (hookError) {
    report(settings, raw, hookError);
  }
  const head: (string | string[])[] = ['Content-Type', 'application/json'];
  for (const [name, value] of response.headers) head.push(name, besideHost(sink, name, value));
  sink.writeHead(500, [...head, 'Content-Length', String(SERVER_ERROR.length)]);
  if (raw.method === 'HEAD') sink.end();
  else sink.end(SERVER_ERROR);
}

function report(settings: Settings, raw: HostRequest, error: unknown): void {
  // The path without its query, which may hold a token.
  const path = pathOf(raw.originalUrl ?? raw.url ?? '/');
  settings.logger.error({ err: error, method: raw.method, path }, `Unhandled error: ${raw.method ?? ''} ${path}`);
}
