import { BaseToken, Http404, QueryDict, Response, reverse, Token, UploadedFile } from 'sallyport';
import type { APIView, Awaitable, Params, Request, ViewResult } from 'sallyport';
import type { ExceptionDefinition, HandlerDefinition } from './documents';
import { toException } from './exceptions';
import type { World } from './world';

/** One call of a view's method. */
export interface Call {
  readonly request: Request;
  readonly params: Params;
  /** Null in a function view. */
  readonly view: APIView | null;
}

/** What a method of a view does. */
export type Action = (call: Call) => Awaitable<ViewResult>;

/** The action that a definition describes. */
export function toAction(definition: HandlerDefinition, world: World): Action {
  const make = KINDS[definition.kind];
  if (make === undefined) throw new Error(`There is no handler of the kind '${definition.kind}'.`);
  return make(definition as never, world);
}

const KINDS: Readonly<Record<string, (definition: never, world: World) => Action>> = {
  whoami: () => whoami,
  echo: () => echo,
  lazy: () => lazy,
  order: () => () => new Response({ ok: true }),
  response: respond,
  plain,
  raise,
  object: showNote,
  reverse: link,
};

async function whoami({ request }: Call): Promise<Response> {
  const user = (await request.getUser()) as { readonly username: string; readonly isAuthenticated: boolean } | null;
  const { auth, successfulAuthenticator } = request;
  return new Response({
    user: user === null ? null : user.username,
    is_authenticated: user?.isAuthenticated ?? false,
    auth: auth instanceof Token || auth instanceof BaseToken ? auth.key : auth,
    authenticator: successfulAuthenticator?.constructor.name ?? null,
  });
}

function lazy(call: Call): Awaitable<Response> {
  return call.request.queryParams.get('touch') === '1' ? whoami(call) : new Response({ touched: false });
}

async function echo({ request, params }: Call): Promise<Response> {
  const { data } = request;
  return new Response({
    method: request.method,
    data_type: typeOf(data),
    data: await describeFiles(data instanceof QueryDict ? toLists(data) : data),
    files: [...request.files.keys()],
    query: toLists(request.queryParams),
    content_type: request.contentType,
    accepted: { media_type: request.acceptedMediaType, format: request.acceptedRenderer?.format ?? null },
    version: request.version,
    kwargs: params,
  });
}

function typeOf(data: unknown): string {
  if (data instanceof QueryDict) return 'form';
  if (data === null) return 'null';
  // JSON has one kind of numbers; whole ones that JavaScript's can't hold are read as BigInt.
  if (typeof data === 'bigint') return 'number';
  return Array.isArray(data) ? 'array' : typeof data;
}

function toLists(dict: QueryDict<unknown>): Record<string, unknown> {
  return Object.fromEntries(dict.lists());
}

/** The value with a description in the place of each uploaded file. */
async function describeFiles(value: unknown): Promise<unknown> {
  if (value instanceof UploadedFile) {
    return { filename: value.name, content_type: value.contentType, size: value.size, text: await value.text() };
  }
  if (Array.isArray(value)) return Promise.all(value.map(describeFiles));
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(async ([key, item]) => [key, await describeFiles(item)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

interface ResponseDefinition {
  readonly data?: unknown;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly contentType?: string;
}

function respond({ data, status = 200, headers = {}, contentType }: ResponseDefinition): Action {
  return () => new Response(data, { status, headers, ...(contentType === undefined ? {} : { contentType }) });
}

interface PlainDefinition {
  readonly text: string;
  readonly status?: number;
  readonly contentType?: string;
}

function plain({ text, status = 200, contentType = 'text/html; charset=utf-8' }: PlainDefinition): Action {
  // The platform refuses a body, even an empty one, with these.
  const body = [204, 205, 304].includes(status) ? null : text;
  return () => new globalThis.Response(body, { status, headers: { 'Content-Type': contentType } });
}

function raise(definition: ExceptionDefinition): Action {
  return () => {
    throw toException(definition);
  };
}

function showNote(_definition: HandlerDefinition, world: World): Action {
  return async ({ request, params, view }) => {
    const note = world.note(params['pk']);
    if (note === undefined) throw new Http404();
    await view?.checkObjectPermissions(request, note);
    const { id, title, owner } = note;
    return new Response({ id, title, owner });
  };
}

function link({ view, kwargs = {} }: { readonly view: string; readonly kwargs?: Params }): Action {
  return ({ request }) => new Response({ url: reverse(view, { params: kwargs, request }) });
}
