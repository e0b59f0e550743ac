import {
  APIException,
  AuthenticationFailed,
  DjangoPermissionDenied,
  ErrorDetail,
  Http404,
  MethodNotAllowed,
  NotAcceptable,
  NotAuthenticated,
  NotFound,
  ParseError,
  PermissionDenied,
  Throttled,
  UnsupportedMediaType,
  ValidationError,
} from 'sallyport';
import type { ExceptionDefinition } from './documents';

/** What the constructor of an exception is given beside `detail` and `code`, which come last. */
type Lead = (definition: ExceptionDefinition) => readonly unknown[];
type ExceptionClass = (new (...args: never[]) => APIException) &
  Pick<typeof APIException, 'statusCode' | 'defaultDetail' | 'defaultCode'>;

const nothing: Lead = () => [];
const API_EXCEPTIONS: Readonly<Record<string, readonly [Class: ExceptionClass, lead: Lead]>> = {
  APIException: [APIException, nothing],
  ValidationError: [ValidationError, nothing],
  ParseError: [ParseError, nothing],
  AuthenticationFailed: [AuthenticationFailed, nothing],
  NotAuthenticated: [NotAuthenticated, nothing],
  PermissionDenied: [PermissionDenied, nothing],
  NotFound: [NotFound, nothing],
  MethodNotAllowed: [MethodNotAllowed, ({ method }) => [method]],
  NotAcceptable: [NotAcceptable, nothing],
  UnsupportedMediaType: [UnsupportedMediaType, ({ mediaType }) => [mediaType]],
  Throttled: [Throttled, ({ wait }) => [wait]],
};

const OTHER_ERRORS: Readonly<Record<string, new (message?: string) => Error>> = {
  Http404,
  DjangoPermissionDenied,
  Error,
  AttributeError: TypeError,
};

/** Makes the exception that a definition describes. */
export function toException(definition: ExceptionDefinition): Error {
  const { exception, detail, code } = definition;
  const Other = OTHER_ERRORS[exception];
  if (Other !== undefined) return new Other(detail as string | undefined);
  const entry = API_EXCEPTIONS[exception];
  if (entry === undefined) throw new Error(`There is no exception '${exception}'.`);
  const [Class, lead] = entry;
  const Made = withDefaults(Class, definition) as unknown as new (...args: readonly unknown[]) => APIException;
  return new Made(...lead(definition), toDetail(detail), code);
}

/** A subclass with other class attributes, where the definition names any. */
function withDefaults(Class: ExceptionClass, definition: ExceptionDefinition): ExceptionClass {
  const { status, defaultDetail, defaultCode } = definition;
  if (status === undefined && defaultDetail === undefined && defaultCode === undefined) return Class;
  return class extends (Class as typeof APIException) {
    static override statusCode = status ?? Class.statusCode;
    static override defaultDetail = defaultDetail ?? Class.defaultDetail;
    static override defaultCode = defaultCode ?? Class.defaultCode;
  };
}

/** Leaves of the form `{"$detail": "text", "code": "c"}` are texts with a code of their own. */
function toDetail(detail: unknown): unknown {
  if (Array.isArray(detail)) return detail.map(toDetail);
  if (detail === null || typeof detail !== 'object') return detail;
  if ('$detail' in detail) {
    const { $detail, code } = detail as { readonly $detail: string; readonly code: string };
    return new ErrorDetail($detail, code);
  }
  return Object.fromEntries(Object.entries(detail).map(([key, value]) => [key, toDetail(value)]));
}
