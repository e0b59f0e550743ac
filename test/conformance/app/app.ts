import type { RequestListener } from 'node:http';
import {
  extendSettings,
  handle,
  path,
  type Handler,
  type HostRequest,
  type HostResponse,
  type Logger,
  type Route,
  type Settings,
} from 'sallyport';
import { controlRoutes } from './control';
import { Names } from './definitions';
import type { Fixtures, ViewsDocument } from './documents';
import { sessionRoutes } from './session-control';
import { baseSettings } from './settings';
import { toRoutes, type Project } from './views';
import { World } from './world';

export interface AppOptions {
  /** Where errors are reported that no exception handler took. @default standard error */
  readonly logger?: Logger;
  /** When a view looks for the user of a request. @default 'eager' */
  readonly authenticationMode?: Settings['authenticationMode'];
  /** Hears of each view that can't be built. */
  readonly onRefused?: (path: string, reason: string) => void;
}

/** The conforming app: serves the views of a document over the data of the fixtures. */
export async function createApp(
  document: ViewsDocument,
  fixtures: Fixtures,
  options: AppOptions = {},
): Promise<RequestListener> {
  const world = new World(fixtures);
  await world.reset();
  const names = new Names(document.definitions ?? {}, world);
  const { logger, authenticationMode = 'eager' } = options;
  const base = extendSettings(baseSettings(world, logger), { authenticationMode });
  const project = { base, given: document.settings ?? {}, names, world };
  const router = handle([
    ...controlRoutes(world),
    ...sessionRoutes(world, base),
    ...viewRoutes(document, project, options.onRefused),
  ]);
  return behindServer(router);
}

/** The routes of all views. Where a plain pattern and one with a suffix match, the plain one wins: it stands first. */
function viewRoutes(document: ViewsDocument, project: Project, onRefused: AppOptions['onRefused']): Route[] {
  const plain: Route[] = [];
  const suffixed: Route[] = [];
  for (const definition of document.views) {
    try {
      const routes = toRoutes(definition, project);
      plain.push(...routes.plain);
      suffixed.push(...routes.suffixed);
    } catch (error) {
      // One view that can't be built must not take the others with it.
      const reason = (error as Error).message;
      onRefused?.(definition.path, reason);
      plain.push(path(definition.path, notImplemented(reason)));
    }
  }
  return [...plain, ...suffixed];
}

function notImplemented(reason: string): Handler {
  return async (_request: HostRequest, response: HostResponse) => {
    response.writeHead(501, ['Content-Type', 'text/plain; charset=utf-8']);
    response.end(reason);
  };
}

/** Stands for the web server in front, which tells who the user is that it let in. */
function behindServer(router: Handler): RequestListener {
  return (request, response) => {
    const remoteUser = request.headers['x-remote-user'];
    if (remoteUser !== undefined) Object.assign(request, { META: { REMOTE_USER: remoteUser } });
    router(request, response).catch((error: unknown) => {
      console.error(error);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  };
}
