import { describe, expect, it } from '@jest/globals';
import {
  APIView,
  BaseContentNegotiation,
  BaseRenderer,
  DefaultContentNegotiation,
  defineSettings,
  formatSuffixPatterns,
  handle,
  JSONParser,
  JSONRenderer,
  path,
  Response,
} from 'sallyport';
import type { Parser, PolicyClass, Renderer, Request, SettingsInput } from 'sallyport';
import { call } from '../support/server';

function renderer(mediaType: string, format = mediaType): PolicyClass<Renderer> {
  return class extends BaseRenderer {
    readonly mediaType = mediaType;
    readonly format = format;
    render(_data: unknown, accepted: string): string {
      return JSON.stringify([mediaType, accepted]);
    }
  };
}
const A = renderer('text/a', 'a');
const B = renderer('text/b', 'b');
const J = renderer('application/json', 'json');

/** What is chosen for an Accept header: the renderer's media type and the accepted one, or the status. */
async function choose(
  rendererClasses: readonly PolicyClass<Renderer>[],
  accept?: string,
  { at = '/', ...settings }: SettingsInput & { readonly at?: string } = {},
): Promise<unknown> {
  class View extends APIView {
    static override settings = defineSettings(settings);
    override get(): Response {
      return new Response('data');
    }
  }
  const view = View.asView({ rendererClasses });
  const handler = handle(formatSuffixPatterns([path('/', view), path('/x', view)]));
  const answer = await call(handler, {
    path: at,
    headers: accept === undefined ? {} : { Accept: accept },
    method: 'GET',
  });
  return answer.status === 200 ? answer.json : answer.status;
}

