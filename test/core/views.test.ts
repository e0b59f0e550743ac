import { describe, expect, it } from '@jest/globals';
import {
  AllowAny,
  APIException,
  APIView,
  AuthenticationFailed,
  BaseAuthentication,
  BasePermission,
  BaseRenderer,
  BaseThrottle,
  defineSettings,
  DjangoPermissionDenied,
  FormParser,
  Http404,
  JSONParser,
  JSONRenderer,
  MethodNotAllowed,
  NotAuthenticated,
  PermissionDenied,
  Response,
  Throttled,
  URLPathVersioning,
} from 'sallyport';
import type {
  Authenticator,
  BaseUser,
  ExceptionContext,
  HostRequest,
  Params,
  Permission,
  PolicyClass,
  Request,
  RendererClasses,
  Settings,
  ViewResult,
} from 'sallyport';
import { call, errorLog, serve } from '../support/server';

const ann: BaseUser = { pk: 1, isActive: true, isAuthenticated: true };

class Ok extends APIView {
  override get(): Response {
    return new Response('ok');
  }
}

/** Knows ann by `X-User: ann`, fails with `X-User: bad`, and else wasn't attempted. */
class HeaderAuthentication extends BaseAuthentication {
  override authenticate(request: Request): readonly [BaseUser, string] | null {
    const name = request.headers.get('x-user');
    if (name === 'bad') throw new AuthenticationFailed('Bad name.');
    return name === 'ann' ? [ann, 'by header'] : null;
  }
}
class ChallengingAuthentication extends HeaderAuthentication {
  override authenticateHeader(): string {
    return 'Header realm="test"';
  }
}
const asAnn = { 'X-User': 'ann' };

class Refuse extends BasePermission {
  override hasPermission(): boolean {
    return false;
  }
}

class TextRenderer extends BaseRenderer {
  readonly mediaType = 'text/plain';
  readonly format = 'txt';
  render(data: unknown): string {
    return JSON.stringify(data);
  }
}

function permission(answer: unknown, more: Partial<Permission> = {}): PolicyClass<Permission> {
  return class {
    readonly message = more.message;
    readonly code = more.code as string;
    hasPermission = (): boolean => answer as boolean;
  };
}

function throttle(allowed: boolean, wait: number | null, asked: unknown[] = []): PolicyClass<BaseThrottle> {
  return class extends BaseThrottle {
    allowRequest(): boolean {
      asked.push(wait);
      return allowed;
    }
    override wait(): number | null {
      return wait;
    }
  };
}

/** A view that answers GET by throwing. */
function throwing(error: unknown, overrides: Parameters<typeof APIView.asView>[0] = {}) {
  class Throwing extends APIView {
    override get(): Response {
      throw error;
    }
  }
  return Throwing.asView(overrides);
}

