import type { IncomingMessage } from 'node:http';
import { getToken, login, logout, path, withSession, type Credentials, type Route, type Settings } from 'sallyport';
import { readJSON } from './control';
import type { World } from './world';

/** The control endpoints that log in and out, as an app would write them without views. */
export function sessionRoutes({ users }: Pick<World, 'users'>, settings: Settings): Route[] {
  const logIn = withSession(settings, async (request: IncomingMessage) => {
    const user = await users.authenticate(await readJSON<Credentials>(request));
    if (user === null) return Response.json({ user: null }, { status: 400 });
    await login(request, user);
    return Response.json({ user: user.username });
  });

  const logOut = withSession(settings, async (request: IncomingMessage) => {
    await logout(request);
    return new Response(null, { status: 204 });
  });

  const csrf = withSession(settings, async (request: IncomingMessage) =>
    Response.json({ csrftoken: await getToken(request) }),
  );

  return [path('/__login', logIn), path('/__logout', logOut), path('/__csrf', csrf)];
}
