import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import * as sallyport from 'sallyport';
import {
  APIException,
  AuthenticationFailed,
  ErrorDetail,
  exceptionHandler,
  getErrorDetails,
  Http404,
  isAPIException,
  MethodNotAllowed,
  needsChallenge,
  NotAcceptable,
  NotAuthenticated,
  NotFound,
  ParseError,
  PermissionDenied,
  RequestEntityTooLarge,
  Throttled,
  UnsupportedMediaType,
  ValidationError,
} from 'sallyport';

/** The text of a detail that is one. */
const textOf = (error: APIException): unknown => JSON.parse(JSON.stringify(error.detail));

describe('the exceptions of DRF', () => {
  it.each([
    [new APIException(), 500, 'error', 'A server error occurred.'],
    [new ParseError(), 400, 'parse_error', 'Malformed request.'],
    [new AuthenticationFailed(), 401, 'authentication_failed', 'Incorrect authentication credentials.'],
    [new NotAuthenticated(), 401, 'not_authenticated', 'Authentication credentials were not provided.'],
    [new PermissionDenied(), 403, 'permission_denied', 'You do not have permission to perform this action.'],
    [new NotFound(), 404, 'not_found', 'Not found.'],
    [new MethodNotAllowed('FOO'), 405, 'method_not_allowed', 'Method "FOO" not allowed.'],
    [new NotAcceptable(), 406, 'not_acceptable', 'Could not satisfy the request Accept header.'],
    [new UnsupportedMediaType('a/b'), 415, 'unsupported_media_type', 'Unsupported media type "a/b" in request.'],
    [new Throttled(), 429, 'throttled', 'Request was throttled.'],
    [new RequestEntityTooLarge(), 413, 'request_entity_too_large', 'Request body is too large.'],
  ])('D-305: %p has its status, code and text', (error, status, code, text) => {
    expect([error.statusCode, error.getCodes(), textOf(error)]).toEqual([status, code, text]);
    expect(error).toBeInstanceOf(APIException);
    expect(error).toBeInstanceOf(Error);
    expect([error.message, String(error), error.name]).toEqual([text, text, error.constructor.name]);
  });

  it('D-305, D-311: ValidationError is always a list or a mapping', () => {
    const details = (...args: ConstructorParameters<typeof ValidationError>): string =>
      JSON.stringify(new ValidationError(...args).detail);
    expect(details()).toBe('["Invalid input."]');
    expect(details('x')).toBe('["x"]');
    expect(details(['x', 'y'])).toBe('["x","y"]');
    expect(details({ a: 'x' })).toBe('{"a":"x"}');
    expect(details(new ErrorDetail('x', 'c'))).toBe('["x"]');
    expect(new ValidationError('x').statusCode).toBe(400);
    expect(new ValidationError('x').getCodes()).toEqual(['invalid']);
  });

  it('D-306: an empty text is a detail; null is none', () => {
    expect(textOf(new NotFound(''))).toBe('');
    expect(textOf(new NotFound(null))).toBe('Not found.');
    expect([new NotFound('x', 'own').getCodes(), new NotFound('x', null).getCodes()]).toEqual(['own', 'not_found']);
  });

  it('D-306, D-307: the code goes to every leaf that has none', () => {
    const error = new ValidationError({ a: ['x', new ErrorDetail('y', 'own')], b: { c: 'z' } }, 'general');
    expect(error.getCodes()).toEqual({ a: ['general', 'own'], b: { c: 'general' } });
  });

  it('D-309: getFullDetails has texts and codes in the shape of the detail', () => {
    expect(new ValidationError({ a: ['x'] }, 'c').getFullDetails()).toEqual({ a: [{ message: 'x', code: 'c' }] });
    expect(new Throttled(2).getFullDetails()).toEqual({
      message: 'Request was throttled. Expected available in 2 seconds.',
      code: 'throttled',
    });
    expect(new NotFound('x').getFullDetails()).toEqual({ message: 'x', code: 'not_found' });
  });

  it('D-062: leaves are written as Python writes them', () => {
    const detail = [true, false, null, undefined, 1, 1.5, 10n, 'text'];
    expect(JSON.stringify(new APIException(detail).detail)).toBe(
      '["True","False","None","None","1","1.5","10","text"]',
    );
  });

  it('a field named like a member of an object is a field', () => {
    const error = new ValidationError(JSON.parse('{"__proto__":["x"],"constructor":["y"]}'));
    expect(JSON.stringify(error.detail)).toBe('{"__proto__":["x"],"constructor":["y"]}');
    expect(error.getCodes()).toEqual(JSON.parse('{"__proto__":["invalid"],"constructor":["invalid"]}'));
  });

  it('D-310: the text of a structure is its printed form', () => {
    expect(String(new ValidationError(['x']))).toBe("[ ErrorDetail(string='x', code='invalid') ]");
  });

  it('D-312, D-313: names from outside are put in as they are', () => {
    expect(textOf(new MethodNotAllowed('$&'))).toBe('Method "$&" not allowed.');
    expect(textOf(new UnsupportedMediaType("$'`"))).toBe('Unsupported media type "$\'`" in request.');
    expect(textOf(new MethodNotAllowed('GET', 'own', 'c'))).toBe('own');
  });

  it('D-314: NotAcceptable keeps the renderers that there were', () => {
    expect(new NotAcceptable(null, null, ['json']).availableRenderers).toEqual(['json']);
    expect(new NotAcceptable().availableRenderers).toEqual([]);
  });

  it.each([
    [0.2, 1, 'Request was throttled. Expected available in 1 second.'],
    [1, 1, 'Request was throttled. Expected available in 1 second.'],
    [1.1, 2, 'Request was throttled. Expected available in 2 seconds.'],
    [0, 0, 'Request was throttled. Expected available in 0 seconds.'],
    [null, null, 'Request was throttled.'],
    [undefined, null, 'Request was throttled.'],
  ])('D-315: a wait of %p is kept as %p and told in words', (wait, kept, text) => {
    const error = new Throttled(wait);
    expect([error.wait, textOf(error)]).toEqual([kept, text]);
  });

  it('D-315: Throttled keeps a text of one’s own, with the wait behind it', () => {
    expect(textOf(new Throttled(3, 'Slow down.'))).toBe('Slow down. Expected available in 3 seconds.');
    expect(textOf(new Throttled(null, 'Slow down.', 'slow'))).toBe('Slow down.');
    expect(new Throttled(null, 'Slow down.', 'slow').getCodes()).toBe('slow');
  });

  it('subclasses set statics', () => {
    class Busy extends APIException {
      static override statusCode = 503;
      static override defaultDetail = 'Busy.';
      static override defaultCode = 'busy';
    }
    const error = new Busy();
    expect([error.statusCode, textOf(error), error.getCodes(), error.name]).toEqual([503, 'Busy.', 'busy', 'Busy']);
    class Slow extends Throttled {
      static override extraDetailPlural = 'Wait {wait}.';
    }
    expect(textOf(new Slow(5))).toBe('Request was throttled. Wait 5.');
  });

  it('have the members by which Express and routing-controllers know an HTTP error', () => {
    const error = new Throttled(5);
    expect([error.status, error.httpCode, error.expose, error.headers]).toEqual([
      429,
      429,
      true,
      { 'Retry-After': '5' },
    ]);
    expect(new APIException().expose).toBe(false);
    const challenged = new NotAuthenticated();
    challenged.authHeader = 'Token';
    expect(challenged.headers).toEqual({ 'WWW-Authenticate': 'Token' });
    challenged.authHeader = '';
    expect(challenged.headers).toEqual({});
  });

  it('have a stack trace where they are a bug, and none where they are an answer', () => {
    const limit = Error.stackTraceLimit;
    expect(new APIException().stack).toContain('exceptions.test');
    expect(new NotFound().stack).not.toContain('exceptions.test');
    expect(Error.stackTraceLimit).toBe(limit);
    expect(new Error('x').stack).toContain('exceptions.test');
  });

  it('are recognised by a brand: those of another copy of the package are the same', () => {
    const foreign = { [Symbol.for('sallyport.APIException')]: true, statusCode: 418, detail: ['x'], headers: {} };
    expect(isAPIException(foreign)).toBe(true);
    expect(exceptionHandler(foreign, {} as never)).toMatchObject({ status: 418, data: ['x'] });
    for (const other of [null, undefined, 'x', 5, {}, new Error('x'), new Http404()])
      expect(isAPIException(other)).toBe(false);
    expect([
      needsChallenge(new AuthenticationFailed()),
      needsChallenge(new PermissionDenied()),
      needsChallenge(null),
    ]).toEqual([true, false, false]);
  });
});

