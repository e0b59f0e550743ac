import {
  APIException,
  isAPIException,
  NotAcceptable,
  NotAuthenticated,
  NotFound,
  ParseError,
  PermissionDenied,
  RequestEntityTooLarge,
} from '../core/exceptions';
import { Response } from '../core/response';
import type { Settings } from '../core/settings';
import { validationErrorOf } from '../core/validation';

/** What an error says of an answer: routing-controllers' by `httpCode`, those of Express's parsers by `status`. */
interface HttpError {
  readonly name: string;
  readonly message: string;
  readonly httpCode?: unknown;
  readonly status?: unknown;
  /** Whether the client may read the message. */
  readonly expose?: unknown;
  /** A word of Express's parsers for what happened. */
  readonly type?: unknown;
  /** What class-validator has found in a parameter. */
  readonly errors?: unknown;
}

const BY_STATUS: Readonly<Record<number, new (detail?: string) => APIException>> = {
  400: ParseError,
  401: NotAuthenticated,
  403: PermissionDenied,
  404: NotFound,
  406: NotAcceptable,
  413: RequestEntityTooLarge,
};

/** Texts that name the URL with its query, which may hold a secret. */
const TELL_URL: ReadonlySet<string> = new Set(['AuthorizationRequiredError', 'AccessDeniedError']);

/** Errors of routing-controllers and of Express's parsers that tell the client something, as exceptions of the API. */
export function toException(error: unknown, settings: Settings): unknown {
  const status = statusOf(error);
  if (status === null) return error;
  const { name, message, type, errors } = error as HttpError;
  if (isFindings(errors)) return validationErrorOf(errors, settings.nonFieldErrorsKey);
  if (type === 'entity.parse.failed') return new ParseError(`JSON parse error - ${message}`);
  const detail = message === '' || TELL_URL.has(name) ? undefined : message;
  const Exception = BY_STATUS[status];
  if (Exception !== undefined) return new Exception(detail);
  const exception = new APIException(detail ?? new Response(null, { status }).statusText);
  exception.statusCode = status;
  return exception;
}

function statusOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || isAPIException(error)) return null;
  const { httpCode, status, expose } = error as HttpError;
  if (expose === false) return null;
  const code = httpCode ?? (expose === true ? status : undefined);
  return typeof code === 'number' && code >= 400 && code < 500 ? code : null;
}

function isFindings(errors: unknown): errors is readonly object[] {
  return (
    Array.isArray(errors) &&
    errors.length > 0 &&
    errors.every((one: unknown) => typeof one === 'object' && one !== null && 'property' in one)
  );
}
