import { createParamDecorator } from 'routing-controllers';
import { ImproperlyConfigured } from '../core/errors';
import type { HostRequest } from '../core/host';
import type { APIView } from '../core/views';

const VIEW: unique symbol = Symbol.for('sallyport.routingControllers.view') as never;
type ViewedRequest = HostRequest & { [VIEW]?: APIView };

/** Makes a view the one that stands for a host's request: all that asks on it shares its `Request`, and so its user. */
export function shareView(raw: HostRequest, view: APIView): void {
  (raw as ViewedRequest)[VIEW] = view;
}

/** The view that stands for a host's request, if one has looked at it. */
export function sharedView(raw: HostRequest): APIView | undefined {
  return (raw as ViewedRequest)[VIEW];
}

/**
 * A parameter of a controller's method: the view whose policies let the request in, with `view.request` and what a
 * method needs to guard an object. Behind `@apiView`, `@Authorized` or `@CurrentUser`.
 *
 * Subpath `sallyport/routing-controllers`.
 *
 * @example
 * @Get('/notes/:id')
 * @apiView(['GET'], { extends: AppView })
 * async note(@Param('id') id: number, @currentView() view: AppView) {
 *   const note = await findNote(id);
 *   await view.checkObjectPermissions(view.request, note);
 *   return note;
 * }
 */
export function currentView(): (controller: object, method: string, index: number) => void {
  return createParamDecorator({
    value: ({ request }: { request: HostRequest }) => {
      const view = sharedView(request);
      if (view === undefined)
        throw new ImproperlyConfigured('No view has looked at this request. Is @apiView missing?');
      return view;
    },
  });
}