describe('ErrorDetail', () => {
  it('D-308: is a text with a code', () => {
    const detail = new ErrorDetail('msg', 'c');
    expect([String(detail), detail.code, JSON.stringify({ detail }), detail.length]).toEqual([
      'msg',
      'c',
      '{"detail":"msg"}',
      3,
    ]);
    expect(inspect(detail)).toBe("ErrorDetail(string='msg', code='c')");
  });

  it('D-308: equals a text, and another one with the same code', () => {
    const detail = new ErrorDetail('msg', 'c');
    expect(detail.equals('msg')).toBe(true);
    expect(detail.equals('other')).toBe(false);
    expect(detail.equals(new ErrorDetail('msg', 'c'))).toBe(true);
    expect(detail.equals(new ErrorDetail('msg', 'other'))).toBe(false);
    expect(detail.equals(new ErrorDetail('other', 'c'))).toBe(false);
  });

  it('D-307: getErrorDetails keeps those that are there', () => {
    const own = new ErrorDetail('y', 'own');
    expect(getErrorDetails(['x', own], 'c')).toEqual([new ErrorDetail('x', 'c'), own]);
    expect(getErrorDetails('x', 'c')).toEqual(new ErrorDetail('x', 'c'));
  });
});

describe('the names that tell a mistake of set-up from an answer', () => {
  it('ImproperlyConfigured is never an answer', () => {
    const error = new sallyport.ImproperlyConfigured('x');
    expect([isAPIException(error), error.name]).toEqual([false, 'ImproperlyConfigured']);
    expect(exceptionHandler(error, {} as never)).toBeNull();
  });
});
