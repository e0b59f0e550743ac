import type { Handler } from '../core/host';
import { FetchRequest, signalOf, type HostDetails } from './request';
import { FetchResponse } from './response';

export type { HostDetails };

/**
 * Lets a view, or `handle([...])`, answer the platform's own requests: what Deno, Bun, Workers, and frameworks on
 * their terms call. Subpath `sallyport/fetch`.
 *
 * The promise resolves when the body of the answer begins. It rejects only where `handler` does, which those of this
 * library never do.
 *
 * @param details says what the platform knows of a request and `Request` has no place for. It gets all that the
 *   platform passes
 *
 * @example Deno.serve(toFetchHandler(handle(urls), (_request, info) => ({ remoteAddress: info.remoteAddr.hostname })));
 */
export function toFetchHandler<Rest extends readonly unknown[] = []>(
  handler: Handler,
  details: (request: globalThis.Request, ...rest: Rest) => HostDetails = () => ({}),
): (request: globalThis.Request, ...rest: Rest) => Promise<globalThis.Response> {
  return (request, ...rest) =>
    new Promise((resolve, reject) => {
      const response = new FetchResponse(resolve);
      const signal = signalOf(request);
      signal?.addEventListener('abort', () => {
        response.leave(signal.reason);
      });
      handler(new FetchRequest(request, details(request, ...rest)), response).catch(reject);
    });
}