describe('the order of a request', () => {
  it('D-023: negotiation and version come before authentication: a bad Accept without credentials is 406', async () => {
    const view = Ok.asView({ authenticationClasses: [ChallengingAuthentication], permissionClasses: [Refuse] });
    const answer = await call(view, { headers: { Accept: 'image/png', 'X-User': 'bad' } });
    expect(answer.status).toBe(406);
    expect(answer.json).toEqual({ detail: 'Could not satisfy the request Accept header.' });
  });

  it('D-023: an unknown format without credentials is 404', async () => {
    const view = Ok.asView({ authenticationClasses: [ChallengingAuthentication], permissionClasses: [Refuse] });
    const answer = await call(view, { path: '/?format=xml' });
    expect(answer.status).toBe(404);
    expect(answer.json).toEqual({ detail: 'Not found.' });
  });

  it('D-327: a wrong version beats wrong credentials', async () => {
    const view = Ok.asView({
      authenticationClasses: [ChallengingAuthentication],
      versioningClass: class extends URLPathVersioning {
        override readonly allowedVersions = ['v1'];
        override readonly defaultVersion = 'v9';
        override isAllowedVersion(version: string | null): boolean {
          return version === 'v1';
        }
      },
    });
    const answer = await call(view, { headers: { 'X-User': 'bad' } });
    expect(answer.status).toBe(404);
    expect(answer.json).toEqual({ detail: 'Invalid version in URL path.' });
  });

  it('D-017: an anonymous POST to a GET-only view is 401, not 405', async () => {
    const view = Ok.asView({ authenticationClasses: [ChallengingAuthentication], permissionClasses: [Refuse] });
    expect((await call(view, { method: 'POST' })).status).toBe(401);
  });

  it('D-017: a throttled POST to a GET-only view is 429, not 405', async () => {
    const view = Ok.asView({ throttleClasses: [throttle(false, 3)] });
    expect((await call(view, { method: 'POST' })).status).toBe(429);
  });

  it('D-256: refused requests are not counted by throttles', async () => {
    const asked: unknown[] = [];
    const view = Ok.asView({ permissionClasses: [Refuse], throttleClasses: [throttle(true, null, asked)] });
    await call(view);
    expect(asked).toEqual([]);
  });

  it('D-016, D-023, S-008: runs the steps in the order of DRF', async () => {
    const steps: string[] = [];
    class Steps extends APIView {
      override initializeRequest(raw: HostRequest, params: Params): Request {
        steps.push('initializeRequest');
        return super.initializeRequest(raw, params);
      }
      override getFormatSuffix(params: Params): string | null {
        steps.push('getFormatSuffix');
        return super.getFormatSuffix(params);
      }
      override performContentNegotiation(request: Request, force?: boolean) {
        steps.push('performContentNegotiation');
        return super.performContentNegotiation(request, force);
      }
      override determineVersion(request: Request, params: Params) {
        steps.push('determineVersion');
        return super.determineVersion(request, params);
      }
      override async performAuthentication(request: Request): Promise<void> {
        steps.push('performAuthentication');
        await super.performAuthentication(request);
      }
      override async checkPermissions(request: Request): Promise<void> {
        steps.push('checkPermissions');
        await super.checkPermissions(request);
      }
      override async checkThrottles(request: Request): Promise<void> {
        steps.push('checkThrottles');
        await super.checkThrottles(request);
      }
      override get(): Response {
        steps.push('get');
        return new Response();
      }
      override finalizeResponse(request: Request, response: ViewResult) {
        steps.push('finalizeResponse');
        return super.finalizeResponse(request, response);
      }
    }
    await call(Steps.asView());
    expect(steps).toEqual([
      'initializeRequest',
      'getFormatSuffix',
      'performContentNegotiation',
      'determineVersion',
      'performAuthentication',
      'checkPermissions',
      'checkThrottles',
      'get',
      'finalizeResponse',
    ]);
  });

  it('S-161: with lazy authentication, bad credentials that nobody asks about change nothing', async () => {
    const settings = defineSettings({ authenticationMode: 'lazy' });
    const view = Ok.asView({ settings, authenticationClasses: [ChallengingAuthentication] });
    const bad = { headers: { 'X-User': 'bad' } };
    expect((await call(view, bad)).status).toBe(200);
    expect((await call(view, { ...bad, method: 'POST' })).status).toBe(405);
  });

  it('S-007: by default bad credentials are refused though the view never asks who it is', async () => {
    const view = Ok.asView({ authenticationClasses: [ChallengingAuthentication], permissionClasses: [AllowAny] });
    const answer = await call(view, { headers: { 'X-User': 'bad' } });
    expect(answer.status).toBe(401);
    expect(answer.json).toEqual({ detail: 'Bad name.' });
  });

  it('refused clients never make the library read a body', async () => {
    let read = false;
    class Watched extends APIView {
      override post(): Response {
        return new Response();
      }
      override handleException(error: unknown) {
        read = (this.request.raw as { readableDidRead?: boolean }).readableDidRead === true;
        return super.handleException(error);
      }
    }
    const body = { big: 'x'.repeat(1000) };
    for (const [method, overrides, status] of [
      ['POST', { permissionClasses: [Refuse] }, 401],
      ['POST', { throttleClasses: [throttle(false, null)] }, 429],
      ['PUT', {}, 405],
    ] as const) {
      const view = Watched.asView({ authenticationClasses: [ChallengingAuthentication], ...overrides });
      expect((await call(view, { method, body })).status).toBe(status);
      expect(read).toBe(false);
    }
  });
});

