import { describe, expect, it } from '@jest/globals';
import { buffer } from 'node:stream/consumers';
import {
  AllowAny,
  APIView,
  BaseAuthentication,
  BaseRenderer,
  defineSettings,
  IsAuthenticated,
  NotAuthenticated,
  Response,
  User,
  type Params,
  type PermissionClasses,
  type Request,
} from 'sallyport';
import type { FactoryRequest } from 'sallyport/testing';
import { APIRequestFactory, callView, forceAuthenticate, MultiPartRenderer } from 'sallyport/testing';

const factory = new APIRequestFactory();

async function bodyOf(request: FactoryRequest): Promise<string> {
  return (await buffer(request)).toString();
}

describe('APIRequestFactory', () => {
  it.each(['get', 'post', 'put', 'patch', 'delete', 'head', 'options'] as const)(
    'makes %s requests as Node would have read them (D-356)',
    (method) => {
      const request = factory[method]('/notes/');
      expect(request.method).toBe(method.toUpperCase());
      expect(request.url).toBe('/notes/');
      expect(request.headers).toEqual({ host: 'testserver' });
      expect(request.rawHeaders).toEqual(['host', 'testserver']);
      expect(request.httpVersion).toBe('1.1');
      expect(request.socket.remoteAddress).toBe('127.0.0.1');
    },
  );

  it('makes requests of any method, with bytes that stay as they are (D-356, D-360)', async () => {
    const request = factory.generic('PROPFIND', '/notes/', { data: Buffer.from([0, 255]) });
    expect(request.method).toBe('PROPFIND');
    expect(request.headers).toMatchObject({ 'content-type': 'application/octet-stream', 'content-length': '2' });
    expect(await buffer(request)).toEqual(Buffer.from([0, 255]));
    expect(factory.generic('PROPFIND', '/notes/').headers['content-type']).toBeUndefined();
  });

  it('takes headers, https, the address of the client and what a server in front adds', () => {
    const request = factory.get('/', null, {
      headers: { 'X-One': '1', Host: 'api.example' },
      secure: true,
      remoteAddress: '203.0.113.9',
      META: { REMOTE_USER: 'ann' },
    });
    expect(request.headers).toEqual({ host: 'api.example', 'x-one': '1' });
    expect(request.socket).toMatchObject({ encrypted: true, remoteAddress: '203.0.113.9' });
    expect(request.META).toEqual({ REMOTE_USER: 'ann' });
  });

  it('has defaults for all of its requests, which one request may change', () => {
    const german = new APIRequestFactory({ headers: { 'Accept-Language': 'de', 'X-One': '1' }, secure: true });
    const request = german.get('/', null, { headers: { 'x-one': '2' } });
    expect(request.headers).toMatchObject({ 'accept-language': 'de', 'x-one': '2' });
    expect(request.socket).toMatchObject({ encrypted: true });
  });

  it('refuses headers that could not be sent', () => {
    expect(() => factory.get('/', null, { headers: { 'X-One': 'a\r\nX-Two: b' } })).toThrow('Invalid character');
    expect(() => factory.get('/', null, { headers: { 'X One': '1' } })).toThrow('valid HTTP token');
  });

  it('takes host and scheme from an absolute URL', () => {
    const request = factory.get('https://api.example:8443/notes/?a=1#top');
    expect(request.url).toBe('/notes/?a=1');
    expect(request.headers.host).toBe('api.example:8443');
    expect(request.socket).toMatchObject({ encrypted: true });
  });

  it('escapes in the path what no request line can hold, and leaves the rest alone', () => {
    expect(factory.get('/ä b/%2f/../x').url).toBe('/%C3%A4%20b/%2f/../x');
    expect(factory.get('').url).toBe('/');
    expect(factory.get('http://testserver').url).toBe('/');
  });

  describe('with data for a query', () => {
    it('repeats the names of lists and escapes in UTF-8 (D-361)', () => {
      expect(factory.get('/notes/', { demo: 'testé', tag: ['a', 'b&c'], page: 2 }).url).toBe(
        '/notes/?demo=test%C3%A9&tag=a&tag=b%26c&page=2',
      );
    });

    it('leaves a query of the path alone when there is no data, and else replaces it (D-361)', () => {
      expect(factory.get('/notes/?demo=1').url).toBe('/notes/?demo=1');
      expect(factory.get('/notes/?demo=1', {}).url).toBe('/notes/?demo=1');
      expect(factory.head('/notes/?demo=1', new URLSearchParams({ page: '2' })).url).toBe('/notes/?page=2');
    });

    it('is refused when a value is none', () => {
      expect(() => factory.get('/', { a: null })).toThrow("Cannot encode null for key 'a' in a query string.");
      expect(() => factory.get('/', { a: { b: 1 } })).toThrow("Cannot encode object for key 'a' in a query string.");
    });

    it('leaves the query of a POST alone', () => {
      expect(factory.post('/notes/?demo=1', { a: 1 }).url).toBe('/notes/?demo=1');
    });
  });

  describe('with data for a body', () => {
    it('sends multipart by default (D-303, D-357)', async () => {
      const request = factory.post('/notes/', { title: 'first', tag: ['a', 'b'], 'a"b\r\n': 'ä' });
      expect(request.headers['content-type']).toBe('multipart/form-data; boundary=BoUnDaRyStRiNg; charset=utf-8');
      const body = await bodyOf(request);
      expect(body).toBe(
        [
          '--BoUnDaRyStRiNg',
          'Content-Disposition: form-data; name="title"',
          '',
          'first',
          '--BoUnDaRyStRiNg',
          'Content-Disposition: form-data; name="tag"',
          '',
          'a',
          '--BoUnDaRyStRiNg',
          'Content-Disposition: form-data; name="tag"',
          '',
          'b',
          '--BoUnDaRyStRiNg',
          'Content-Disposition: form-data; name="a%22b%0D%0A"',
          '',
          'ä',
          '--BoUnDaRyStRiNg--',
          '',
        ].join('\r\n'),
      );
      expect(request.headers['content-length']).toBe(String(Buffer.byteLength(body)));
    });

    it('sends files as the platform has them', async () => {
      const request = factory.post('/notes/', {
        file: new File(['text'], 'note.txt', { type: 'text/plain' }),
        blob: new Blob([new Uint8Array([1])]),
      });
      expect(await bodyOf(request)).toBe(
        [
          '--BoUnDaRyStRiNg',
          'Content-Disposition: form-data; name="file"; filename="note.txt"',
          'Content-Type: text/plain',
          '',
          'text',
          '--BoUnDaRyStRiNg',
          'Content-Disposition: form-data; name="blob"; filename="blob"',
          'Content-Type: application/octet-stream',
          '',
          '\x01',
          '--BoUnDaRyStRiNg--',
          '',
        ].join('\r\n'),
      );
    });

    it('sends what the platform would read as the same form', async () => {
      const request = factory.post('/notes/', { title: 'ä', file: new File(['text'], 'note.txt') });
      const { headers } = request;
      const form = await new globalThis.Response(await buffer(request), {
        headers: { 'content-type': headers['content-type']! },
      }).formData();
      expect(form.get('title')).toBe('ä');
      expect(form.get('file')).toMatchObject({ name: 'note.txt', size: 4 });
    });

    it('refuses in a form what a form has no words for (D-303)', () => {
      expect(() => factory.post('/', { a: { b: 1 } })).toThrow(
        "Test data contained a dictionary value for key 'a', but multipart uploads do not support nested data.",
      );
      expect(() => factory.post('/', { a: null })).toThrow("Cannot encode null for key 'a' as form data.");
      expect(() => factory.post('/', ['a'])).toThrow("format: 'json'");
    });

    it('sends JSON by format (D-357)', async () => {
      const request = factory.put('/notes/', { title: 'ä', tags: [] }, { format: 'json' });
      expect(request.headers).toMatchObject({ 'content-type': 'application/json', 'content-length': '24' });
      expect(await bodyOf(request)).toBe('{"title":"ä","tags":[]}');
    });

    it('names the formats that there are (D-357)', () => {
      expect(() => factory.post('/', { a: 1 }, { format: 'xml' })).toThrow(
        "Invalid format 'xml'. Available formats are 'multipart', 'json'. Set testRequestRendererClasses to enable extra request formats.",
      );
    });

    it('takes other formats and another default (D-357)', async () => {
      class LinesRenderer extends BaseRenderer {
        override readonly mediaType = 'text/lines';
        override readonly format = 'lines';
        override render(data: unknown): string {
          return (data as string[]).join('\n');
        }
      }
      const lines = new APIRequestFactory({
        testRequestRendererClasses: [LinesRenderer],
        testRequestDefaultFormat: 'lines',
      });
      const request = lines.post('/', ['a', 'b']);
      expect(request.headers['content-type']).toBe('text/lines; charset=utf-8');
      expect(await bodyOf(request)).toBe('a\nb');
      expect(() => lines.post('/', {}, { format: 'json' })).toThrow("Available formats are 'lines'.");
    });

    it('takes another boundary by subclass', () => {
      class Other extends MultiPartRenderer {
        override readonly boundary = 'other';
      }
      const other = new APIRequestFactory({ testRequestRendererClasses: [Other] });
      expect(other.post('/', {}).headers['content-type']).toBe('multipart/form-data; boundary=other; charset=utf-8');
    });

    it.each([
      ['application/json', { a: 1 }, '{"a":1}'],
      ['application/vnd.notes+json; version=1', [1, 'ä'], '[1,"ä"]'],
      ['application/json', '{"broken', '{"broken'],
      ['text/plain', 'ä', 'ä'],
      ['image/png', Buffer.from('png'), 'png'],
      ['image/png', new Blob(['png']), 'png'],
    ])('writes data as %s where that is given (D-360)', async (contentType, data, expected) => {
      const request = factory.post('/', data, { contentType });
      expect(request.headers['content-type']).toBe(contentType);
      expect(request.headers['content-length']).toBe(String(Buffer.byteLength(expected)));
      expect(await bodyOf(request)).toBe(expected);
    });

    it('sends no object under a type that is not JSON', () => {
      expect(() => factory.post('/', { a: 1 }, { contentType: 'text/plain' })).toThrow(TypeError);
    });

    it('takes a format or a content type, not both (D-358)', () => {
      expect(() => factory.post('/', { a: 1 }, { format: 'json', contentType: 'application/json' })).toThrow(
        'You may not set both `format` and `contentType`.',
      );
    });

    it('keeps the content type of an empty body (D-359)', async () => {
      const request = factory.post('/', null, { contentType: 'application/json' });
      expect(request.headers['content-type']).toBe('application/json');
      expect(await bodyOf(request)).toBe('');
      expect(factory.post('/', undefined, { format: 'json' }).headers['content-type']).toBeUndefined();
    });

    it('gives the body in pieces, as a socket does', async () => {
      const request = factory.post('/', Buffer.alloc(150_000, 'x'), { contentType: 'text/plain' });
      const sizes: number[] = [];
      for await (const chunk of request) sizes.push((chunk as Buffer).length);
      expect(sizes).toEqual([65_536, 65_536, 18_928]);
      expect(request.complete).toBe(true);
    });
  });
});

