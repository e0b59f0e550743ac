import { describe, expect, it } from '@jest/globals';
import {
  AllowAny,
  APIView,
  BaseRenderer,
  BasicAuthentication,
  BrowsableAPIRenderer,
  defineSettings,
  IsAuthenticated,
  JSONRenderer,
  NotFound,
  PermissionDenied,
  Response,
  StaticHTMLRenderer,
  TemplateHTMLRenderer,
  ValidationError,
} from 'sallyport';
import type { PermissionClasses, RendererClasses, Settings, TemplateEngine } from 'sallyport';
import { MemoryUserStore } from '../../src/testing/memory-stores';
import { call, errorLog, type Answer, type RequestOptions } from '../support/server';

/** Shows which template was filled in, and with what. */
const templateEngine =
  (...names: readonly string[]): TemplateEngine =>
  (name, context) =>
    names.includes(name) ? `${name} ${JSON.stringify(context)}` : null;

const log = errorLog();
const withTemplates = (...names: readonly string[]): Settings =>
  defineSettings({ templateEngine: templateEngine(...names), logger: log.logger });

/** What a view answers by these renderers that returns, or throws, `result`. */
function show(result: Response | Error, settings: Settings, rendererClasses?: RendererClasses): Promise<Answer> {
  class Page extends APIView {
    override get(): Response {
      if (result instanceof Error) throw result;
      return result;
    }
  }
  return call(Page.asView({ settings, rendererClasses: rendererClasses ?? [TemplateHTMLRenderer] }));
}
const page = (data: unknown, templateName: string): Response => new Response(data, { templateName });

describe('TemplateHTMLRenderer', () => {
  it('is text/html in UTF-8, of the format html (D-298)', async () => {
    const { mediaType, format, charset } = new TemplateHTMLRenderer(defineSettings());
    expect([mediaType, format, charset]).toEqual(['text/html', 'html', 'utf-8']);
    const answer = await show(page({ a: 1 }, 'a.html'), withTemplates('a.html'));
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.text).toBe('a.html {"a":1}');
  });

  it('takes the template of the response, then of the renderer, then of the view (D-298)', async () => {
    class Named extends TemplateHTMLRenderer {
      override readonly templateName = 'renderer.html';
    }
    abstract class Both extends APIView {
      static override rendererClasses: RendererClasses = [TemplateHTMLRenderer];
      static templateName = 'view.html';
      getTemplateNames(): readonly string[] {
        return ['missing.html', 'method.html'];
      }
    }
    class FromMethod extends Both {
      override get(): Response {
        return new Response({});
      }
    }
    class FromStatic extends APIView {
      static override rendererClasses: RendererClasses = [TemplateHTMLRenderer];
      static templateName = 'view.html';
      override get(): Response {
        return new Response(null);
      }
    }
    class FromResponse extends FromMethod {
      override get(): Response {
        return new Response({}, { templateName: 'response.html' });
      }
    }
    const settings = withTemplates('response.html', 'renderer.html', 'method.html', 'view.html');
    const rendererClasses: RendererClasses = [Named];
    const texts = [
      await call(FromResponse.asView({ settings, rendererClasses })),
      await call(FromMethod.asView({ settings, rendererClasses })),
      await call(FromMethod.asView({ settings })),
      await call(FromStatic.asView({ settings })),
      await call(FromStatic.asView({ settings, templateName: 'response.html' })),
    ].map(({ text }) => text);
    expect(texts).toEqual([
      'response.html {}',
      'renderer.html {}',
      'method.html {}',
      'view.html {}',
      'response.html {}',
    ]);
  });

  it('tells the developer what is missing (D-298)', async () => {
    const failures: [Response, Settings, string][] = [
      [new Response({}), withTemplates('a.html'), 'no `templateName` attribute set on either the view or response'],
      [page({}, 'b.html'), withTemplates('a.html'), 'none of these templates: b.html'],
      [page({}, 'a.html'), defineSettings({ logger: log.logger }), 'defineSettings({ templateEngine:'],
      [page('text', 'a.html'), withTemplates('a.html'), 'filled in with an object, not a string'],
    ];
    for (const [response, settings, message] of failures) {
      expect((await show(response, settings)).status).toBe(500);
      expect(String(log.errors.at(-1))).toContain(message);
    }
  });

  it('takes for errors <status>.html, then api_exception.html, then a plain text (D-299)', async () => {
    const missing = new NotFound();
    const answers = [
      await show(missing, withTemplates('404.html', 'api_exception.html')),
      await show(missing, withTemplates('api_exception.html')),
      await show(missing, withTemplates()),
      await show(missing, defineSettings()),
      await show(new PermissionDenied(), withTemplates('404.html')),
    ];
    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [404, '404.html {"detail":"Not found.","status_code":404}'],
      [404, 'api_exception.html {"detail":"Not found.","status_code":404}'],
      [404, '404 Not Found'],
      [404, '404 Not Found'],
      [403, '403 Forbidden'],
    ]);
  });

  it('gives the list of a validation error as details (D-299)', async () => {
    const settings = withTemplates('400.html');
    expect((await show(new ValidationError('bad'), settings)).text).toBe(
      '400.html {"details":["bad"],"status_code":400}',
    );
    expect((await show(new ValidationError({ a: ['bad'] }), settings)).text).toBe(
      '400.html {"a":["bad"],"status_code":400}',
    );
  });

  it('gives the engine the request', async () => {
    const settings = defineSettings({ templateEngine: (_name, _context, request) => Promise.resolve(request.method) });
    expect((await show(page({}, 'a.html'), settings)).text).toBe('GET');
  });
});