describe('finding the handler', () => {
  it('D-018, D-036: an unknown method gets 405 with its name as it was sent', async () => {
    const answer = await call(Ok.asView(), { method: 'PROPFIND' });
    expect(answer.status).toBe(405);
    expect(answer.json).toEqual({ detail: 'Method "PROPFIND" not allowed.' });
  });

  it('never takes another member of the view for a handler', async () => {
    for (const method of ['REPORT', 'SEARCH', 'LINK', 'PURGE']) {
      expect((await call(Ok.asView(), { method })).status).toBe(405);
    }
  });

  it('D-036: httpMethodNotAllowed may be overridden', async () => {
    class Teapot extends Ok {
      override httpMethodNotAllowed(request: Request): Response {
        return new Response({ method: request.method }, { status: 418 });
      }
    }
    const answer = await call(Teapot.asView(), { method: 'DELETE' });
    expect([answer.status, answer.json]).toEqual([418, { method: 'DELETE' }]);
  });

  it.each(['get', 'post', 'put', 'patch', 'delete', 'trace'])('calls the handler of %s', async (name) => {
    class One extends APIView {}
    Object.defineProperty(One.prototype, name, { value: () => new Response(name) });
    const answer = await call(One.asView(), { method: name.toUpperCase() });
    expect(answer.json).toBe(name);
  });

  it('D-037: OPTIONS tells about the view, and is a method like any other where metadata is switched off', async () => {
    const told = await call(Ok.asView({ parserClasses: [JSONParser, FormParser] }), { method: 'OPTIONS' });
    expect(told.status).toBe(200);
    expect(told.text).toBe(
      '{"name":"Ok","description":"","renders":["application/json"],"parses":["application/json","application/x-www-form-urlencoded"]}',
    );
    const refused = await call(Ok.asView({ metadataClass: null }), { method: 'OPTIONS' });
    expect(refused.status).toBe(405);
    expect(refused.json).toEqual({ detail: 'Method "OPTIONS" not allowed.' });
  });

  it('D-038: OPTIONS passes authentication, permissions and throttles', async () => {
    const policies = { authenticationClasses: [ChallengingAuthentication] };
    expect((await call(Ok.asView({ ...policies, permissionClasses: [Refuse] }), { method: 'OPTIONS' })).status).toBe(
      401,
    );
    const throttled = Ok.asView({ ...policies, throttleClasses: [throttle(false, null)] });
    expect((await call(throttled, { method: 'OPTIONS' })).status).toBe(429);
  });
});