class Echo extends APIView {
  override get(request: Request, params: Params): Response {
    return new Response({ user: (request.user as User | null)?.username ?? null, auth: request.auth, params });
  }
  override post(request: Request): Response {
    return new Response(request.data, { status: 201 });
  }
}

describe('callView', () => {
  it('gives the answer of a view', async () => {
    const response = await callView(Echo.asView(), factory.post('/', { a: 1 }, { format: 'json' }));
    expect(response.status).toBe(201);
    expect(response.statusText).toBe('Created');
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('allow')).toBe('GET, POST, HEAD, OPTIONS');
    expect(response.bytes).toEqual(Buffer.from('{"a":1}'));
    expect(response.text).toBe('{"a":1}');
    expect(response.data).toEqual({ a: 1 });
  });

  it('hands over what a route would have captured', async () => {
    const response = await callView(Echo.asView(), factory.get('/'), { pk: 4 });
    expect(response.data.params).toEqual({ pk: 4 });
  });

  it('gives the view the very request, and shows what the view left on it', async () => {
    const request = factory.get('/');
    const user = Object.assign(new User(), { id: 1, username: 'ann' });
    class Ann extends BaseAuthentication {
      override authenticate(given: Request): [User, string] {
        expect(given.raw).toBe(request);
        return [user, 'token'];
      }
    }
    const response = await callView(Echo.asView({ authenticationClasses: [Ann] }), request);
    expect(response.request).toBe(request);
    expect(request.user).toBe(user);
  });

  it('throws what no exception handler answers', async () => {
    const bug = new Error('bug');
    class Buggy extends APIView {
      override get(): never {
        throw bug;
      }
    }
    await expect(callView(Buggy.asView(), factory.get('/'))).rejects.toBe(bug);
  });

  it('is told that a request can be answered once', async () => {
    const request = factory.get('/');
    await callView(Echo.asView(), request);
    await expect(callView(Echo.asView(), request)).rejects.toThrow('Make another one');
  });

  it('lets a request be wrapped without an app', async () => {
    class Probe extends Echo {}
    const view = new Probe();
    const raw = factory.post('/', { a: 1 }, { format: 'json' });
    const request = view.initializeRequest(raw, {});
    await request.load();
    expect(request.data).toEqual({ a: 1 });
  });
});