describe('StaticHTMLRenderer', () => {
  const answer = (result: unknown, settings = defineSettings({ logger: log.logger })): Promise<Answer> =>
    show(result instanceof Error ? result : new Response(result), settings, [StaticHTMLRenderer]);

  it('sends the data as it is (D-300)', async () => {
    const text = await answer('<p>Zoë</p>');
    expect([text.headers['content-type'], text.text]).toEqual(['text/html; charset=utf-8', '<p>Zoë</p>']);
    expect((await answer(Buffer.from('<p>'))).text).toBe('<p>');
    const nothing = await answer(null);
    expect([nothing.status, nothing.headers['content-type'], nothing.text]).toEqual([200, undefined, '']);
  });

  it('renders errors as TemplateHTMLRenderer does (D-300)', async () => {
    expect((await answer(new PermissionDenied())).text).toBe('403 Forbidden');
    expect((await answer(new NotFound(), withTemplates('404.html'))).text).toMatch(/^404\.html /);
  });

  it('refuses data that is no page', async () => {
    expect((await answer({ a: 1 })).status).toBe(500);
    expect(String(log.errors.at(-1))).toContain('answer with a text');
  });
});

describe('BrowsableAPIRenderer', () => {
  const evil = '<script>alert("x")</script>';
  class NoteView extends APIView {
    static override rendererClasses: RendererClasses = [JSONRenderer, BrowsableAPIRenderer];
    static override authenticationClasses = [BasicAuthentication];
    static override permissionClasses: PermissionClasses = [AllowAny];
    static override description = 'A <b>note</b>.';
    override get(): Response {
      return new Response({ text: evil, n: [1] }, { headers: { 'X-Note': evil } });
    }
    override delete(): Response {
      return new Response(null, { status: 204 });
    }
  }
  const html = { headers: { Accept: 'text/html' } };
  const settings = defineSettings({ users: new MemoryUserStore(), logger: log.logger });
  const browse = (options: RequestOptions = html, overrides = {}): Promise<Answer> =>
    call(NoteView.asView({ settings, ...overrides }), options);

  it('is text/html in UTF-8, of the format api, and not among the defaults (D-301)', async () => {
    const { mediaType, format, charset } = new BrowsableAPIRenderer(defineSettings());
    expect([mediaType, format, charset]).toEqual(['text/html', 'api', 'utf-8']);
    expect(defineSettings().defaultRendererClasses).toEqual([JSONRenderer]);
    for (const options of [html, { path: '/?format=api' }]) {
      const { headers } = await browse(options);
      expect([headers['content-type'], headers.vary]).toEqual(['text/html; charset=utf-8', 'Accept']);
    }
    expect((await browse({})).headers['content-type']).toBe('application/json');
  });

  it('shows the answer of the JSON renderer with its status and headers, not those of the page (D-302)', async () => {
    const { text } = await browse({ ...html, path: '/notes/?a=1&b=2' });
    expect(text).toContain('<h1>Note</h1>');
    expect(text).toContain('<p><b>GET</b> /notes/?a=1&amp;b=2</p>');
    expect(text).toContain(
      '<pre><b>HTTP 200 OK</b>\n<b>Allow:</b> <span>GET, DELETE, HEAD, OPTIONS</span>\n' +
        '<b>Content-Type:</b> <span>application/json</span>\n<b>Vary:</b> <span>Accept</span>\n',
    );
    expect(text).toContain('{\n    &quot;text&quot;:');
  });

  it('escapes all that it shows, and has neither script nor style', async () => {
    const { text } = await browse({ ...html, path: `/${encodeURI(evil)}?<img>` });
    expect(text).toContain('&lt;script&gt;alert(\\&quot;x\\&quot;)&lt;/script&gt;');
    expect(text).toContain('A &lt;b&gt;note&lt;/b&gt;.');
    expect(text).not.toMatch(/<(?:script|style|img|link)|\son\w+=|style=/i);
  });

  it('answers 204 as 200, so that the page is seen; the page tells 204 (D-302)', async () => {
    const answer = await browse({ ...html, method: 'DELETE' });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('<b>HTTP 204 No Content</b>');
    expect((await browse({ method: 'DELETE' })).status).toBe(204);
  });

  it('shows errors, and hides the description from those who may not see the view (D-302)', async () => {
    const refused = await browse(html, { permissionClasses: [IsAuthenticated] });
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toBe('Basic realm="api"');
    expect(refused.text).toContain('<b>HTTP 401 Unauthorized</b>');
    expect(refused.text).toContain('<b>WWW-Authenticate:</b> <span>Basic realm=&quot;api&quot;</span>');
    expect(refused.text).toContain('Authentication credentials were not provided.');
    expect(refused.text).not.toContain('note');
    const unknown = await browse({ ...html, method: 'POST' });
    expect([unknown.status, unknown.text.includes('A &lt;b&gt;note')]).toEqual([405, true]);
  });

  it('shows the first renderer that makes no page, else any other, else says that there is none', async () => {
    class Bytes extends BaseRenderer {
      readonly mediaType = 'application/octet-stream';
      readonly format = 'bin';
      override readonly charset = null;
      override readonly renderStyle = 'binary';
      render(): Uint8Array {
        return Buffer.from('12345');
      }
    }
    class Later extends BaseRenderer {
      readonly mediaType = 'text/plain';
      readonly format = 'txt';
      render(): Promise<Uint8Array> {
        return Promise.resolve(Buffer.from('<Zoë>'));
      }
    }
    const shown = async (...others: RendererClasses): Promise<string> => {
      const { text } = await browse(html, { rendererClasses: [BrowsableAPIRenderer, ...others] });
      return text.slice(text.indexOf('\n\n') + 2, text.indexOf('</pre>'));
    };
    expect(await shown(Bytes, JSONRenderer)).toBe('[5 bytes of binary content]');
    expect(await shown(StaticHTMLRenderer, Later)).toBe('&lt;Zoë&gt;');
    expect(await shown()).toBe('[No renderers were found]');
  });

  it('never shows a user whole either', async () => {
    class Me extends NoteView {
      override get(): Response {
        return new Response(this.request.user);
      }
    }
    expect((await call(Me.asView({ settings }), html)).status).toBe(500);
  });
});