describe('policies', () => {
  it('D-027: the instances of each list may be chosen by request', async () => {
    class Choosy extends Ok {
      override getPermissions(): Permission[] {
        return this.request.queryParams.has('closed') ? [new Refuse(this.settings)] : [];
      }
      override getAuthenticators(): Authenticator[] {
        return [];
      }
    }
    expect((await call(Choosy.asView())).status).toBe(200);
    expect((await call(Choosy.asView(), { path: '/?closed' })).status).toBe(403);
  });

  it('D-019: initializeRequest wraps the host’s request, with parsers, authenticators and negotiator of the view', async () => {
    class Loud extends JSONParser {
      override async parse(...args: Parameters<JSONParser['parse']>): Promise<unknown> {
        return [await super.parse(...args), this.constructor.name];
      }
    }
    let parts: unknown[] = [];
    class View extends Ok {
      override initializeRequest(raw: HostRequest, params: Params): Request {
        const request = super.initializeRequest(raw, params);
        parts = [request.raw === raw, request.authenticators.map((each) => each.constructor.name)];
        return request;
      }
      override post(request: Request): Response {
        return new Response(request.data);
      }
    }
    const view = View.asView({ authenticationClasses: [HeaderAuthentication], parserClasses: [Loud] });
    expect((await call(view, { method: 'POST', body: { a: 1 } })).json).toEqual([{ a: 1 }, 'Loud']);
    expect(parts).toEqual([true, ['HeaderAuthentication']]);
  });

  it('D-026: one negotiator serves a request', async () => {
    let same: boolean | undefined;
    class Twice extends Ok {
      override get(): Response {
        same = this.getContentNegotiator() === this.getContentNegotiator();
        return super.get();
      }
    }
    await call(Twice.asView());
    expect(same).toBe(true);
  });

  it.each([false, null, undefined, 0, ''])('D-029: a permission that answers %p refuses', async (answer) => {
    const view = Ok.asView({ authenticationClasses: [], permissionClasses: [permission(answer)] });
    expect((await call(view)).status).toBe(403);
    const later = Ok.asView({ authenticationClasses: [], permissionClasses: [permission(Promise.resolve(answer))] });
    expect((await call(later)).status).toBe(403);
  });

  it('D-029, D-229: the first permission that refuses ends the walk, and its words are the answer', async () => {
    const asked: string[] = [];
    const third = class {
      hasPermission(): boolean {
        asked.push('third');
        return true;
      }
    };
    const view = Ok.asView({
      authenticationClasses: [],
      permissionClasses: [permission(true), permission(false, { message: 'Second says no.', code: 'no' }), third],
    });
    const answer = await call(view);
    expect(answer.json).toEqual({ detail: 'Second says no.' });
    expect(asked).toEqual([]);
  });

  it('D-030: object permissions are asked by the code that loads the object', async () => {
    class OwnerOnly {
      readonly message = 'Not yours.';
      async hasObjectPermission(_request: Request, _view: APIView, obj: unknown): Promise<boolean> {
        return obj === 'mine';
      }
    }
    class Detail extends APIView {
      override async get(request: Request): Promise<Response> {
        const obj = request.queryParams.get('obj');
        await this.checkObjectPermissions(request, obj);
        return new Response(obj);
      }
    }
    const view = Detail.asView({ authenticationClasses: [HeaderAuthentication], permissionClasses: [OwnerOnly] });
    expect((await call(view, { path: '/?obj=mine', headers: asAnn })).status).toBe(200);
    const refused = await call(view, { path: '/?obj=yours', headers: asAnn });
    expect([refused.status, refused.json]).toEqual([403, { detail: 'Not yours.' }]);
  });

  it('D-031: with authenticators, a refusal of someone unknown ignores the words of the permission', async () => {
    const view = Ok.asView({
      authenticationClasses: [ChallengingAuthentication],
      permissionClasses: [permission(false, { message: 'Members only.', code: 'members' })],
    });
    const anonymous = await call(view);
    expect([anonymous.status, anonymous.json]).toEqual([
      401,
      { detail: 'Authentication credentials were not provided.' },
    ]);
    const known = await call(view, { headers: asAnn });
    expect([known.status, known.json]).toEqual([403, { detail: 'Members only.' }]);
    expect(known.headers['www-authenticate']).toBeUndefined();
  });

  it('D-032: with an empty list of authenticators a refusal is 403 with the words of the permission', async () => {
    const view = Ok.asView({
      authenticationClasses: [],
      permissionClasses: [permission(false, { message: 'Members only.' })],
    });
    const answer = await call(view);
    expect([answer.status, answer.json]).toEqual([403, { detail: 'Members only.' }]);
    expect(answer.headers['www-authenticate']).toBeUndefined();
  });

  it('D-033: the words of a permission may be any structure of texts', async () => {
    const message = { reason: ['too young', 'too old'], nested: { deep: true, none: null, n: 1.5 } };
    const view = Ok.asView({ authenticationClasses: [], permissionClasses: [permission(false, { message })] });
    expect((await call(view)).json).toEqual({
      reason: ['too young', 'too old'],
      nested: { deep: 'True', none: 'None', n: '1.5' },
    });
  });

  it('D-034: every throttle is asked even after one refused, and the longest wait is reported', async () => {
    const asked: unknown[] = [];
    const waits: [boolean, number | null][] = [
      [false, 5.2],
      [true, 99],
      [false, null],
      [false, 7.1],
      [false, 6],
    ];
    const view = Ok.asView({ throttleClasses: waits.map(([allowed, wait]) => throttle(allowed, wait, asked)) });
    const answer = await call(view);
    expect(answer.status).toBe(429);
    expect(answer.headers['retry-after']).toBe('8');
    expect(answer.json).toEqual({ detail: 'Request was throttled. Expected available in 8 seconds.' });
    expect(asked).toEqual([5.2, 99, null, 7.1, 6]);
  });

  it('D-252: without any known wait there is no Retry-After', async () => {
    const answer = await call(Ok.asView({ throttleClasses: [throttle(false, null)] }));
    expect(answer.json).toEqual({ detail: 'Request was throttled.' });
    expect(answer.headers['retry-after']).toBeUndefined();
  });

  it('a throttle without the method wait refuses all the same', async () => {
    const plain = class {
      allowRequest(): boolean {
        return false;
      }
    };
    expect((await call(Ok.asView({ throttleClasses: [plain] }))).status).toBe(429);
  });

  it('S-001: any class with authenticate can stand in the list, without a base class of ours', async () => {
    class Plain {
      authenticate(): readonly [BaseUser, null] {
        return [ann, null];
      }
    }
    class Who extends APIView {
      override get(request: Request): Response {
        return new Response(request.user?.pk);
      }
    }
    expect((await call(Who.asView({ authenticationClasses: [Plain] }))).json).toBe(1);
  });
});