describe('forceAuthenticate', () => {
  const ann = Object.assign(new User(), { id: 1, username: 'ann' });
  class Refusing extends BaseAuthentication {
    override authenticate(): never {
      throw new NotAuthenticated();
    }
    override authenticateHeader(): string {
      return 'Refusing';
    }
  }
  class Guarded extends Echo {
    static override settings = defineSettings({ defaultAuthenticationClasses: [Refusing] });
    static override permissionClasses: PermissionClasses = [IsAuthenticated];
  }

  it('takes the place of every authenticator (D-116, D-363)', async () => {
    const request = factory.get('/');
    forceAuthenticate(request, { user: ann, token: 'key' });
    const response = await callView(Guarded.asView(), request);
    expect(response.data).toMatchObject({ user: 'ann', auth: 'key' });
  });

  it('leaves the token null with a user only, and the user with a token only (D-363)', async () => {
    const request = factory.get('/');
    forceAuthenticate(request, { user: ann });
    expect((await callView(Guarded.asView(), request)).data).toMatchObject({ user: 'ann', auth: null });

    const other = factory.get('/');
    forceAuthenticate(other, { token: 'key' });
    const open = Guarded.asView({ permissionClasses: [AllowAny] });
    expect((await callView(open, other)).data).toMatchObject({ user: null, auth: 'key' });
  });

  it('refuses in the words of the first authenticator of the view (D-116)', async () => {
    const request = factory.get('/');
    forceAuthenticate(request, { token: 'key' });
    class Nobody extends IsAuthenticated {
      override hasPermission(): boolean {
        throw new NotAuthenticated();
      }
    }
    const response = await callView(Guarded.asView({ permissionClasses: [Nobody] }), request);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Refusing');
  });

  it('is undone with neither', async () => {
    const request = factory.get('/');
    forceAuthenticate(request, { user: ann });
    forceAuthenticate(request);
    expect((await callView(Guarded.asView(), request)).status).toBe(401);
  });
});
