import { describe, expect, it } from '@jest/globals';
import {
  AcceptHeaderVersioning,
  APIView,
  defineSettings,
  handle,
  HostNameVersioning,
  ImproperlyConfigured,
  NamespaceVersioning,
  NoReverseMatch,
  path,
  QueryParameterVersioning,
  removeQueryParam,
  replaceQueryParam,
  Response,
  reverse,
  URLPathVersioning,
} from 'sallyport';
import type { Handler, PolicyClass, Request, Route, SettingsInput, Versioning } from 'sallyport';
import { call, errorLog } from '../support/server';
import type { RequestOptions } from '../support/server';

const { logger, errors } = errorLog();

/** A view that tells its version, and the URL of the route that `?name=` names. */
function viewOf(scheme: PolicyClass<Versioning> | null, settings: SettingsInput = {}): Handler {
  class View extends APIView {
    static override settings = defineSettings({ logger, ...settings });
    static override versioningClass = scheme;
    override get(request: Request): Response {
      const name = request.queryParams.get('name');
      const { params = null, format } = JSON.parse(request.queryParams.get('with') ?? '{}') as {
        params?: object;
        format?: string;
      };
      const options = {
        request,
        ...(params === null ? {} : { params: { ...params } }),
        ...(format === undefined ? {} : { format }),
      };
      return new Response({
        version: request.version,
        scheme: request.versioningScheme?.constructor.name ?? null,
        url: name === undefined ? null : reverse(name, options),
      });
    }
  }
  return View.asView();
}

async function versionOf(handler: Handler, options: RequestOptions): Promise<unknown> {
  const answer = await call(handler, options);
  return answer.status === 200 ? answer.json.version : [answer.status, answer.json.detail];
}
const versions: SettingsInput = { defaultVersion: '1', allowedVersions: ['2', '2.1'] };