describe('401 or 403', () => {
  it('D-049, D-058: the challenge of the first authenticator makes it a 401, and stands in its header', async () => {
    const view = throwing(new NotAuthenticated(), { authenticationClasses: [ChallengingAuthentication] });
    const answer = await call(view);
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Header realm="test"');
  });

  it('D-049: without a challenge it is a 403 with the same words', async () => {
    for (const authenticationClasses of [[HeaderAuthentication], []]) {
      for (const error of [new NotAuthenticated('Words.'), new AuthenticationFailed('Words.')]) {
        const answer = await call(throwing(error, { authenticationClasses }));
        expect([answer.status, answer.json]).toEqual([403, { detail: 'Words.' }]);
        expect(answer.headers['www-authenticate']).toBeUndefined();
      }
    }
  });

  it.each([null, undefined, ''])('D-049: a challenge of %p is none', async (challenge) => {
    class Mute extends HeaderAuthentication {
      override authenticateHeader(): string | null | undefined {
        return challenge;
      }
    }
    expect((await call(throwing(new NotAuthenticated(), { authenticationClasses: [Mute] }))).status).toBe(403);
  });

  it('D-050: the first class decides, also when another one raised the error', async () => {
    class Second extends ChallengingAuthentication {
      override authenticateHeader(): string {
        return 'Second';
      }
      override authenticate(): never {
        throw new AuthenticationFailed('Second says no.');
      }
    }
    const first = await call(Ok.asView({ authenticationClasses: [ChallengingAuthentication, Second] }));
    expect([first.status, first.headers['www-authenticate']]).toEqual([401, 'Header realm="test"']);
    const mute = await call(Ok.asView({ authenticationClasses: [HeaderAuthentication, Second] }));
    expect([mute.status, mute.headers['www-authenticate']]).toEqual([403, undefined]);
  });

  it('D-050: asks a fresh authenticator for the challenge', async () => {
    const made: unknown[] = [];
    class Fresh extends ChallengingAuthentication {
      constructor(settings: Settings) {
        super(settings);
        made.push(this);
      }
    }
    await call(throwing(new NotAuthenticated(), { authenticationClasses: [Fresh] }));
    expect(made).toHaveLength(2);
  });

  it('D-051: a PermissionDenied while authenticating stays a 403 without a challenge', async () => {
    class Csrf extends ChallengingAuthentication {
      override authenticate(): never {
        throw new PermissionDenied('CSRF Failed: no cookie.');
      }
    }
    const answer = await call(Ok.asView({ authenticationClasses: [Csrf, ChallengingAuthentication] }));
    expect([answer.status, answer.json]).toEqual([403, { detail: 'CSRF Failed: no cookie.' }]);
    expect(answer.headers['www-authenticate']).toBeUndefined();
  });

  it('subclasses of the two errors follow the same rule', async () => {
    class Expired extends AuthenticationFailed {
      static override defaultDetail = 'Expired.';
    }
    expect((await call(throwing(new Expired(), { authenticationClasses: [] }))).status).toBe(403);
    const answer = await call(throwing(new Expired(), { authenticationClasses: [ChallengingAuthentication] }));
    expect([answer.status, answer.json]).toEqual([401, { detail: 'Expired.' }]);
  });
});

