import { expect, it } from '@jest/globals';
import { APIView, AuthenticationFailed, getToken, IsAuthenticated, login, logout, Response } from 'sallyport';
import type { PermissionClasses, Request, ViewClass } from 'sallyport';
import { cookieHeader, cookiesOf, nameOf, World } from '../support/sessions';
import { describeHosts } from './hosts';

/** Views by which a browser logs in, asks who it is, and logs out. */
function viewsOf(world: World): Record<string, ViewClass> {
  abstract class AppView extends APIView {
    static override settings = world.settings;
  }
  class Login extends AppView {
    override async post(request: Request): Promise<Response> {
      const { username, password } = request.data as Record<string, string>;
      const user = await world.users.authenticate({ username: username!, password: password! });
      if (user === null) throw new AuthenticationFailed();
      await login(request, user);
      return new Response({ token: await getToken(request) });
    }
  }
  class Me extends AppView {
    static override permissionClasses: PermissionClasses = [IsAuthenticated];
    override get(request: Request): Response {
      return new Response(nameOf(request.user));
    }
    override async post(request: Request): Promise<Response> {
      await logout(request);
      return new Response(null, { status: 204 });
    }
  }
  class Open extends AppView {
    static override authenticationClasses = [];
    override get(): Response {
      return new Response('open');
    }
  }
  return { '/login': Login, '/me': Me, '/open': Open };
}

const credentials = { username: 'ann', password: 'secret' };

describeHosts('a session', ({ serve }) => {
  it('goes from log in to log out', async () => {
    const world = new World();
    await world.createUser();
    const site = await serve({ views: viewsOf(world) });
    expect((await site.request('/me')).status).toBe(403);

    const entry = await site.request('/login', { method: 'POST', body: credentials });
    expect(cookiesOf(entry)['sessionid']).toMatch(/HttpOnly/);
    const cookie = cookieHeader(entry);
    const me = await site.request('/me', { headers: { cookie } });
    expect([me.json, me.headers.vary, me.headers['set-cookie']]).toEqual(['ann', 'Cookie', undefined]);

    const forged = await site.request('/me', { method: 'POST', headers: { cookie } });
    expect([forged.status, forged.json]).toEqual([403, { detail: 'CSRF Failed: CSRF token missing.' }]);

    const headers = { cookie, 'X-CSRFToken': (entry.json as { token: string }).token };
    const exit = await site.request('/me', { method: 'POST', headers });
    expect([exit.status, cookiesOf(exit)['sessionid']]).toEqual([
      204,
      expect.stringMatching(/^""; expires=Thu, 01 Jan 1970/),
    ]);
    expect((await site.request('/me', { headers: { cookie } })).status).toBe(403);
  });

  it('is neither loaded nor varied on where nobody asks for it', async () => {
    const world = new World();
    const site = await serve({ views: viewsOf(world) });
    const answer = await site.request('/open', { headers: { cookie: 'sessionid=abc' } });
    expect([answer.json, answer.headers.vary, answer.headers['set-cookie']]).toEqual(['open', undefined, undefined]);
  });
});
