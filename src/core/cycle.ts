import { chain, isPromiseLike, type Awaitable } from './policy';
import type { Request } from './request';
import type { APIView, Params, ViewResult } from './views';

/**
 * The way of one request through the steps of a view, in DRF's order: `initial`, the body, the handler of the method,
 * `handleException` for what any of them throws, and `finalizeResponse`.
 *
 * Only what is a promise is waited for, and by `then`: written with `await`, waiting would cost more than the steps.
 *
 * @throws what `handleException` and `finalizeResponse` throw
 */
export function runCycle(view: APIView, request: Request, params: Params): Awaitable<ViewResult> {
  let admitted: Awaitable<void>;
  try {
    admitted = view.initial(request, params);
  } catch (error) {
    return recover(view, request, error);
  }
  if (!isPromiseLike(admitted)) return serve(view, request, params);
  return admitted.then(
    () => serve(view, request, params),
    (error: unknown) => recover(view, request, error),
  );
}

function serve(view: APIView, request: Request, params: Params): Awaitable<ViewResult> {
  let answer: Awaitable<ViewResult>;
  try {
    answer = callHandler(view, request, params);
  } catch (error) {
    return recover(view, request, error);
  }
  if (!isPromiseLike(answer)) return conclude(view, request, answer);
  return answer.then(
    (response) => conclude(view, request, response),
    (error: unknown) => recover(view, request, error),
  );
}

function callHandler(view: APIView, request: Request, params: Params): Awaitable<ViewResult> {
  const handler = view.getHandler(request.method.toLowerCase());
  if (handler === undefined) return view.httpMethodNotAllowed(request, params);
  const loaded = request.hasBody ? request.load() : undefined;
  if (isPromiseLike(loaded)) return loaded.then(() => handler.call(view, request, params));
  return handler.call(view, request, params);
}

function recover(view: APIView, request: Request, error: unknown): Awaitable<ViewResult> {
  return chain(view.handleException(error), (response) => conclude(view, request, response));
}

function conclude(view: APIView, request: Request, response: ViewResult): Awaitable<ViewResult> {
  const final = view.finalizeResponse(request, response);
  return isPromiseLike(final) ? final.then((answer) => (view.response = answer)) : (view.response = final);
}