describe('errors', () => {
  it('D-052: the exception handler sees the decision between 401 and 403', async () => {
    const seen: unknown[] = [];
    const settings = defineSettings({
      exceptionHandler: (error, context) => {
        const { statusCode, authHeader } = error as APIException;
        seen.push(statusCode, authHeader, Object.keys(context).sort());
        return new Response('handled', { status: 499 });
      },
    });
    const answer = await call(throwing(new NotAuthenticated(), { settings, authenticationClasses: [] }));
    expect([answer.status, answer.json]).toEqual([499, 'handled']);
    await call(throwing(new NotAuthenticated(), { settings, authenticationClasses: [ChallengingAuthentication] }));
    expect(seen).toEqual([
      403,
      undefined,
      ['params', 'request', 'view'],
      401,
      'Header realm="test"',
      ['params', 'request', 'view'],
    ]);
  });

  it('D-022: the handler gets the view, its parameters and the request', async () => {
    let context: ExceptionContext | undefined;
    const settings = defineSettings({
      exceptionHandler: async (_error, given) => {
        await Promise.resolve();
        context = given;
        return new Response();
      },
    });
    await call(throwing(new Http404(), { settings }));
    expect(context?.view).toBeInstanceOf(APIView);
    expect(context?.request).toBe(context?.view.request);
    expect(context?.params).toEqual({});
  });

  it.each([null, undefined])('D-053: a handler that answers %p hands the error to the host', async (nothing) => {
    const { logger, errors } = errorLog();
    const settings = defineSettings({ logger, exceptionHandler: () => nothing });
    const error = new Http404();
    const answer = await call(throwing(error, { settings }));
    expect(answer.status).toBe(500);
    expect(errors).toEqual([error]);
  });

  it('D-055: the answer of an exception handler is marked', async () => {
    let response: ViewResult | null | undefined;
    const settings = defineSettings({
      aroundDispatch: async (_raw, run) => {
        response = await run();
        return response;
      },
    });
    await call(throwing(new Http404(), { settings }));
    expect((response as Response).exception).toBe(true);
    await call(Ok.asView({ settings }));
    expect((response as Response).exception).toBe(false);
  });

  it("D-056: Django's own two errors become 404 and 403, with their message if they have one", async () => {
    expect((await call(throwing(new Http404()))).text).toBe('{"detail":"Not found."}');
    expect((await call(throwing(new Http404('custom msg')))).text).toBe('{"detail":"custom msg"}');
    const denied = await call(throwing(new DjangoPermissionDenied('nope')));
    expect([denied.status, denied.text]).toEqual([403, '{"detail":"nope"}']);
    expect((await call(throwing(new DjangoPermissionDenied()))).text).toBe(
      '{"detail":"You do not have permission to perform this action."}',
    );
  });

  it('D-057, D-317: a list or a mapping is the body itself, a text stands under detail', async () => {
    expect((await call(throwing(new APIException(['a', 'b'])))).text).toBe('["a","b"]');
    expect((await call(throwing(new APIException({ a: ['b'] })))).text).toBe('{"a":["b"]}');
    const text = await call(throwing(new APIException('a')));
    expect([text.status, text.text]).toEqual([500, '{"detail":"a"}']);
  });

  it('D-059: Retry-After is the rounded wait, but for a wait of zero', async () => {
    const after = async (wait: number | null): Promise<unknown[]> => {
      const answer = await call(throwing(new Throttled(wait)));
      return [answer.status, answer.headers['retry-after'], answer.json.detail];
    };
    expect(await after(0.2)).toEqual([429, '1', 'Request was throttled. Expected available in 1 second.']);
    expect(await after(61.2)).toEqual([429, '62', 'Request was throttled. Expected available in 62 seconds.']);
    expect(await after(0)).toEqual([429, undefined, 'Request was throttled. Expected available in 0 seconds.']);
    expect(await after(-5)).toEqual([429, '-5', 'Request was throttled. Expected available in -5 seconds.']);
    expect(await after(null)).toEqual([429, undefined, 'Request was throttled.']);
  });

  it('D-061: any other error goes to the host, and nothing of it reaches the client', async () => {
    const { logger, errors } = errorLog();
    const secret = new Error('password=hunter2');
    const answer = await call(throwing(secret, { settings: defineSettings({ logger }) }));
    expect([answer.status, answer.text]).toEqual([500, '{"error":"Server Error (500)"}']);
    expect(errors).toEqual([secret]);
  });

  it('an error of the exception handler itself is a server error', async () => {
    const { logger, errors } = errorLog();
    const failure = new Error('handler');
    const settings = defineSettings({
      logger,
      exceptionHandler: () => {
        throw failure;
      },
    });
    expect((await call(throwing(new Http404(), { settings }))).status).toBe(500);
    expect(errors).toEqual([failure]);
  });

  it('D-041: a handler that returns no response is a programming error', async () => {
    const { logger, errors } = errorLog();
    const view = (answer: unknown) =>
      class extends APIView {
        override get(): Response {
          return answer as Response;
        }
      }.asView({ settings: defineSettings({ logger }) });
    for (const answer of [undefined, null, { a: 1 }, 'text', new Promise(() => undefined).constructor]) {
      expect((await call(view(answer))).status).toBe(500);
    }
    expect(String(errors[0])).toBe('Error: Expected a `Response` to be returned from the view, but received undefined');
  });
});

