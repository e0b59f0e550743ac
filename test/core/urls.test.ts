import { describe, expect, it } from '@jest/globals';
import { formatSuffixPatterns, handle, ImproperlyConfigured, NoReverseMatch, path, URLTable } from 'sallyport';
import type { Handler, ResolverMatch, Route } from 'sallyport';
import { call } from '../support/server';

const done: Handler = () => Promise.resolve();
const named = (pattern: string, name: string): Route => path(pattern, done, { name });
const found = (table: URLTable, at: string): unknown => {
  const match = table.match(at)?.match;
  return match === undefined ? null : [match.viewName, match.params];
};

describe('path', () => {
  it('takes parameters by converter, and gives them their types', () => {
    const table = new URLTable([
      named('/notes/<int:pk>/', 'note'),
      named('/users/<name>', 'user'),
      named('/tags/<slug:tag>', 'tag'),
      named('/keys/<uuid:key>', 'key'),
      named('/files/<path:rest>', 'file'),
      named('/<str:a>/x/<int:b>', 'two'),
    ]);
    const uuid = '0a1b2c3d-0000-4000-8000-123456789abc';
    expect(found(table, '/notes/007/')).toEqual(['note', { pk: 7 }]);
    expect(found(table, '/users/ann lee')).toEqual(['user', { name: 'ann lee' }]);
    expect(found(table, '/tags/a-B_9')).toEqual(['tag', { tag: 'a-B_9' }]);
    expect(found(table, `/keys/${uuid}`)).toEqual(['key', { key: uuid }]);
    expect(found(table, '/files/a/b/c')).toEqual(['file', { rest: 'a/b/c' }]);
    expect(found(table, '/a/x/5')).toEqual(['two', { a: 'a', b: 5 }]);
    for (const none of [
      '/notes/7',
      '/notes/-7/',
      '/notes/7x/',
      '/notes/٧/',
      '/notes/7/\n',
      '/users/',
      '/users/a/b',
      '/tags/ä',
      '/keys/0A1B2C3D-0000-4000-8000-123456789ABC',
      '/files/',
      '/',
      '',
    ]) {
      expect([none, found(table, none)]).toEqual([none, null]);
    }
  });

  it('gives a number that is too large for a number as a BigInt: its neighbour must not be found', () => {
    const table = new URLTable([named('/<int:pk>', 'x')]);
    expect(found(table, '/9007199254740991')).toEqual(['x', { pk: 9007199254740991 }]);
    expect(found(table, '/9007199254740993')).toEqual(['x', { pk: 9007199254740993n }]);
  });

  it('the first route of the list wins, fixed or not', () => {
    const table = new URLTable([
      named('/a/<str:x>', 'any'),
      named('/a/fixed', 'never'),
      named('/b/fixed', 'fixed'),
      named('/b/<str:x>', 'rest'),
      named('/<str:y>/<str:x>', 'all'),
      named('/b/fixed', 'twice'),
    ]);
    expect(found(table, '/a/fixed')).toEqual(['any', { x: 'fixed' }]);
    expect(found(table, '/b/fixed')).toEqual(['fixed', {}]);
    expect(found(table, '/b/other')).toEqual(['rest', { x: 'other' }]);
    expect(found(table, '/c/other')).toEqual(['all', { y: 'c', x: 'other' }]);
  });

  it('a pattern is text but for its parameters', () => {
    const table = new URLTable([named('/a.b*(c)+/<int:x>$', 'odd'), named('/a|b', 'pipe')]);
    expect(found(table, '/a.b*(c)+/5$')).toEqual(['odd', { x: 5 }]);
    expect(found(table, '/axb*(c)+/5$')).toBeNull();
    expect([found(table, '/a|b'), found(table, '/a')]).toEqual([['pipe', {}], null]);
  });

  it('groups routes under a beginning and a namespace', () => {
    const table = new URLTable([
      path('/api', [path('/v1', [named('/notes/', 'notes')], { namespace: 'v1' }), named('/me', 'me')], {
        namespace: 'api',
      }),
      path('', [named('/x', 'x')]),
      path('/many', [named('/x', 'x')], { namespace: 'a:b' }),
    ]);
    expect(found(table, '/api/v1/notes/')).toEqual(['api:v1:notes', {}]);
    expect(found(table, '/api/me')).toEqual(['api:me', {}]);
    expect(table.match('/many/x')?.match.namespaces).toEqual(['a', 'b']);
    expect(found(table, '/x')).toEqual(['x', {}]);
  });

  it('refuses what can never be found or served', () => {
    for (const [make, message] of [
      [() => path('notes', done), "The pattern 'notes' must begin with a slash: '/notes'."],
      [() => path('/a', undefined), "path('/a') takes a handler or a list of routes. Is asView() missing?"],
      [() => path('/a', {}), 'Is asView() missing?'],
      [() => path('/a', class Me {}), "path('/a') got the class Me. Write Me.asView()."],
      [() => new URLTable([path('/<int:>', done)]), "'<int:>' in the pattern '/<int:>' is no parameter."],
      [() => new URLTable([path('/<float:x>', done)]), 'converters are str, int, slug, uuid, path.'],
      [() => new URLTable([path('/<constructor:x>', done)]), 'is no parameter.'],
      [() => new URLTable([path('/<int:a b>', done)]), 'is no parameter.'],
    ] as [() => unknown, string][]) {
      expect(make).toThrow(ImproperlyConfigured);
      expect(make).toThrow(message);
    }
  });

  it('takes no longer over a path of nothing but slashes', () => {
    const table = new URLTable([
      named('/notes/<int:pk>/', 'a'),
      named('/<str:a>/<str:b>', 'b'),
      named('/f/<path:p>/x', 'c'),
    ]);
    const began = process.hrtime.bigint();
    for (let i = 0; i < 100; i++) {
      for (const long of ['/'.repeat(16_000), '/a'.repeat(8000), `/f${'/x'.repeat(8000)}y`])
        table.match(`${long}${String(i)}`);
    }
    expect(Number(process.hrtime.bigint() - began) / 1e6).toBeLessThan(1000);
  });
});

