import { askObjectPermission, askPermission, type Permission } from './permissions';
import { inOrder, isPromiseLike, type Awaitable } from './policy';
import type { Request } from './request';
import type { APIView } from './views';

/**
 * Asks permissions in order, about the request.
 * @throws what the view's `permissionDenied` throws, for the first that refuses
 */
export function checkPermissions(permissions: readonly Permission[], request: Request, view: APIView): Awaitable<void> {
  return inOrder(permissions, (permission) =>
    decide(permission, askPermission(permission, request, view), request, view),
  );
}

/**
 * The same, about one object.
 * @throws what the view's `permissionDenied` throws, for the first that refuses
 */
// eslint-disable-next-line max-params -- the permissions, and the three that their method takes
export function checkObjectPermissions(
  permissions: readonly Permission[],
  request: Request,
  view: APIView,
  obj: unknown,
): Awaitable<void> {
  return inOrder(permissions, (permission) =>
    decide(permission, askObjectPermission(permission, request, view, obj), request, view),
  );
}

// eslint-disable-next-line max-params -- what was asked, what it said, and the two that a refusal takes
function decide(permission: Permission, allowed: Awaitable<boolean>, request: Request, view: APIView): Awaitable<void> {
  if (isPromiseLike(allowed)) return allowed.then((answer) => decide(permission, answer, request, view));
  return allowed ? undefined : view.permissionDenied(request, permission.message, permission.code);
}
