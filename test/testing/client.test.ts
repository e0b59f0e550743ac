import { describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import express from 'express';
import type { User } from 'sallyport';
import {
  APIView,
  authtoken,
  defineSettings,
  handle,
  IsAuthenticated,
  onResponse,
  path,
  Response,
  session,
  SessionAuthentication,
  TokenAuthentication,
  type HostRequest,
  type PermissionClasses,
  type Request,
} from 'sallyport';
import { APIClient, FixedClock, MemorySessionStore, MemoryTokenStore, MemoryUserStore } from 'sallyport/testing';

const users = new MemoryUserStore();
const tokens = new MemoryTokenStore();

class Me extends APIView<User> {
  static override settings = defineSettings(
    { defaultAuthenticationClasses: [TokenAuthentication], users },
    authtoken({ store: tokens }),
  );
  static override permissionClasses: PermissionClasses = [IsAuthenticated];
  override get(request: Request<User>): Response {
    return new Response({ username: (request.user as User).username });
  }
}

/** Tells what came. */
class Echo extends APIView {
  override get(request: Request): Response {
    return this.echo(request);
  }
  override post(request: Request): Response {
    return this.echo(request);
  }
  override put(request: Request): Response {
    return this.echo(request);
  }
  override patch(request: Request): Response {
    return this.echo(request);
  }
  override delete(): Response {
    return new Response(null, { status: 204 });
  }
  private echo(request: Request): Response {
    return new Response({
      method: request.method,
      path: request.getFullPath(),
      query: request.queryParams,
      data: request.data,
      headers: Object.fromEntries(request.headers),
      secure: request.isSecure(),
    });
  }
}

const setsCookies = (lines: string[]) =>
  class extends APIView {
    override get(): Response {
      return new Response(null, { headers: { 'Set-Cookie': lines } });
    }
  }.asView();

const redirects = (location: string, status: number) =>
  class extends APIView {
    override get(): globalThis.Response {
      return new globalThis.Response(null, { status, headers: { Location: location } });
    }
    override post(): globalThis.Response {
      return this.get();
    }
  }.asView();

const routes = [
  path('/me', Me.asView()),
  path('/echo', Echo.asView()),
  path('/cookies/set', setsCookies(['a=1; Path=/; HttpOnly', 'b=2; Max-Age=60'])),
  path('/cookies/delete', setsCookies(['a=; Max-Age=0', 'b=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT'])),
  path('/301', redirects('/302', 301)),
  path('/302', redirects('echo?hop=1', 302)),
  path('/307', redirects('/308', 307)),
  path('/308', redirects('https://other.example/echo?hop=1', 308)),
  path('/loop', redirects('/pool', 302)),
  path('/pool', redirects('/loop', 302)),
];
const app = handle(routes);
const client = (): APIClient => new APIClient(app);

async function createUser(username: string): Promise<readonly [User, string]> {
  const user = await users.createUser({ username });
  const [token] = await tokens.getOrCreate(user);
  return [user, token.key];
}

describe('APIClient', () => {
  it('calls a router (D-364, D-368)', async () => {
    const response = await client().get('/echo', { a: ['1', '2'] });
    expect(response.status).toBe(200);
    expect(response.data).toMatchObject({ method: 'GET', path: '/echo?a=1&a=2', query: { a: '2' } });
  });

  it('calls a view without routes', async () => {
    expect((await new APIClient(Echo.asView()).get('/')).data).toMatchObject({ method: 'GET' });
  });

  it.each(['post', 'put', 'patch'] as const)('sends data by %s', async (method) => {
    const response = await client()[method]('/echo', { title: 'ä' }, { format: 'json' });
    expect(response.data).toMatchObject({ method: method.toUpperCase(), data: { title: 'ä' } });
  });

  it('sends forms as any other client would', async () => {
    const response = await client().post('/echo', 'title=a+b', { contentType: 'application/x-www-form-urlencoded' });
    expect(response.data).toMatchObject({ data: { title: 'a b' } });
  });

  it('has null for the data of an empty answer', async () => {
    const response = await client().delete('/echo');
    expect(response).toMatchObject({ status: 204, text: '', data: null });
    expect(response.bytes).toHaveLength(0);
  });

  it('gets no body for HEAD, and the length that it would have', async () => {
    const response = await new APIClient(Me.asView({ permissionClasses: [] })).head('/');
    expect(response.text).toBe('');
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(0);
  });

  it('sends OPTIONS and methods that nobody knows', async () => {
    expect((await client().options('/echo')).data).toMatchObject({ name: 'Echo' });
    const response = await client().generic('PURGE', '/echo');
    expect(response.status).toBe(405);
    expect(response.data).toEqual({ detail: 'Method "PURGE" not allowed.' });
  });

  it('answers 404 where no route matches', async () => {
    const response = await client().get('/nowhere');
    expect(response.status).toBe(404);
    expect(response.data).toEqual({ detail: 'Not found.' });
  });

  it('reads streams of the platform', async () => {
    class Streaming extends APIView {
      override get(): globalThis.Response {
        const parts = ['one ', 'two'].map((text) => Buffer.from(text));
        const stream = new ReadableStream<Uint8Array>({
          pull(controller) {
            const part = parts.shift();
            if (part === undefined) controller.close();
            else controller.enqueue(part);
          },
        });
        return new globalThis.Response(stream, { headers: { 'Content-Type': 'text/plain' } });
      }
    }
    const response = await new APIClient(Streaming.asView()).get('/');
    expect(response).toMatchObject({ text: 'one two', data: null });
  });

  it('serves many requests at once', async () => {
    const one = client();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => one.get('/echo', { i })));
    expect(answers.map(({ data }) => data.query.i)).toEqual(Array.from({ length: 20 }, (_, i) => String(i)));
  });

  describe('credentials', () => {
    it('go with every request until they are replaced (D-365)', async () => {
      const [, annKey] = await createUser('ann');
      const [, bobKey] = await createUser('bob');
      const one = client();
      one.credentials({ Authorization: `Token ${annKey}` });
      expect((await one.get('/me')).data).toEqual({ username: 'ann' });
      expect((await one.get('/me')).data).toEqual({ username: 'ann' });
      one.credentials({ authorization: `Token ${bobKey}` });
      expect((await one.get('/me')).data).toEqual({ username: 'bob' });
    });

    it('replace all headers of the last call (D-365)', async () => {
      const one = client();
      one.credentials({ 'X-One': '1' });
      one.credentials({ 'X-Two': '2' });
      const { headers } = (await one.get('/echo')).data;
      expect(headers).toMatchObject({ 'x-two': '2' });
      expect(headers).not.toHaveProperty('x-one');
    });

    it('are cleared by a call without any, and by logout (D-365, D-367)', async () => {
      const one = client();
      one.credentials({ 'X-One': '1' });
      one.credentials();
      expect((await one.get('/echo')).data.headers).not.toHaveProperty('x-one');
      one.credentials({ 'X-One': '1' });
      await one.logout();
      expect((await one.get('/echo')).data.headers).not.toHaveProperty('x-one');
    });

    it('win over the headers of a request', async () => {
      const one = client();
      one.credentials({ 'X-One': 'credentials' });
      const response = await one.get('/echo', null, { headers: { 'x-one': 'request', 'x-two': 'request' } });
      expect(response.data.headers).toMatchObject({ 'x-one': 'credentials', 'x-two': 'request' });
    });
  });

  describe('forceAuthenticate', () => {
    it('makes the user of all later requests (D-366)', async () => {
      const [user] = await createUser('carol');
      const one = client();
      one.forceAuthenticate({ user });
      expect((await one.get('/me')).data).toEqual({ username: 'carol' });
      const response = await one.get('/me');
      expect(response.data).toEqual({ username: 'carol' });
      expect(response.request.user).toBe(user);
    });

    it('takes a token too, also without a user (D-366)', async () => {
      const [user] = await createUser('dora');
      const one = client();
      one.forceAuthenticate({ user, token: 'key' });
      expect((await one.get('/me')).request.auth).toBe('key');
      one.forceAuthenticate({ token: 'key' });
      const refused = await one.get('/me');
      expect(refused.status).toBe(403);
      expect(refused.request).toMatchObject({ user: null, auth: 'key' });
    });

    it('is undone with neither, and logs out (D-366)', async () => {
      const [user] = await createUser('emil');
      const one = client();
      one.forceAuthenticate({ user });
      one.cookies.set('sessionid', 'x');
      one.forceAuthenticate({ user: null });
      expect((await one.get('/me')).status).toBe(401);
      expect(one.cookies.get('sessionid')).toBeUndefined();
    });

    it('is undone by logout (D-367)', async () => {
      const [user] = await createUser('fred');
      const one = client();
      one.forceAuthenticate({ user });
      await one.logout();
      expect((await one.get('/me')).status).toBe(401);
    });
  });

  describe('cookies', () => {
    it('of an answer can be seen with their attributes', async () => {
      const { cookies } = await client().get('/cookies/set');
      expect(cookies.get('a')).toEqual({
        name: 'a',
        value: '1',
        attributes: new Map([
          ['path', '/'],
          ['httponly', ''],
        ]),
      });
      expect(cookies.get('b')?.attributes.get('max-age')).toBe('60');
    });

    it('are kept and sent back, until an answer deletes them (D-364)', async () => {
      const one = client();
      await one.get('/cookies/set');
      expect((await one.get('/echo')).data.headers.cookie).toBe('a=1; b=2');
      await one.get('/cookies/delete');
      expect((await one.get('/echo')).data.headers).not.toHaveProperty('cookie');
    });

    it('expire by the clock', async () => {
      const clock = new FixedClock();
      const one = new APIClient(app, { clock });
      await one.get('/cookies/set');
      clock.advance(59_999);
      expect(one.cookies.get('b')).toBe('2');
      clock.advance(1);
      expect((await one.get('/echo')).data.headers.cookie).toBe('a=1');
    });

    it('can be set by a test, and are forgotten by logout (D-367)', async () => {
      const one = client();
      one.cookies.set('a', 'mine');
      one.cookies.set('b', 'gone');
      one.cookies.delete('b');
      expect((await one.get('/echo')).data.headers.cookie).toBe('a=mine');
      await one.logout();
      expect((await one.get('/echo')).data.headers).not.toHaveProperty('cookie');
    });

    it('that a request names itself are sent instead', async () => {
      const one = client();
      one.cookies.set('a', '1');
      const response = await one.get('/echo', null, { headers: { Cookie: 'other=2' } });
      expect(response.data.headers.cookie).toBe('other=2');
    });
  });

  describe('with sessions', () => {
    const settings = defineSettings(
      { defaultAuthenticationClasses: [SessionAuthentication], users },
      session({ store: new MemorySessionStore(), secretKey: 'of the tests' }),
    );
    class Guarded extends Me {
      static override settings = settings;
      override post(request: Request<User>): Response {
        return this.get(request);
      }
    }
    const site = Guarded.asView();

    it('logs in with the right credentials (D-364)', async () => {
      await users.createUser({ username: 'hugo', password: 'secret' });
      const one = new APIClient(site, { settings });
      expect(await one.login({ username: 'hugo', password: 'wrong' })).toBe(false);
      expect((await one.get('/')).status).toBe(403);
      expect(await one.login({ username: 'hugo', password: 'secret' })).toBe(true);
      expect((await one.get('/')).data).toEqual({ username: 'hugo' });
    });

    it('logs in a user without a password, and out again, for good (D-367)', async () => {
      const [user] = await createUser('ida');
      const one = new APIClient(site, { settings });
      await one.forceLogin(user);
      const sessionid = one.cookies.get('sessionid')!;
      expect((await one.get('/')).data).toEqual({ username: 'ida' });
      await one.logout();
      expect(one.cookies.get('sessionid')).toBeUndefined();
      one.cookies.set('sessionid', sessionid);
      expect((await one.get('/')).status).toBe(403);
    });

    it('asks for no CSRF token unless it is told to (D-362)', async () => {
      const [user] = await createUser('jack');
      const lenient = new APIClient(site, { settings });
      await lenient.forceLogin(user);
      expect((await lenient.post('/')).status).toBe(200);

      const strict = new APIClient(site, { settings, enforceCsrfChecks: true });
      await strict.forceLogin(user);
      expect((await strict.post('/')).status).toBe(403);
      const token = strict.cookies.get('csrftoken')!;
      expect((await strict.post('/', null, { headers: { 'X-CSRFToken': token } })).status).toBe(200);
    });

    it('says what it must know for that', async () => {
      const [user] = await createUser('kim');
      await expect(new APIClient(site).login({ username: 'kim', password: '' })).rejects.toThrow(
        'new APIClient(app, { settings: AppView.settings })',
      );
      const one = new APIClient(site, { settings: defineSettings({ users }) });
      await expect(one.forceLogin(user)).rejects.toThrow('session');
      await one.logout();
    });
  });

  describe('redirects', () => {
    it('are answers like others', async () => {
      const response = await client().get('/301');
      expect(response.status).toBe(301);
      expect(response.headers.get('location')).toBe('/302');
      expect(response.redirectChain).toEqual([]);
    });

    it('are followed on demand, with GET and without the body (D-364)', async () => {
      const response = await client().post('/301', { a: 1 }, { format: 'json', follow: true });
      expect(response.status).toBe(200);
      expect(response.data).toMatchObject({ method: 'GET', path: '/echo?hop=1', data: {} });
      expect(response.data.headers).not.toHaveProperty('content-type');
      expect(response.data.headers).not.toHaveProperty('content-length');
      expect(response.redirectChain).toEqual([
        ['/302', 301],
        ['echo?hop=1', 302],
      ]);
    });

    it('keep method, body and headers after 307 and 308, and go to the host that they name (D-364)', async () => {
      const options = { format: 'json', follow: true, headers: { 'X-One': '1' } };
      const response = await client().post('/307', { a: 1 }, options);
      expect(response.data).toMatchObject({
        method: 'POST',
        path: '/echo?hop=1',
        data: { a: 1 },
        secure: true,
        headers: { host: 'other.example', 'x-one': '1', 'content-type': 'application/json' },
      });
    });

    it('end when they go round in circles', async () => {
      await expect(client().get('/loop', null, { follow: true })).rejects.toThrow('Redirect loop detected');
    });

    it('end when there are too many', async () => {
      let hops = 0;
      class Onward extends APIView {
        override get(): globalThis.Response {
          return new globalThis.Response(null, { status: 302, headers: { Location: `/${String(++hops)}` } });
        }
      }
      const one = new APIClient(Onward.asView());
      await expect(one.get('/', null, { follow: true })).rejects.toThrow('Too many redirects.');
      expect(hops).toBe(21);
    });
  });

  describe('errors of the app', () => {
    const bug = new TypeError('bug');
    const logged: unknown[] = [];
    class Buggy extends APIView {
      static override settings = defineSettings({ logger: { error: (fields) => void logged.push(fields) } });
      override get(): never {
        throw bug;
      }
    }

    it('are thrown to the test', async () => {
      await expect(new APIClient(Buggy.asView()).get('/')).rejects.toBe(bug);
    });

    it('are answered as in production on demand', async () => {
      const response = await new APIClient(Buggy.asView(), { raiseRequestException: false }).get('/');
      expect(response.status).toBe(500);
      expect(response.text).not.toContain('bug');
      expect(logged).toEqual([expect.objectContaining({ err: bug })]);
    });

    it('are thrown to the test when an app of another kind throws or rejects', async () => {
      const thrower = (): never => {
        throw bug;
      };
      await expect(new APIClient(thrower).get('/')).rejects.toBe(bug);
      await expect(new APIClient(async () => thrower()).get('/')).rejects.toBe(bug);
    });

    it('show when the app hangs up', async () => {
      const hangsUp = new APIClient((_request, response) => response.destroy());
      await expect(hangsUp.get('/')).rejects.toThrow('before it had answered');
      const stops = new APIClient((_request, response) => {
        response.writeHead(200, { 'Content-Length': '10' });
        response.write('half', () => response.destroy(new Error('stop')));
      });
      await expect(stops.get('/')).rejects.toThrow('in the middle of its answer');
    });

    it('show when a file that is sent cannot be read', async () => {
      class Unreadable extends Blob {
        override arrayBuffer(): Promise<ArrayBuffer> {
          return Promise.reject(new Error('gone'));
        }
      }
      const one = new APIClient(Echo.asView());
      await expect(one.post('/', new Unreadable(['{}']), { contentType: 'application/json' })).rejects.toMatchObject({
        cause: { message: 'A file of the request could not be read.' },
      });
    });
  });

  describe('of an Express app', () => {
    const site = express();
    site.use('/api', express.json(), handle(routes));
    site.all('/view', Echo.asView());
    site.get('/own', (request, response) => {
      response.cookie('a', '1').json({ ip: request.ip, protocol: request.protocol, host: request.hostname });
    });
    site.get('/bug', () => {
      throw new Error('bug');
    });

    it('sees what Express answers', async () => {
      const one = new APIClient(site, { remoteAddress: '203.0.113.9', secure: true });
      const response = await one.get('/own');
      expect(response.data).toEqual({ ip: '203.0.113.9', protocol: 'https', host: 'testserver' });
      expect(response.headers.get('x-powered-by')).toBe('Express');
      expect(one.cookies.get('a')).toBe('1');
    });

    it('reaches views, with the host middleware in front', async () => {
      const one = new APIClient(site);
      const mounted = await one.post('/api/echo?x=1', { a: 1 }, { format: 'json' });
      expect(mounted.data).toMatchObject({ path: '/api/echo?x=1', data: { a: 1 } });
      const direct = await one.put('/view', { a: [1] }, { format: 'json' });
      expect(direct.data).toMatchObject({ method: 'PUT', data: { a: [1] } });
    });

    it('streams bodies of any size through it', async () => {
      const size = 300_000;
      const response = await new APIClient(site).post('/view', { a: 'x'.repeat(size) }, { format: 'json' });
      expect(response.data.data.a).toHaveLength(size);
    });

    it('forces users', async () => {
      const [user] = await createUser('gina');
      const one = new APIClient(site);
      one.forceAuthenticate({ user });
      expect((await one.get('/api/me')).data).toEqual({ username: 'gina' });
    });

    it('throws its errors, or sees its own pages for them', async () => {
      await expect(new APIClient(site).get('/bug')).rejects.toThrow('bug');
      const quiet = express();
      quiet.set('env', 'test');
      quiet.use(site);
      const one = new APIClient(quiet, { raiseRequestException: false });
      expect((await one.get('/bug')).status).toBe(500);
      expect((await one.get('/nowhere')).text).toContain('Cannot GET /nowhere');
    });
  });

  it('answers as a server does over a socket', async () => {
    class Hooked extends Echo {
      override initializeRequest(raw: HostRequest, params: Record<string, unknown>): Request {
        onResponse(raw, (head) => head.headers.append('Set-Cookie', 'hooked=1'));
        return super.initializeRequest(raw, params);
      }
    }
    const handler = Hooked.asView();
    const server = createServer((request, response) => void handler(request, response)).listen(0, '127.0.0.1');
    try {
      await new Promise((resolve) => server.once('listening', resolve));
      const { port } = server.address() as { port: number };
      const overSocket = await fetch(`http://127.0.0.1:${String(port)}/echo`, { method: 'DELETE' });
      const inProcess = await new APIClient(handler).delete('/echo');
      const comparable = (headers: Headers) =>
        [...headers].filter(([name]) => !['date', 'connection', 'keep-alive'].includes(name));
      expect(inProcess.status).toBe(overSocket.status);
      expect(inProcess.statusText).toBe(overSocket.statusText);
      expect(comparable(inProcess.headers)).toEqual(comparable(overSocket.headers));
    } finally {
      server.close();
    }
  });
});