describe('handle', () => {
  const tell: Handler = async (raw, sink) => {
    const { params, resolverMatch } = raw as unknown as { params: unknown; resolverMatch: ResolverMatch };
    const { viewName, namespaces } = resolverMatch;
    sink.writeHead(200, ['Content-Type', 'application/json']);
    sink.end(JSON.stringify({ params, viewName, namespaces }));
  };
  const routes = handle([
    path('/notes', tell, { name: 'notes' }),
    path('/notes/<str:pk>', tell, { name: 'note' }),
    path('/v1', [path('/a', tell)], { namespace: 'v1' }),
  ]);

  it('tells the handler what it found', async () => {
    expect((await call(routes, { path: '/notes/7?x=/y' })).json).toEqual({
      params: { pk: '7' },
      viewName: 'note',
      namespaces: [],
    });
    expect((await call(routes, { path: '/v1/a' })).json).toEqual({ params: {}, viewName: null, namespaces: ['v1'] });
    expect((await call(routes, { path: '/notes?a' })).json).toMatchObject({ viewName: 'notes' });
  });

  it('reads paths as Django does: percent escapes and bytes are UTF-8, what is none stays an escape', async () => {
    const pk = async (text: string): Promise<unknown> => {
      const answer = await call(routes, { path: `/notes/${text}` });
      return answer.status === 200 ? answer.json.params.pk : answer.status;
    };
    expect(await pk('a%20b')).toBe('a b');
    expect(await pk('%C3%BC')).toBe('ü');
    expect(await pk('%FF')).toBe('%FF');
    expect(await pk('100%')).toBe('100%');
    expect(await pk('%zz')).toBe('%zz');
    expect(await pk('%00')).toBe('\0');
    expect(await pk('a%3Fb%23')).toBe('a?b#');
    expect(await pk('a%2Fb')).toBe(404);
    expect(await pk('+')).toBe('+');
  });

  it('takes an absolute target for its path', async () => {
    expect((await call(routes, { path: 'http://other.example/notes?x' })).json).toMatchObject({ viewName: 'notes' });
  });

  it('answers 404 in the shape of DRF, or goes on to next', async () => {
    const missing = await call(routes, { path: '/missing' });
    expect([missing.status, missing.text, missing.headers['content-type']]).toEqual([
      404,
      '{"detail":"Not found."}',
      'application/json',
    ]);
    expect((await call(routes, { path: '/missing', method: 'HEAD' })).text).toBe('');
    const answer = await call(
      (raw, sink) =>
        routes(raw, sink, (error) => {
          sink.end(JSON.stringify({ error: error ?? 'none' }));
        }),
      { path: '/missing' },
    );
    expect(answer.json).toEqual({ error: 'none' });
  });

  it('nothing that one request writes into its parameters is seen by the next', async () => {
    const writing: Handler = async (raw, sink) => {
      const params = (raw as { params: Record<string, unknown> }).params;
      const before = JSON.stringify(params);
      Reflect.set(params, 'secret', 'of ann');
      sink.end(before);
    };
    const both = handle([path('/fixed', writing), path('/<int:pk>', writing)]);
    for (const at of ['/fixed', '/5']) {
      const first = await call(both, { path: at });
      expect((await call(both, { path: at })).text).toBe(first.text);
    }
  });

  it('D-334, D-335: formats as suffixes, with and without the final slash', async () => {
    const suffixed = formatSuffixPatterns([
      path('/test/', tell, { name: 'test' }),
      path('/n/<int:pk>', tell, { name: 'n' }),
    ]);
    const table = handle(suffixed);
    const params = async (at: string): Promise<unknown> => {
      const answer = await call(table, { path: at });
      return answer.status === 200 ? answer.json.params : answer.status;
    };
    expect(await params('/test/')).toEqual({});
    expect(await params('/test.api')).toEqual({ format: 'api' });
    expect(await params('/test.api/')).toEqual({ format: 'api' });
    expect(await params('/test/.api')).toBe(404);
    expect(await params('/test')).toBe(404);
    expect(await params('/n/5')).toEqual({ pk: 5 });
    expect(await params('/n/5.json')).toEqual({ pk: 5, format: 'json' });
    expect(await params('/n/5.JSON')).toBe(404);
  });

  it('D-334: restricts the formats, leaves the plain routes out, and names the parameter', async () => {
    const routes = [path('/a', [path('/test', tell)])];
    const strict = handle(
      formatSuffixPatterns(routes, { suffixRequired: true, allowed: ['json', 'a.b'], param: 'fmt' }),
    );
    expect((await call(strict, { path: '/a/test' })).status).toBe(404);
    expect((await call(strict, { path: '/a/test.api' })).status).toBe(404);
    expect((await call(strict, { path: '/a/test.axb' })).status).toBe(404);
    expect((await call(strict, { path: '/a/test.json' })).json.params).toEqual({ fmt: 'json' });
  });
});

