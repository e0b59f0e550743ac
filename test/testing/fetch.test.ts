import { describe, expect, it } from '@jest/globals';
import { APIView, handle, path, Response, type Request } from 'sallyport';
import { createFetch } from 'sallyport/testing';

class Echo extends APIView {
  override get(request: Request): Response {
    return new Response(
      { path: request.buildAbsoluteUri(), cookie: request.headers.get('cookie') },
      { headers: { 'Set-Cookie': ['a=1', 'b=2'] } },
    );
  }
  override post(request: Request): Response {
    return new Response(request.data, { status: 201 });
  }
  override delete(): Response {
    return new Response(null, { status: 204 });
  }
}
class Elsewhere extends APIView {
  override get(): globalThis.Response {
    return new globalThis.Response(null, { status: 302, headers: { Location: '/echo' } });
  }
}

const app = handle([path('/echo', Echo.asView()), path('/elsewhere', Elsewhere.asView())]);

describe('createFetch', () => {
  it('is a fetch whose network is the app (D-369)', async () => {
    const fetch = createFetch(app);
    const response = await fetch('https://testserver/echo?a=1');
    expect(response).toBeInstanceOf(globalThis.Response);
    expect(response).toMatchObject({ status: 200, ok: true, redirected: false });
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({ path: 'https://testserver/echo?a=1', cookie: null });
    expect((await fetch(new URL('http://testserver/nowhere'))).status).toBe(404);
  });

  it('sends bodies', async () => {
    const request = new globalThis.Request('http://testserver/echo', {
      method: 'POST',
      body: new URLSearchParams({ title: 'ä' }),
    });
    const response = await createFetch(app)(request);
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({ title: 'ä' });
  });

  it('gives answers without a body as such', async () => {
    const response = await createFetch(app)('http://testserver/echo', { method: 'DELETE' });
    expect(response.status).toBe(204);
    expect(response.body).toBeNull();
  });

  it('keeps cookies (D-369)', async () => {
    const fetch = createFetch(app);
    const first = await fetch('http://testserver/echo');
    expect(first.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(await (await fetch('http://testserver/echo')).json()).toMatchObject({ cookie: 'a=1; b=2' });
  });

  it('follows redirects unless it is told not to', async () => {
    const fetch = createFetch(app);
    const followed = await fetch('http://testserver/elsewhere');
    expect(followed).toMatchObject({ status: 200, redirected: true });
    expect((await fetch('http://testserver/elsewhere', { redirect: 'manual' })).status).toBe(302);
    await expect(fetch('http://testserver/elsewhere', { redirect: 'error' })).rejects.toThrow('is a redirect');
  });

  it('takes absolute URLs alone (D-369)', async () => {
    await expect(createFetch(app)('/echo')).rejects.toThrow(
      'Missing "http:" or "https:". Use a fully qualified URL, eg "http://testserver/echo"',
    );
  });
});
