import type { HostRequest } from '../core/host';
import { FORCED, type ForcedAuthentication } from '../core/request';
import type { BaseUser } from '../core/users';
import type { Params } from '../core/views';
import { exchange, FactoryRequest, type RequestDescription, type TestApp } from './exchange';
import { RequestMethods } from './methods';
import { TestResponse } from './response';

/**
 * Makes requests to call views with, without a server; DRF's class of this name.
 *
 * @example
 * const factory = new APIRequestFactory();
 * const request = factory.post('/notes/', { title: 'first' }, { format: 'json' });
 * forceAuthenticate(request, { user });
 * const response = await callView(NoteList.asView(), request);
 */
export class APIRequestFactory extends RequestMethods<FactoryRequest> {
  protected override deliver(description: RequestDescription): FactoryRequest {
    return new FactoryRequest(description);
  }
}

/** Who a test says makes the request. */
export interface ForcedIdentity {
  readonly user?: BaseUser | null | undefined;
  /** What `request.auth` is. */
  readonly token?: unknown;
}

/**
 * Has a view take this user and token for those of the request: none of its authenticators is asked. With only a
 * token the user is null; with neither the view's authenticators are asked again.
 */
export function forceAuthenticate(request: HostRequest, { user = null, token = null }: ForcedIdentity = {}): void {
  const marked = request as HostRequest & { [FORCED]?: ForcedAuthentication };
  if (user === null && token === null) delete marked[FORCED];
  else marked[FORCED] = { user, token };
}

/**
 * Calls a view, or an app, with a request of the factory.
 *
 * @param params what the route would have captured
 * @throws what the view throws and no exception handler answers
 */
export async function callView(view: TestApp, request: FactoryRequest, params?: Params): Promise<TestResponse> {
  if (params !== undefined) request.params = params;
  return new TestResponse(await exchange(view, request));
}