describe('URLTable.reverse', () => {
  const table = new URLTable([
    named('/notes/', 'notes'),
    named('/notes/<int:pk>/', 'note'),
    named('/tags/<str:tag>', 'tag'),
    named('/<path:rest>', 'file'),
    named('/dates/<int:year>', 'date'),
    named('/dates/<int:year>/<int:month>', 'date'),
    path('/v1', [named('/x', 'x')], { namespace: 'v1' }),
    ...formatSuffixPatterns([named('/s/', 's')]),
  ]);

  it('builds the path of a name', () => {
    expect(table.reverse('notes')).toBe('/notes/');
    expect(table.reverse('note', { pk: 5 })).toBe('/notes/5/');
    expect(table.reverse('note', { pk: 5n })).toBe('/notes/5/');
    expect(table.reverse('tag', { tag: 'ä b?' })).toBe('/tags/%C3%A4%20b%3F');
    expect(table.reverse('file', { rest: 'a/b c' })).toBe('/a/b%20c');
    expect(table.reverse('v1:x')).toBe('/v1/x');
  });

  it('takes the first route of the name that has these parameters', () => {
    expect(table.reverse('date', { year: 2026 })).toBe('/dates/2026');
    expect(table.reverse('date', { year: 2026, month: 2 })).toBe('/dates/2026/2');
    expect(table.reverse('date', { year: 2026, month: undefined })).toBe('/dates/2026');
    expect(table.reverse('s')).toBe('/s/');
    expect(table.reverse('s', { format: 'json' })).toBe('/s.json/');
  });

  it('throws where no route has this name with these parameters', () => {
    for (const [name, params] of [
      ['missing', {}],
      ['x', {}],
      ['notes', { pk: 5 }],
      ['note', {}],
      ['note', { pk: 'five' }],
      ['note', { pk: null }],
      ['note', { pk: {} }],
      ['note', { id: 5 }],
      ['tag', { tag: '' }],
      ['tag', { tag: 'a/b' }],
      ['s', { format: 5 }],
    ] as const) {
      expect(() => table.reverse(name, params)).toThrow(NoReverseMatch);
    }
    expect(() => table.reverse('note', { id: 5 })).toThrow("Reverse for 'note' with parameters 'id' not found.");
  });

  it('never builds a path that leads to another host', () => {
    expect(table.reverse('file', { rest: '/evil.example/a' })).toBe('/%2Fevil.example/a');
    expect(table.reverse('file', { rest: '//evil.example' })).toMatch(/^\/%2F/);
    expect(table.reverse('file', { rest: '\\evil.example' })).toBe('/%5Cevil.example');
  });
});