describe('the version of a request', () => {
  it('D-035: without a scheme there is none', async () => {
    expect((await call(viewOf(null))).json).toEqual({ version: null, scheme: null, url: null });
  });

  it('D-319: any is allowed where none are listed; else the default and those listed, null if it is', async () => {
    const at = (version: string, settings: SettingsInput): Promise<unknown> =>
      versionOf(viewOf(QueryParameterVersioning, settings), { path: `/${version}` });
    expect(await at('?version=9', {})).toBe('9');
    expect(await at('?version=9', { allowedVersions: [] })).toBe('9');
    expect(await at('', {})).toBeNull();
    expect(await at('', versions)).toBe('1');
    expect(await at('?version=1', versions)).toBe('1');
    expect(await at('?version=2.1', versions)).toBe('2.1');
    expect(await at('?version=3', versions)).toEqual([404, 'Invalid version in query parameter.']);
    expect(await at('', { allowedVersions: ['2'] })).toEqual([404, 'Invalid version in query parameter.']);
    expect(await at('', { allowedVersions: ['2', null] })).toBeNull();
  });

  it('D-321: AcceptHeaderVersioning reads a parameter of the accepted media type', async () => {
    const at = (Accept: string): Promise<unknown> =>
      versionOf(viewOf(AcceptHeaderVersioning, versions), { headers: { Accept } });
    expect(await at('application/json; version=2')).toBe('2');
    expect(await at('application/json; version="2.1"')).toBe('2.1');
    expect(await at('*/*; version=2')).toBe('2');
    expect(await at('application/json')).toBe('1');
    expect(await at('application/json; version=3')).toEqual([406, 'Invalid version in "Accept" header.']);
    expect(await at('application/json; version=')).toEqual([406, 'Invalid version in "Accept" header.']);
  });

  it('D-322: URLPathVersioning reads a parameter of the route', async () => {
    const handler = handle([
      path('/<str:version>/x', viewOf(URLPathVersioning, versions)),
      path('/x', viewOf(URLPathVersioning, versions)),
    ]);
    expect(await versionOf(handler, { path: '/2/x' })).toBe('2');
    expect(await versionOf(handler, { path: '/x' })).toBe('1');
    expect(await versionOf(handler, { path: '/3/x' })).toEqual([404, 'Invalid version in URL path.']);
  });

  it('D-323: NamespaceVersioning takes the first allowed namespace of the route', async () => {
    const view = viewOf(NamespaceVersioning, versions);
    const handler = handle([
      path('/x', view),
      path(
        '/api',
        [path('/2', [path('/x', view)], { namespace: '2' }), path('/3', [path('/x', view)], { namespace: '3' })],
        { namespace: 'api' },
      ),
    ]);
    expect(await versionOf(handler, { path: '/x' })).toBe('1');
    expect(await versionOf(handler, { path: '/api/2/x' })).toBe('2');
    expect(await versionOf(handler, { path: '/api/3/x' })).toEqual([
      404,
      'Invalid version in URL path. Does not match any version namespace.',
    ]);
    expect(await versionOf(view, {})).toBe('1');
  });

  it('D-324: HostNameVersioning takes the first part of a host of three', async () => {
    const at = (Host: string): Promise<unknown> =>
      versionOf(viewOf(HostNameVersioning, { ...versions, allowedVersions: ['v2'] }), { headers: { Host } });
    expect(await at('v2.example.com')).toBe('v2');
    expect(await at('v2.example.com:8000')).toBe('v2');
    expect(await at('example.com')).toBe('1');
    expect(await at('a.v2.example.com')).toBe('1');
    expect(await at('v3.example.com')).toEqual([404, 'Invalid version in hostname.']);
  });

  it('D-325: an empty parameter is a version, and not the default', async () => {
    expect(await versionOf(viewOf(QueryParameterVersioning, { defaultVersion: '1' }), { path: '/?version=' })).toBe('');
    expect(await versionOf(viewOf(QueryParameterVersioning, versions), { path: '/?version=' })).toEqual([
      404,
      'Invalid version in query parameter.',
    ]);
  });

  it('D-318: a class may have a default, a list and a parameter of its own', async () => {
    class Own extends QueryParameterVersioning {
      override readonly defaultVersion = 'x';
      override readonly allowedVersions = ['y'];
      override readonly versionParam = 'v';
    }
    const at = (query: string): Promise<unknown> => versionOf(viewOf(Own, versions), { path: `/${query}` });
    expect([await at(''), await at('?v=y')]).toEqual(['x', 'y']);
    expect(await at('?v=2')).toEqual([404, 'Invalid version in query parameter.']);
    class Open extends QueryParameterVersioning {
      override readonly allowedVersions = null;
      override readonly defaultVersion = null;
    }
    expect(await versionOf(viewOf(Open, versions), { path: '/?version=99' })).toBe('99');
    expect(await versionOf(viewOf(Open, versions), {})).toBeNull();
  });
});

