import { describe, expect, it } from '@jest/globals';
import express from 'express';
import { enforceCsrf, getSession, getToken, getUser, login, withSession } from 'sallyport';
import { call } from '../../support/server';
import { cookieHeader, nameOf, World } from '../../support/sessions';

const form = { 'Content-Type': 'application/x-www-form-urlencoded' };

/** An app of which only one page is a view of ours. */
async function createApp(world: World): Promise<express.Express> {
  await world.createUser();
  const app = express();
  app.get(
    '/login',
    withSession(world.settings, async (request) => new Response(await getToken(request))),
  );
  app.post(
    '/login',
    express.urlencoded(),
    withSession(world.settings, async (request: express.Request<object, unknown, Record<string, string>>) => {
      await enforceCsrf(request);
      const { username = '', password = '' } = request.body;
      const user = await world.users.authenticate({ username, password });
      if (user === null) return new Response('Who?', { status: 400 });
      await login(request, user);
      return Response.redirect('http://testserver/me', 302);
    }),
  );
  app.get('/page', async (request, response) => {
    response.send(nameOf(await getUser(request, world.settings)));
  });
  app.get(
    '/broken',
    withSession(world.settings, async (request) => {
      const session = await getSession(request);
      session.set('a', 1);
      await world.sessions.delete(session.sessionKey!);
      return new Response('ok');
    }),
  );
  app.use(
    '/me',
    world.view(async (request) => nameOf(await getUser(request))),
  );
  return app;
}

describe('in an Express app', () => {
  it('a form logs in, and pages and views know who it was (S-096, S-100, S-102)', async () => {
    const app = await createApp(new World());
    const page = await call(app as never, { path: '/login' });
    const cookie = cookieHeader(page);
    const body = (token: string): string => `csrfmiddlewaretoken=${token}&username=ann&password=secret`;
    const post = { method: 'POST', path: '/login', headers: { ...form, cookie } };

    // Nobody is logged in yet, and the form is protected all the same: else somebody could log visitors in as himself.
    const forged = await call(app as never, { ...post, body: body('') });
    expect([forged.status, forged.json]).toEqual([403, { detail: 'CSRF Failed: CSRF token missing.' }]);

    const answer = await call(app as never, { ...post, body: body(page.text) });
    expect([answer.status, answer.headers.location]).toEqual([302, 'http://testserver/me']);
    const headers = { cookie: cookieHeader(answer) };
    expect((await call(app as never, { path: '/page', headers })).text).toBe('ann');
    expect((await call(app as never, { path: '/me', headers })).json).toBe('ann');

    const broken = await call(app as never, { path: '/broken', headers });
    expect(broken.status).toBe(400);
  });
});
