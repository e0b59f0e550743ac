import { describe, expect, it } from '@jest/globals';
import { APIView, BaseRenderer, defineSettings, JSONRenderer, Response } from 'sallyport';
import type { PolicyClass, Renderer, RendererContext } from 'sallyport';
import { call, errorLog } from '../support/server';

const { logger, errors } = errorLog();

function renderer(charset: string | null, rendered: string | Uint8Array | null): PolicyClass<Renderer> {
  return class extends BaseRenderer {
    readonly mediaType = 'text/x';
    readonly format = 'x';
    override readonly charset = charset;
    render(): string | Uint8Array | null {
      return rendered;
    }
  };
}
const answerOf = (response: () => Response, Class: PolicyClass<Renderer> = JSONRenderer) => {
  class View extends APIView {
    static override settings = defineSettings({ logger });
    override get(): Response {
      return response();
    }
  }
  return call(View.asView({ rendererClasses: [Class] }));
};

describe('Response', () => {
  it('D-135: has a status of 200 and no data by default', () => {
    const response = new Response();
    expect([response.status, response.statusCode, response.data, response.exception, response.contentType]).toEqual([
      200,
      200,
      null,
      false,
      null,
    ]);
    const full = new Response(1, {
      status: 201,
      templateName: 't',
      exception: true,
      contentType: 'a/b',
      headers: { A: 'b' },
    });
    expect([full.status, full.templateName, full.exception, full.contentType, full.headers.get('a')]).toEqual([
      201,
      't',
      true,
      'a/b',
      'b',
    ]);
  });

  it('D-137: cannot be rendered before the cycle has said how', () => {
    const response = new Response('a');
    expect(() => response.render()).toThrow('.acceptedRenderer not set on Response');
    response.acceptedRenderer = new JSONRenderer(defineSettings());
    expect(() => response.render()).toThrow('.acceptedMediaType not set on Response');
    response.acceptedMediaType = 'application/json';
    expect(() => response.render()).toThrow('.rendererContext not set on Response');
    response.rendererContext = {} as RendererContext;
    expect(response.render()).toEqual({ body: '"a"', contentType: 'application/json' });
  });

  it('D-138: the type is that of the renderer with its charset, or what the view says', async () => {
    const type = async (...args: Parameters<typeof answerOf>): Promise<unknown> =>
      (await answerOf(...args)).headers['content-type'];
    expect(await type(() => new Response('a'))).toBe('application/json');
    expect(await type(() => new Response('a'), renderer('utf-8', 'a'))).toBe('text/x; charset=utf-8');
    expect(await type(() => new Response('a'), renderer(null, Buffer.from('a')))).toBe('text/x');
    expect(await type(() => new Response('a', { contentType: 'application/problem+json' }))).toBe(
      'application/problem+json',
    );
  });

  it('D-139: the type is that of the renderer, not the one that was accepted', async () => {
    class View extends APIView {
      static override rendererClasses = [JSONRenderer];
      override get(): Response {
        return new Response([1]);
      }
    }
    const answer = await call(View.asView(), { headers: { Accept: 'application/json; indent=4' } });
    expect([answer.headers['content-type'], answer.text]).toEqual(['application/json', '[\n    1\n]']);
  });

  it('D-140: text from a renderer without a charset is an error', async () => {
    expect((await answerOf(() => new Response('a'), renderer(null, 'text'))).status).toBe(500);
    expect(String(errors.pop())).toBe('Error: renderer returned text, and did not specify a charset value.');
  });

  it('D-141: an answer of no bytes has no type, empty text keeps it', async () => {
    const none = await answerOf(() => new Response(null, { contentType: 'a/b' }));
    expect([none.status, none.headers['content-type'], none.headers['content-length']]).toEqual([200, undefined, '0']);
    for (const rendered of [null, new Uint8Array()]) {
      const empty = await answerOf(() => new Response('a'), renderer(null, rendered));
      expect(empty.headers['content-type']).toBeUndefined();
    }
    const text = await answerOf(() => new Response('a'), renderer('utf-8', ''));
    expect([text.headers['content-type'], text.headers['content-length']]).toEqual(['text/x; charset=utf-8', '0']);
  });

  it('writes the charset that its renderer names', async () => {
    const latin = await answerOf(() => new Response('a'), renderer('iso-8859-1', 'é'));
    expect(latin.headers).toMatchObject({ 'content-type': 'text/x; charset=iso-8859-1', 'content-length': '1' });
    expect((await answerOf(() => new Response('a'), renderer('iso-8859-1', '€'))).status).toBe(500);
    expect((await answerOf(() => new Response('a'), renderer('no-such-charset', 'a'))).status).toBe(500);
  });

  it('D-142: has the standard phrase of its status, if there is one', () => {
    expect(new Response(null, { status: 404 }).statusText).toBe('Not Found');
    expect(new Response(null, { status: 299 }).statusText).toBe('');
  });

  it('D-143: keeps its data', () => {
    const data = { a: 1 };
    expect(new Response(data).data).toBe(data);
  });

  it('headers have names without case, several cookies, and numbers as text', () => {
    const { headers } = new Response(null, { headers: { 'X-Count': 5, 'Set-Cookie': ['a=1', 'b=2'] } });
    headers.append('set-cookie', 'c=3');
    headers.append('x-count', '6');
    expect([...headers]).toEqual([
      ['X-Count', '5, 6'],
      ['Set-Cookie', ['a=1', 'b=2', 'c=3']],
    ]);
    expect([headers.has('SET-COOKIE'), headers.get('x-COUNT'), headers.get('none')]).toEqual([true, '5, 6', null]);
    expect([headers.delete('X-COUNT'), headers.delete('X-COUNT')]).toEqual([true, false]);
  });
});