describe('the answer', () => {
  it('D-039, D-040: Allow names the methods in a fixed order on every answer, errors too', async () => {
    class Full extends Ok {
      override trace(): Response {
        return new Response();
      }
      override delete(): Response {
        throw new MethodNotAllowed('DELETE');
      }
      override post(): Response {
        return new Response();
      }
    }
    const expected = 'GET, POST, DELETE, HEAD, OPTIONS, TRACE';
    for (const method of ['GET', 'POST', 'DELETE', 'PUT', 'OPTIONS']) {
      expect((await call(Full.asView(), { method })).headers.allow).toBe(expected);
    }
    expect((await call(Full.asView({ permissionClasses: [Refuse] }))).headers.allow).toBe(expected);
  });

  it('D-040: Vary names Accept only where there are two renderers to choose from', async () => {
    expect((await call(Ok.asView())).headers.vary).toBeUndefined();
    const rendererClasses: RendererClasses = [JSONRenderer, TextRenderer];
    expect((await call(Ok.asView({ rendererClasses }))).headers.vary).toBe('Accept');
    expect((await call(Ok.asView({ rendererClasses }), { headers: { Accept: 'image/png' } })).headers.vary).toBe(
      'Accept',
    );
  });

  it('D-044: Vary of the view is merged', async () => {
    const vary = async (value: string): Promise<string | undefined> => {
      class Varied extends APIView {
        override get(): Response {
          return new Response(null, { headers: { Vary: value } });
        }
      }
      return (await call(Varied.asView({ rendererClasses: [JSONRenderer, TextRenderer] }))).headers.vary;
    };
    expect(await vary('Cookie')).toBe('Cookie, Accept');
    expect(await vary(' Cookie ,, Origin')).toBe('Cookie, Origin, Accept');
    expect(await vary('accept, Cookie')).toBe('accept, Cookie');
    expect(await vary('*')).toBe('*');
  });

  it('D-045: a view cannot change Allow', async () => {
    class Liar extends APIView {
      override get(): Response {
        return new Response(null, { headers: { allow: 'EVERYTHING', 'X-Own': 'kept' } });
      }
    }
    const { headers } = await call(Liar.asView());
    expect(headers.allow).toBe('GET, HEAD, OPTIONS');
    expect(headers['x-own']).toBe('kept');
  });

  it("D-046: the platform's own response gets Allow and Vary, and is sent as it is", async () => {
    class Raw extends APIView {
      override get(): globalThis.Response {
        const headers = new Headers({ 'Content-Type': 'text/csv', Vary: 'Cookie' });
        headers.append('Set-Cookie', 'a=1');
        headers.append('Set-Cookie', 'b=2');
        return new globalThis.Response('a,b', { status: 201, headers });
      }
    }
    const answer = await call(Raw.asView({ rendererClasses: [JSONRenderer, TextRenderer] }));
    expect([answer.status, answer.text]).toEqual([201, 'a,b']);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/csv',
      vary: 'Cookie, Accept',
      allow: 'GET, HEAD, OPTIONS',
      'set-cookie': ['a=1', 'b=2'],
    });
  });

  it("D-046: a redirect of the platform's, whose headers can't be changed, gets Allow too", async () => {
    class Moved extends APIView {
      override get(): globalThis.Response {
        return globalThis.Response.redirect('http://127.0.0.1/new', 302);
      }
    }
    const answer = await call(Moved.asView());
    expect([answer.status, answer.headers.location, answer.headers.allow]).toEqual([
      302,
      'http://127.0.0.1/new',
      'GET, HEAD, OPTIONS',
    ]);
  });

  it('D-042: errors of negotiation are rendered by the first renderer', async () => {
    const view = Ok.asView({ rendererClasses: [TextRenderer, JSONRenderer] });
    const answer = await call(view, { headers: { Accept: 'image/png' } });
    expect([answer.status, answer.headers['content-type']]).toEqual([406, 'text/plain; charset=utf-8']);
    expect(answer.json).toEqual({ detail: 'Could not satisfy the request Accept header.' });
  });

  it('D-043, D-048: the view keeps its answer, which knows how it was negotiated', async () => {
    const views: APIView[] = [];
    class Keeps extends Ok {
      override get(): Response {
        views.push(this);
        return super.get();
      }
    }
    await call(Keeps.asView());
    const response = views[0]!.response as Response;
    expect(response.data).toBe('ok');
    expect(response.acceptedRenderer).toBeInstanceOf(JSONRenderer);
    expect(response.acceptedMediaType).toBe('application/json');
  });

  it('D-047: an error has its own headers beside those of every answer', async () => {
    const view = Ok.asView({
      authenticationClasses: [ChallengingAuthentication],
      permissionClasses: [Refuse],
      rendererClasses: [JSONRenderer, TextRenderer],
    });
    const { rawHeaders } = await call(view);
    const names = rawHeaders.filter(
      (_, index) => index % 2 === 0 && !/^(date|connection|keep-alive)$/i.test(rawHeaders[index]!),
    );
    expect(names.sort()).toEqual(['Allow', 'Content-Length', 'Content-Type', 'Vary', 'WWW-Authenticate']);
  });

  it('D-021: the renderer gets the view, its parameters, the request and the response', async () => {
    const keys: string[] = [];
    class Curious extends JSONRenderer {
      override render(data: unknown, mediaType: string, context: Parameters<JSONRenderer['render']>[2]): string {
        keys.push(...Object.keys(context).sort());
        return super.render(data, mediaType, context);
      }
    }
    await call(Ok.asView({ rendererClasses: [Curious] }));
    expect(keys).toEqual(['params', 'request', 'response', 'view']);
  });

  it('D-025: with an empty list of renderers the error goes to the host, and the server lives', async () => {
    const { logger } = errorLog();
    const server = await serve(Ok.asView({ rendererClasses: [], settings: defineSettings({ logger }) }));
    expect((await server.request()).status).toBe(500);
    expect((await server.request()).status).toBe(500);
    await server.close();
  });

  it('overridden default headers are asked for with each answer', async () => {
    let count = 0;
    class Counting extends Ok {
      override get defaultResponseHeaders(): Readonly<Record<string, string>> {
        return { ...super.defaultResponseHeaders, 'X-Count': String(++count) };
      }
    }
    const server = await serve(Counting.asView());
    expect((await server.request()).headers['x-count']).toBe('1');
    expect((await server.request()).headers['x-count']).toBe('2');
    await server.close();
  });
});

describe('a view without any settings', () => {
  it('answers, and takes credentials that it has no users for as not attempted', async () => {
    class Bare extends APIView {
      override get(request: Request): Response {
        return new Response([request.user?.isAuthenticated, request.auth]);
      }
    }
    for (const Authorization of ['Basic YW5uOnNlY3JldA==', 'Basic', 'Token abc', 'garbage']) {
      const answer = await call(Bare.asView(), { headers: { Authorization } });
      expect([answer.status, answer.json]).toEqual([200, [false, null]]);
    }
  });
});