describe('reverse', () => {
  const routes = (view: Handler): Route[] => [
    path('/notes/<int:pk>', view, { name: 'note' }),
    path('/notes', view, { name: 'notes' }),
    path('/v2', [path('/notes', view, { name: 'notes' })], { namespace: 'v2' }),
    path('/<str:version>/notes', view, { name: 'versioned' }),
  ];
  const urlOf = async (
    scheme: PolicyClass<Versioning> | null,
    at: string,
    settings: SettingsInput = {},
  ): Promise<unknown> => {
    const answer = await call(handle(routes(viewOf(scheme, settings))), { path: at, headers: { Host: 'example.com' } });
    return answer.status === 200 ? answer.json.url : answer.status;
  };

  it('D-332: gives an absolute URL, and keeps the format of the query', async () => {
    expect(await urlOf(null, '/notes?name=notes')).toBe('http://example.com/notes');
    expect(await urlOf(null, '/notes?name=note&with={"params":{"pk":5}}')).toBe('http://example.com/notes/5');
    expect(await urlOf(null, '/notes?name=notes&format=json')).toBe('http://example.com/notes?format=json');
    expect(await urlOf(null, '/notes?name=notes&format=json', { urlFormatOverride: null })).toBe(
      'http://example.com/notes',
    );
  });

  it('D-332: what is not found is an error that names it', async () => {
    expect(await urlOf(null, '/notes?name=missing')).toBe(500);
    expect(errors.pop()).toBeInstanceOf(NoReverseMatch);
  });

  it('D-326: QueryParameterVersioning adds its parameter', async () => {
    expect(await urlOf(QueryParameterVersioning, '/notes?version=2&name=notes')).toBe(
      'http://example.com/notes?version=2',
    );
    expect(await urlOf(QueryParameterVersioning, '/notes?name=notes')).toBe('http://example.com/notes');
  });

  it('D-326: URLPathVersioning adds its parameter, and one that is given wins', async () => {
    expect(await urlOf(URLPathVersioning, '/2/notes?name=versioned')).toBe('http://example.com/2/notes');
    expect(await urlOf(URLPathVersioning, '/2/notes?name=versioned&with={"params":{"version":"9"}}')).toBe(
      'http://example.com/9/notes',
    );
    // A route without the parameter is found all the same.
    expect(await urlOf(URLPathVersioning, '/2/notes?name=notes')).toBe('http://example.com/notes');
  });

  it('D-326: NamespaceVersioning adds its namespace, where there is such a name', async () => {
    expect(await urlOf(NamespaceVersioning, '/v2/notes?name=notes')).toBe('http://example.com/v2/notes');
    expect(await urlOf(NamespaceVersioning, '/v2/notes?name=note&with={"params":{"pk":5}}')).toBe(
      'http://example.com/notes/5',
    );
    expect(await urlOf(NamespaceVersioning, '/notes?name=notes')).toBe('http://example.com/notes');
  });

  it('D-326: the other schemes add nothing', async () => {
    expect(await urlOf(AcceptHeaderVersioning, '/notes?name=notes')).toBe('http://example.com/notes');
    expect(await urlOf(HostNameVersioning, '/notes?name=notes')).toBe('http://example.com/notes');
  });

  it('needs to know the routes: from handle(), or from the settings', async () => {
    const settings: SettingsInput = { urls: routes(() => Promise.resolve()) };
    const options = { path: '/anywhere?name=notes', headers: { Host: 'example.com' } };
    expect((await call(viewOf(null, settings), options)).json.url).toBe('http://example.com/notes');
    expect((await call(viewOf(null), options)).status).toBe(500);
    expect(errors.pop()).toBeInstanceOf(ImproperlyConfigured);
  });

  it('takes the host that the client asked for, over an encrypted connection too', async () => {
    const settings: SettingsInput = { secureProxySslHeader: ['X-Forwarded-Proto', 'https'] };
    const handler = handle(routes(viewOf(null, settings)));
    const headers = { Host: 'example.com:8443', 'X-Forwarded-Proto': 'https' };
    expect((await call(handler, { path: '/notes?name=notes', headers })).json.url).toBe(
      'https://example.com:8443/notes',
    );
  });

  it('a host that is none is a bad request', async () => {
    const answer = await call(handle(routes(viewOf(null))), { path: '/notes?name=notes', headers: { Host: 'a b' } });
    expect(answer.status).toBe(400);
  });
});

describe('query parameters of a URL', () => {
  it('D-333: are set and taken away, and sorted by name', () => {
    expect(replaceQueryParam('http://a/b?z=1&a=2&z=3', 'z', 'ü &')).toBe('http://a/b?a=2&z=%C3%BC+%26');
    expect(replaceQueryParam('/b', 'page', '2')).toBe('/b?page=2');
    expect(replaceQueryParam('/b?page=1#end', 'page', '2')).toBe('/b?page=2#end');
    expect(replaceQueryParam('/b?empty=', 'x', '1')).toBe('/b?empty=&x=1');
    expect(removeQueryParam('/b?page=1', 'page')).toBe('/b');
    expect(removeQueryParam('/b?b=2&page=1&a=1&a=0', 'page')).toBe('/b?a=1&a=0&b=2');
    expect(removeQueryParam('/b?x=1#y?z', 'missing')).toBe('/b?x=1#y?z');
  });
});
