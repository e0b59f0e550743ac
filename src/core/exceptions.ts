import { inspect } from 'node:util';

export { ImproperlyConfigured } from './errors';

/** A text of an error with its code. It is written to JSON as the plain text. */
export class ErrorDetail extends String {
  constructor(
    text: string,
    readonly code: string,
  ) {
    super(text);
  }

  /** Texts are equal and, if the other has a code too, the codes. */
  equals(other: string | ErrorDetail): boolean {
    return String(this) === String(other) && (typeof other === 'string' || other.code === this.code);
  }

  [inspect.custom](): string {
    return `ErrorDetail(string='${String(this)}', code='${this.code}')`;
  }
}

/** `T` at the leaves of lists and mappings. */
export type Tree<T> = T | Tree<T>[] | { [key: string]: Tree<T> };
/** The detail of an exception: texts with their codes, in the form of what was wrong (DRF's `detail`). */
export type ErrorTree = Tree<ErrorDetail>;
/** What an exception takes as its detail: a text, or texts in lists and plain objects. */
export type ErrorInput = unknown;

function isMapping(value: unknown): value is Record<string, unknown> {
  if (value === null || typeof value !== 'object' || value instanceof String) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function mapTree<A, B>(tree: Tree<A>, leaf: (value: A) => B): Tree<B> {
  if (Array.isArray(tree)) return tree.map((item) => mapTree(item, leaf));
  if (isMapping(tree)) {
    return Object.fromEntries(Object.entries(tree).map(([key, item]) => [key, mapTree(item, leaf)]));
  }
  return leaf(tree);
}

/** Clients see these texts, so they are written as Python writes them. */
function pythonText(value: unknown): string {
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (value === null || value === undefined) return 'None';
  // eslint-disable-next-line @typescript-eslint/no-base-to-string -- whatever an app puts there is shown as it shows itself
  return String(value);
}

/** Gives every leaf of `data` the code, but for those that have one. */
export function getErrorDetails(data: ErrorInput, code: string): ErrorTree {
  return mapTree(data, (value) => (value instanceof ErrorDetail ? value : new ErrorDetail(pythonText(value), code)));
}

const BRAND = Symbol.for('sallyport.APIException');
const CHALLENGE = Symbol.for('sallyport.needsChallenge');

/**
 * An error that becomes an answer. Subclasses set the static fields, as DRF's subclasses set class attributes.
 *
 * Besides DRF's members it has those by which other hosts know an HTTP error: `status`, `statusCode`, `expose`,
 * `headers` (Express) and `httpCode` (routing-controllers). Errors below 500 carry no stack trace: they are answers,
 * and making the trace would cost more than the rest of the refusal.
 */
export class APIException extends Error {
  static statusCode = 500;
  static defaultDetail = 'A server error occurred.';
  static defaultCode = 'error';

  /** The status of the answer. The cycle turns 401 into 403 where the first authenticator has no challenge. */
  statusCode: number;
  readonly detail: ErrorTree;
  /** The value of `WWW-Authenticate`, set by the cycle. */
  authHeader?: string;
  /** Seconds until the client may come back: the value of `Retry-After`. */
  readonly wait: number | null = null;

  /**
   * @param detail a text, or lists and plain objects of texts; the class's default when absent
   * @param code for every text that has none; the class's default when absent
   */
  constructor(detail?: ErrorInput, code?: string | null) {
    const { statusCode, defaultDetail, defaultCode } = new.target;
    const tree = new.target.toDetail(detail ?? defaultDetail, code ?? defaultCode);
    const limit = Error.stackTraceLimit;
    if (statusCode < 500) Error.stackTraceLimit = 0;
    super(tree instanceof ErrorDetail ? String(tree) : inspect(tree, { depth: 10 }));
    Error.stackTraceLimit = limit;
    this.statusCode = statusCode;
    this.detail = tree;
  }

  protected static toDetail(detail: ErrorInput, code: string): ErrorTree {
    return getErrorDetails(detail, code);
  }

  override get name(): string {
    return this.constructor.name;
  }

  get [BRAND](): true {
    return true;
  }

  get status(): number {
    return this.statusCode;
  }

  get httpCode(): number {
    return this.statusCode;
  }

  get expose(): boolean {
    return this.statusCode < 500;
  }

  get headers(): Record<string, string> {
    const headers: Record<string, string> = {};
    if (this.authHeader !== undefined && this.authHeader !== '') headers['WWW-Authenticate'] = this.authHeader;
    // A wait of 0 sends no header, though the text names it (DRF tests the number for truth).
    if (this.wait !== null && this.wait !== 0) headers['Retry-After'] = String(this.wait);
    return headers;
  }

  /** The body of the answer: what a host that knows nothing of DRF writes, in place of fields and stack trace. */
  toJSON(): ErrorTree {
    return this.detail instanceof String ? { detail: this.detail } : this.detail;
  }

  /** The codes, in the shape of `detail`. */
  getCodes(): Tree<string> {
    return mapTree(this.detail, (leaf) => leaf.code);
  }

  /** Texts and codes, in the shape of `detail`. */
  getFullDetails(): Tree<{ message: string; code: string }> {
    return mapTree(this.detail, (leaf) => ({ message: String(leaf), code: leaf.code }));
  }

  override toString(): string {
    return this.message;
  }
}

/** Recognises exceptions of another copy of the package too: two copies must not turn a 401 into a 500. */
export function isAPIException(error: unknown): error is APIException {
  return error !== null && typeof error === 'object' && BRAND in error;
}

/** Whether an error asks for credentials, so that the first authenticator decides between 401 and 403. */
export function needsChallenge(error: unknown): error is APIException {
  return isAPIException(error) && CHALLENGE in error;
}

/** 400. Its detail is always a list or a mapping: a single text becomes a list of one. */
export class ValidationError extends APIException {
  static override statusCode = 400;
  static override defaultDetail = 'Invalid input.';
  static override defaultCode = 'invalid';

  protected static override toDetail(detail: ErrorInput, code: string): ErrorTree {
    return getErrorDetails(Array.isArray(detail) || isMapping(detail) ? detail : [detail], code);
  }
}

/** 400: the body could not be read. */
export class ParseError extends APIException {
  static override statusCode = 400;
  static override defaultDetail = 'Malformed request.';
  static override defaultCode = 'parse_error';
}

/** 401, or 403 where the view's first authenticator has no challenge: credentials were given and are wrong. */
export class AuthenticationFailed extends APIException {
  static override statusCode = 401;
  static override defaultDetail = 'Incorrect authentication credentials.';
  static override defaultCode = 'authentication_failed';
  get [CHALLENGE](): true {
    return true;
  }
}

/** 401, or 403 where the view's first authenticator has no challenge: no credentials were given. */
export class NotAuthenticated extends APIException {
  static override statusCode = 401;
  static override defaultDetail = 'Authentication credentials were not provided.';
  static override defaultCode = 'not_authenticated';
  get [CHALLENGE](): true {
    return true;
  }
}

/** 403. */
export class PermissionDenied extends APIException {
  static override statusCode = 403;
  static override defaultDetail = 'You do not have permission to perform this action.';
  static override defaultCode = 'permission_denied';
}

/** 404. */
export class NotFound extends APIException {
  static override statusCode = 404;
  static override defaultDetail = 'Not found.';
  static override defaultCode = 'not_found';
}

/** 405. */
export class MethodNotAllowed extends APIException {
  static override statusCode = 405;
  static override defaultDetail = 'Method "{method}" not allowed.';
  static override defaultCode = 'method_not_allowed';

  constructor(method: string, detail?: ErrorInput, code?: string | null) {
    super(detail ?? new.target.defaultDetail.replace('{method}', () => method), code);
  }
}

/** 406. */
export class NotAcceptable extends APIException {
  static override statusCode = 406;
  static override defaultDetail = 'Could not satisfy the request Accept header.';
  static override defaultCode = 'not_acceptable';

  constructor(
    detail?: ErrorInput,
    code?: string | null,
    readonly availableRenderers: readonly unknown[] = [],
  ) {
    super(detail, code);
  }
}

/** 413: a limit of size, number or depth. DRF leaves these to Django, which answers 400 with a page. */
export class RequestEntityTooLarge extends APIException {
  static override statusCode = 413;
  static override defaultDetail = 'Request body is too large.';
  static override defaultCode = 'request_entity_too_large';
}

/** 415. */
export class UnsupportedMediaType extends APIException {
  static override statusCode = 415;
  static override defaultDetail = 'Unsupported media type "{media_type}" in request.';
  static override defaultCode = 'unsupported_media_type';

  constructor(mediaType: string, detail?: ErrorInput, code?: string | null) {
    super(detail ?? new.target.defaultDetail.replace('{media_type}', () => mediaType), code);
  }
}

/** 429. */
export class Throttled extends APIException {
  static override statusCode = 429;
  static override defaultDetail = 'Request was throttled.';
  static override defaultCode = 'throttled';
  static extraDetailSingular = 'Expected available in {wait} second.';
  static extraDetailPlural = 'Expected available in {wait} seconds.';

  override readonly wait: number | null;

  /** @param wait seconds, rounded up; null when nobody knows */
  constructor(wait?: number | null, detail?: ErrorInput, code?: string | null) {
    const seconds = wait === undefined || wait === null ? null : Math.ceil(wait);
    const texts = new.target;
    const base = detail ?? texts.defaultDetail;
    const extra = seconds === 1 ? texts.extraDetailSingular : texts.extraDetailPlural;
    super(seconds === null ? base : `${pythonText(base)} ${extra.replace('{wait}', String(seconds))}`, code);
    this.wait = seconds;
  }
}

const HTTP_404 = Symbol.for('sallyport.Http404');
const DENIED = Symbol.for('sallyport.DjangoPermissionDenied');

function hasBrand(error: unknown, brand: symbol): boolean {
  return error !== null && typeof error === 'object' && brand in error;
}

/** Django's own "no such thing": the default exception handler turns it into `NotFound`. */
export class Http404 extends Error {
  override name = 'Http404';
  get [HTTP_404](): true {
    return true;
  }
}

/** Recognises those of another copy of the package too. */
export function isHttp404(error: unknown): error is Http404 {
  return hasBrand(error, HTTP_404);
}

const BAD_REQUEST = Symbol.for('sallyport.BadRequest');

/**
 * Django's own "this request can't be served": no exception handler knows it, and the host answers it with 400. Its
 * message is for the log.
 */
export class BadRequest extends Error {
  override name = 'BadRequest';
  readonly status = 400;
  readonly statusCode = 400;
  readonly httpCode = 400;
  readonly expose = false;

  get [BAD_REQUEST](): true {
    return true;
  }
}

/** Recognises those of another copy of the package too. */
export function isBadRequest(error: unknown): error is BadRequest {
  return hasBrand(error, BAD_REQUEST);
}

/** The request names a host that the setting `allowedHosts` doesn't. */
export class DisallowedHost extends BadRequest {
  override name = 'DisallowedHost';
}

/**
 * Django's own `PermissionDenied`, not DRF's: the default exception handler turns it into `PermissionDenied`, and an
 * authentication backend that throws it ends the search for a user.
 */
export class DjangoPermissionDenied extends Error {
  override name = 'DjangoPermissionDenied';
  get [DENIED](): true {
    return true;
  }
}

/** Recognises those of another copy of the package too. */
export function isDjangoPermissionDenied(error: unknown): error is DjangoPermissionDenied {
  return hasBrand(error, DENIED);
}
