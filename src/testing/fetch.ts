import { APIClient, isRedirect, type ClientDefaults } from './client';
import type { TestApp } from './exchange';

/**
 * A `fetch` whose network is an app in this process, for code under test that takes one. It keeps cookies and has
 * CSRF tokens checked, as DRF's `RequestsClient`.
 *
 * @throws TypeError for a URL that is not absolute
 *
 * @example
 * const fetch = createFetch(handle([path('/notes/', NoteList.asView())]));
 * const response = await fetch('http://testserver/notes/');
 */
export function createFetch(app: TestApp, defaults: ClientDefaults = {}): typeof globalThis.fetch {
  const client = new APIClient(app, { enforceCsrfChecks: true, ...defaults });
  return async (input, init) => {
    requireAbsolute(typeof input === 'string' || input instanceof URL ? String(input) : input.url);
    const request = new Request(input, init);
    const { status, statusText, headers, bytes, redirectChain } = await client.generic(request.method, request.url, {
      data: Buffer.from(await request.arrayBuffer()),
      headers: Object.fromEntries(request.headers),
      follow: request.redirect === 'follow',
    });
    if (request.redirect === 'error' && isRedirect(status)) throw new TypeError('The answer is a redirect.');
    const response = new Response(bytes.length === 0 ? null : new Uint8Array(bytes), { status, statusText, headers });
    // The constructor has no word for it.
    return Object.defineProperty(response, 'redirected', { value: redirectChain.length > 0 });
  };
}

function requireAbsolute(url: string): void {
  if (/^https?:/i.test(url)) return;
  const path = url.startsWith('/') ? url : `/${url}`;
  throw new TypeError(`Missing "http:" or "https:". Use a fully qualified URL, eg "http://testserver${path}"`);
}