describe('the renderer, and the media type that it was chosen for (D-260)', () => {
  it.each([
    ['D-263: without a header the first one', undefined, ['text/a', 'text/a']],
    ['D-263: for anything the first one', '*/*', ['text/a', 'text/a']],
    ['the one that is asked for', 'text/b', ['text/b', 'text/b']],
    ['D-264: inside a group the order of the renderers', 'text/b, text/a', ['text/a', 'text/a']],
    ['D-264: what is more specific first', '*/*, text/b', ['text/b', 'text/b']],
    ['D-264: a type before anything', '*/*, application/*', ['application/json', 'application/json']],
    ['D-264: parameters before a plain type', 'text/a, text/b; x=1', ['text/b', 'text/b; x=1']],
    ['D-264: but not for q alone', 'text/a, text/b;q=0.5', ['text/a', 'text/a']],
    ['D-265: q is ignored', 'text/a;q=0.1, text/b;q=0.9', ['text/a', 'text/a;q=0.1']],
    ['D-265: even q=0', 'text/a;q=0', ['text/a', 'text/a;q=0']],
    ['D-268: the entry as it was sent', 'text/a; indent=8', ['text/a', 'text/a; indent=8']],
    ['D-268, D-269: types are compared in lower case', 'TEXT/A', ['text/a', 'TEXT/A']],
    ['D-268: a wildcard with parameters', '*/*; version=1.2', ['text/a', 'text/a;version=1.2']],
    ['D-268: with q as well', 'text/*;q=0.8; x=y', ['text/a', 'text/a;q=0.8;x=y']],
    ['blanks are trimmed', ' text/b ,text/x', ['text/b', 'text/b']],
    ['empty entries match nothing', ',, text/b,', ['text/b', 'text/b']],
    ['D-263: an empty header accepts nothing', '', 406],
    ['D-270: a star alone is no media type', '*', 406],
    ['D-270: nor is garbage', 'garbage', 406],
    ['D-271: nothing that anybody writes', 'image/png, text/x', 406],
    ['a slash alone', '/', 406],
  ])('%s', async (_name, accept, expected) => {
    expect(await choose([A, B, J], accept)).toEqual(expected);
  });

  it('D-271: 406 has the text of DRF', async () => {
    class View extends APIView {
      override get(): Response {
        return new Response();
      }
    }
    const answer = await call(View.asView({ rendererClasses: [JSONRenderer] }), { headers: { Accept: 'image/png' } });
    expect(answer.text).toBe('{"detail":"Could not satisfy the request Accept header."}');
  });

  it('D-266, D-267: one that has parameters is chosen only by those', async () => {
    const v2 = renderer('application/json; version=2');
    const pick = (accept: string): Promise<unknown> => choose([v2, J], accept);
    expect(await pick('application/json; version=2')).toEqual([
      'application/json; version=2',
      'application/json; version=2',
    ]);
    expect(await pick('application/json; version="2"; q=0.3')).toMatchObject({ 0: 'application/json; version=2' });
    for (const accept of ['application/json', '*/*', 'application/json; version=3']) {
      expect(await pick(accept)).toMatchObject({ 0: 'application/json' });
    }
    expect(await choose([v2], '*/*')).toBe(406);
  });

  it('D-273: of several entries of one group the first in the header', async () => {
    expect(await choose([A], 'text/a; x=1, text/a; y=2')).toEqual(['text/a', 'text/a; x=1']);
  });

  it('D-261: the query parameter `format` narrows the renderers, and 404 is the answer to one that there is not', async () => {
    expect(await choose([A, B], '*/*', { at: '/?format=b' })).toEqual(['text/b', 'text/b']);
    expect(await choose([A, B], '*/*', { at: '/?format=xml' })).toBe(404);
    expect(await choose([A, B], '*/*', { at: '/?format=' })).toEqual(['text/a', 'text/a']);
    expect(await choose([A, B], '*/*', { at: '/?format=a&format=b' })).toEqual(['text/b', 'text/b']);
    expect(await choose([A, B], '*/*', { at: '/?fmt=b', urlFormatOverride: 'fmt' })).toEqual(['text/b', 'text/b']);
    expect(await choose([A, B], '*/*', { at: '/?format=b', urlFormatOverride: null })).toEqual(['text/a', 'text/a']);
  });

  it('D-024, D-261: the suffix of the route comes before the query parameter', async () => {
    expect(await choose([A, B], '*/*', { at: '/x.b' })).toEqual(['text/b', 'text/b']);
    expect(await choose([A, B], '*/*', { at: '/x.b?format=a' })).toEqual(['text/b', 'text/b']);
    expect(await choose([A, B], '*/*', { at: '/x.zip' })).toBe(404);
    expect(await choose([A, B], '*/*', { at: '/x.b', formatSuffixKwarg: null })).toEqual(['text/a', 'text/a']);
  });

  it('D-262: what is left must still be acceptable', async () => {
    expect(await choose([A, B], 'text/a', { at: '/?format=b' })).toBe(406);
  });

  it('D-274: a class of one’s own replaces all this', async () => {
    class Last extends BaseContentNegotiation {
      selectParser(_request: Request, parsers: readonly Parser[]): Parser | null {
        return parsers.at(-1) ?? null;
      }
      selectRenderer(_request: Request, renderers: readonly Renderer[]): readonly [Renderer, string] {
        return [renderers.at(-1)!, 'own/type'];
      }
    }
    expect(await choose([A, B], 'image/png', { defaultContentNegotiationClass: Last })).toEqual(['text/b', 'own/type']);
  });
});

describe('the parser', () => {
  const parsers = [new JSONParser(defineSettings())];
  const select = (contentType: string): Parser | null =>
    new DefaultContentNegotiation(defineSettings()).selectParser({ contentType } as Request, parsers);

  it.each(['application/json', 'APPLICATION/JSON;charset=x', 'application/*', '*/*', ' application/json '])(
    'D-122, D-123: takes %p',
    (type) => {
      expect(select(type)).toBe(parsers[0]);
    },
  );
  it.each(['', 'json', 'text/json', 'application/vnd.api+json', 'application/json2', 'application/', '*', '/'])(
    'D-122, D-123: does not take %p',
    (type) => {
      expect(select(type)).toBeNull();
    },
  );
});
