import { getMetadataArgsStorage } from 'routing-controllers';
import { ImproperlyConfigured } from '../core/errors';
import type { ViewClass } from '../core/views';
import { ancestry, isView } from './metadata';

/** The method that stands in routing-controllers' tables for the whole view. It never calls it. */
const SERVES = 'dispatch';

/**
 * Lets an `APIView` be listed in `controllers`, beside ordinary controllers, and says at which path. All methods of the
 * path are the view's. Middleware of `@UseBefore` runs before it; routing-controllers' own checkers, interceptors and
 * error handler have no part in it.
 *
 * The view's configuration is checked when the server is made, since decorators further up may still change it.
 *
 * Subpath `sallyport/routing-controllers`.
 *
 * @param path in Express's syntax; a `routePrefix` comes before it
 * @throws ImproperlyConfigured for a class that is no view or is a controller already, and when the server is made for
 *   decorators of routing-controllers that would be ignored, `@Authorized` above all
 *
 * @example
 * @viewController('/notes/:pk')
 * @permissionClasses([IsAuthenticated])
 * export class NoteDetail extends AppView { … }
 *
 * useExpressServer(app, { controllers: [NoteDetail, OrdinaryController] });
 */
export function viewController(path: string): (view: ViewClass) => void {
  if (!path.startsWith('/')) {
    throw new ImproperlyConfigured(`The path '${path}' must begin with a slash: viewController('/${path}').`);
  }
  return (view) => {
    if (!isView(view)) {
      throw new ImproperlyConfigured(`viewController stands above ${view.name}, which is no APIView.`);
    }
    const storage = getMetadataArgsStorage();
    storage.controllers.push({ type: 'json', target: view, route: path, options: {} });
    storage.actions.push({ type: 'all', target: view, method: SERVES, route: '', options: {} });
    storage.uses.push({
      target: view,
      method: SERVES,
      afterAction: false,
      // Read when a server is made: by then all decorators have run, and a mistake keeps the app from starting.
      get middleware() {
        refuseIgnoredDecorators(view);
        return view.asView();
      },
    });
  };
}

/** What routing-controllers would pass over without a word, and so leave open, or would serve past the policies. */
function refuseIgnoredDecorators(view: ViewClass): void {
  const { controllers, actions, responseHandlers, useInterceptors, uses, params } = getMetadataArgsStorage();
  if (controllers.filter(({ target }) => target === view).length > 1) {
    throw new ImproperlyConfigured(
      `${view.name} is a controller twice. Keep one @viewController, and nothing beside it.`,
    );
  }
  const classes = ancestry(view);
  const isOwn = ({ target }: { readonly target: unknown }): boolean => classes.includes(target);
  const action = actions.find((entry) => isOwn(entry) && entry.method !== SERVES);
  if (action !== undefined) {
    throw new ImproperlyConfigured(
      `${view.name}.${action.method} has a route of its own, where no policy would guard it. Take the route away: ` +
        '@viewController serves all methods of the view.',
    );
  }
  const isAtWork = (use: (typeof uses)[number]): boolean =>
    use.method === SERVES || (use.method === undefined && !use.afterAction);
  const [ignored] = [
    ...responseHandlers.filter(isOwn),
    ...useInterceptors.filter(isOwn),
    ...uses.filter((use) => isOwn(use) && !isAtWork(use)),
    ...params.filter(({ object }) => classes.includes((object as object).constructor)),
  ];
  if (ignored === undefined) return;
  const what = 'type' in ignored ? ` ('${ignored.type}')` : '';
  throw new ImproperlyConfigured(
    `A decorator of routing-controllers${what} on the view ${view.name} would be ignored. Take it away; who may pass ` +
      'is said by @permissionClasses.',
  );
}
