import type { RequestListener } from 'node:http';
import type { MikroORM } from '@mikro-orm/postgresql';
import {
  BasicAuthentication,
  handle,
  IsAuthenticated,
  path,
  SessionAuthentication,
  TokenAuthentication,
  type AuthenticationClasses,
  type Route,
  type Settings,
} from 'sallyport';
import { HasAPIKey } from 'sallyport/api-key';
import { JWTAuthentication, tokenRefresh } from 'sallyport/jwt';
import { AuthToken, TokenAuthentication as KnoxTokenAuthentication } from 'sallyport/knox';
import { answer, type PlainHandler } from '../../conformance/app/control';
import { describeToken } from '../../conformance/ecosystem/app/simplejwt';
import { whoAmIView } from '../../conformance/ecosystem/app/whoami';
import { settingsOf, type ProjectOptions } from './settings';
import { Snapshot } from './snapshot';

/** The app of the profile `interop`: who makes a request, by each scheme, over a database of Django's. */
export async function createApp(orm: MikroORM, options: ProjectOptions): Promise<RequestListener> {
  const snapshot = await Snapshot.take(orm);
  const reset: PlainHandler = async (_request, response) => {
    await snapshot.restore();
    answer(response, 204);
  };
  const router = handle([path('/__reset', reset), ...routesOf('/interop', settingsOf(orm, options))]);
  return (request, response) => void router(request, response);
}

function routesOf(prefix: string, settings: Settings): Route[] {
  const view = whoAmIView(describeAuth);
  const known = (name: string, authenticationClasses: AuthenticationClasses): Route =>
    path(`${prefix}/${name}/`, view.asView({ settings, authenticationClasses, permissionClasses: [IsAuthenticated] }));
  return [
    known('session', [SessionAuthentication]),
    known('token', [TokenAuthentication]),
    known('basic', [BasicAuthentication]),
    known('jwt', [JWTAuthentication]),
    known('knox', [KnoxTokenAuthentication]),
    path(`${prefix}/key/`, view.asView({ settings, authenticationClasses: [], permissionClasses: [HasAPIKey] })),
    path(`${prefix}/refresh/`, tokenRefresh(settings)),
  ];
}

function describeAuth(auth: unknown, settings: Settings): unknown {
  if (auth instanceof AuthToken) return { token_key: auth.tokenKey, expires: auth.expiry !== null };
  return describeToken(auth, settings);
}
