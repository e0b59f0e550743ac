import type { HostRequest } from './host';
import { BasePermission, compositionOf, type Permission } from './permissions';
import type { PolicyClass } from './policy';
import { isResponse } from './response';
import type { APIView, Params, ViewResult } from './views';

/** A view answered with an object that nobody had checked, though the view has a permission for objects. */
export class UncheckedObject extends Error {
  readonly code = 'unchecked_object';
  override name = 'UncheckedObject';
}

/** Whether a permission, or a part of it, has a check of its own for objects. */
export function checksObjects(permission: PolicyClass<Permission>): boolean {
  const operands = compositionOf(permission)?.operands;
  if (operands !== undefined) return operands.some(checksObjects);
  const methodOf = (permitter: unknown): unknown => (permitter as Record<string, unknown>)['hasObjectPermission'];
  const check = methodOf(permission.prototype);
  return check !== undefined && check !== methodOf(BasePermission.prototype);
}

/**
 * Serves one request of a view with a permission for objects, and watches whether that is asked. The cycle can't ask
 * it: only the view knows the object, so forgetting the call leaves every object open.
 *
 * @throws UncheckedObject
 */
export async function dispatchWatched(view: APIView, raw: HostRequest, params: Params): Promise<ViewResult> {
  let checked = false;
  const check = view.checkObjectPermissions.bind(view);
  view.checkObjectPermissions = (request, obj) => {
    checked = true;
    return check(request, obj);
  };
  const answer = await view.dispatch(raw, params);
  if (checked || raw.method === 'OPTIONS' || !showsOneObject(answer, params)) return answer;
  throw new UncheckedObject(
    `${view.policies.className} has a permission for objects and answered with one that was not checked. ` +
      'Write `await this.checkObjectPermissions(request, obj)` where the view has loaded it.',
  );
}

/** A single object under a route with parameters: what a detail view answers. */
function showsOneObject(answer: ViewResult, params: Params): boolean {
  if (!isResponse(answer) || answer.exception || answer.status < 200 || answer.status > 299) return false;
  const { data } = answer;
  return data !== null && typeof data === 'object' && !Array.isArray(data) && Object.keys(params).length > 0;
}
