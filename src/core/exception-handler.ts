import {
  ErrorDetail,
  isAPIException,
  isDjangoPermissionDenied,
  isHttp404,
  NotFound,
  PermissionDenied,
} from './exceptions';
import type { Awaitable } from './policy';
import type { Request } from './request';
import { Response } from './response';
import type { APIView, Params } from './views';

/** What an exception handler may look at; `request` is null when the failure came before there was one. */
export interface ExceptionContext {
  readonly view: APIView;
  readonly params: Params;
  readonly request: Request | null;
}

/**
 * Turns what was thrown into an answer; null means "not handled", and the host gets the error. 401 and 403 are decided
 * before it is called, so it sees the final status and `authHeader`.
 */
export type ExceptionHandler = (error: unknown, context: ExceptionContext) => Awaitable<Response | null | undefined>;

/** DRF's handler: API exceptions with their detail, and Django's own two as 404 and 403. */
export function exceptionHandler(thrown: unknown, _context: ExceptionContext): Response | null {
  const error = translate(thrown);
  if (!isAPIException(error)) return null;
  const { detail } = error;
  const data = detail instanceof ErrorDetail || detail instanceof String ? { detail } : detail;
  return new Response(data, { status: error.statusCode, headers: error.headers });
}

function translate(error: unknown): unknown {
  if (isHttp404(error)) return new NotFound(textOf(error));
  if (isDjangoPermissionDenied(error)) return new PermissionDenied(textOf(error));
  return error;
}

function textOf(error: Error): string | null {
  return error.message === '' ? null : error.message;
}
