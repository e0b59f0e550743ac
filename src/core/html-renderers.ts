import { ImproperlyConfigured } from './exceptions';
import { escapeHtml, renderDocument } from './html';
import { chain, type Awaitable } from './policy';
import { BaseRenderer, type Renderer, type RendererContext } from './renderers';
import type { Request } from './request';
import type { Response } from './response';
import type { APIView } from './views';

/** What a template is filled in with. */
export type TemplateContext = Readonly<Record<string, unknown>>;

/**
 * Fills in the template of this name, or gives null when there is none.
 *
 * @example
 * const templateEngine: TemplateEngine = (name, context) => {
 *   const file = join('templates', name);
 *   return existsSync(file) ? ejs.renderFile(file, context) : null;
 * };
 */
export type TemplateEngine = (name: string, context: TemplateContext, request: Request) => Awaitable<string | null>;

/** A view that says which template its answers have: by a static `templateName`, or by `getTemplateNames()`. */
interface TemplateView {
  getTemplateNames?(): readonly string[];
  readonly constructor: { readonly templateName?: string | null };
}

/**
 * `text/html` from a template, by the setting `templateEngine`. The template is that of the response, else that of the
 * renderer, else that of the view. Errors have templates of their own, and are a plain text where there are none.
 */
export class TemplateHTMLRenderer extends BaseRenderer {
  readonly mediaType: string = 'text/html';
  readonly format: string | null = 'html';
  readonly templateName: string | null = null;
  /** Templates of errors, the first that exists; `{status_code}` stands for the code. */
  readonly exceptionTemplateNames: readonly string[] = ['{status_code}.html', 'api_exception.html'];

  /** @throws ImproperlyConfigured without a template, or without an engine */
  render(data: unknown, _acceptedMediaType: string, context: RendererContext): Awaitable<string | Uint8Array | null> {
    if (context.response.exception) return this.renderException(data, context);
    const names = this.getTemplateNames(context.response, context.view);
    return chain(this.renderFirst(names, data, context), (html) => {
      if (html !== null) return html;
      throw new ImproperlyConfigured(
        this.settings.templateEngine === null
          ? `${this.constructor.name} needs a template engine: defineSettings({ templateEngine: (name, context) => … }).`
          : `The template engine knows none of these templates: ${names.join(', ')}.`,
      );
    });
  }

  /** The template names of an answer that is no error. */
  getTemplateNames(response: Response, view: APIView): readonly string[] {
    if (response.templateName !== null) return [response.templateName];
    if (this.templateName !== null) return [this.templateName];
    const templates = view as unknown as TemplateView;
    if (templates.getTemplateNames !== undefined) return templates.getTemplateNames();
    const { templateName } = templates.constructor;
    if (typeof templateName === 'string') return [templateName];
    throw new ImproperlyConfigured(
      'Returned a template response with no `templateName` attribute set on either the view or response',
    );
  }

  /** What the template sees: the data, or the list of a validation error as `details`; of errors the `status_code`. */
  getTemplateContext(data: unknown, { response }: RendererContext): TemplateContext {
    if (Array.isArray(data)) return { details: data, status_code: response.status };
    if (typeof data !== 'object') throw new TypeError(`A template is filled in with an object, not a ${typeof data}.`);
    return response.exception ? { ...data, status_code: response.status } : { ...data };
  }

  protected renderException(data: unknown, context: RendererContext): Awaitable<string> {
    const { status, statusText } = context.response;
    const names = this.exceptionTemplateNames.map((name) => name.replace('{status_code}', String(status)));
    return chain(
      this.renderFirst(names, data, context),
      (html) => html ?? `${String(status)} ${titleCase(statusText)}`,
    );
  }

  /** The first of the templates that exists, filled in; null when there is none. */
  private async renderFirst(names: readonly string[], data: unknown, context: RendererContext): Promise<string | null> {
    const { templateEngine } = this.settings;
    if (templateEngine === null) return null;
    const values = this.getTemplateContext(data, context);
    for (const name of names) {
      const html = await templateEngine(name, values, context.request);
      if (html !== null) return html;
    }
    return null;
  }
}

function titleCase(phrase: string): string {
  return phrase.replace(/[a-z]+/gi, (word) => word[0]!.toUpperCase() + word.slice(1).toLowerCase());
}

/** `text/html` that the view has ready: its data is the page. Errors are rendered as `TemplateHTMLRenderer` does. */
export class StaticHTMLRenderer extends TemplateHTMLRenderer {
  /** @throws TypeError when the data is neither a text nor bytes */
  override render(
    data: unknown,
    _acceptedMediaType: string,
    context: RendererContext,
  ): Awaitable<string | Uint8Array | null> {
    if (context.response.exception) return this.renderException(data, context);
    if (data === null || typeof data === 'string' || data instanceof Uint8Array) return data;
    throw new TypeError('StaticHTMLRenderer sends ready HTML: answer with a text.');
  }
}

/**
 * `text/html` for people who look at the API in a browser: what another renderer of the view would have answered, its
 * status and headers, with the name and description of the view. The page has no script and no style of its own, so
 * that any Content-Security-Policy lets it through.
 */
export class BrowsableAPIRenderer extends BaseRenderer {
  readonly mediaType: string = 'text/html';
  readonly format: string | null = 'api';

  render(data: unknown, _acceptedMediaType: string, context: RendererContext): Awaitable<string> {
    const { response, view } = context;
    const renderer = this.getDefaultRenderer(view);
    return chain(this.getContent(renderer, data, context), (content) => {
      const page = this.renderPage(content, renderer, context);
      // A browser shows nothing for 204; the page itself still tells it.
      if (response.status === 204) response.status = 200;
      return page;
    });
  }

  /** The renderer whose answer is shown: the first that makes no page for people, else the first other one. */
  getDefaultRenderer(view: APIView): Renderer | null {
    const others = view.getRenderers().filter((renderer) => !(renderer instanceof BrowsableAPIRenderer));
    return others.find((renderer) => !('getTemplateNames' in renderer)) ?? others[0] ?? null;
  }

  /** The answer of that renderer as text. */
  getContent(renderer: Renderer | null, data: unknown, context: RendererContext): Awaitable<string> {
    if (renderer === null) return '[No renderers were found]';
    const mediaType = context.request.acceptedMediaType ?? renderer.mediaType;
    return chain(renderer.render(data, mediaType, { ...context, indent: 4 }), (content) => {
      if (renderer.renderStyle === 'binary') return `[${String(content?.length ?? 0)} bytes of binary content]`;
      return typeof content === 'string' ? content : Buffer.from(content ?? []).toString('utf8');
    });
  }

  /** The headers of the answer as that renderer would have sent it, by name. */
  getResponseHeaders(
    renderer: Renderer | null,
    response: Response,
  ): readonly (readonly [name: string, value: string])[] {
    const headers = new Map([...response.headers].map(([name, value]) => [name, String(value)]));
    if (renderer !== null) {
      const { mediaType, charset } = renderer;
      headers.set('Content-Type', charset === null ? mediaType : `${mediaType}; charset=${charset}`);
    }
    return [...headers].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** The description as HTML; none for those who may not see the view. */
  getDescription(view: APIView, status: number): string {
    return status === 401 || status === 403 ? '' : view.getViewDescription(true);
  }

  /** The whole page. */
  protected renderPage(content: string, renderer: Renderer | null, context: RendererContext): string {
    const { request, response, view } = context;
    const headers = this.getResponseHeaders(renderer, response)
      .map(([header, value]) => `<b>${escapeHtml(header)}:</b> <span>${escapeHtml(value)}</span>\n`)
      .join('');
    return renderDocument(
      view.getViewName(),
      `${this.getDescription(view, response.status)}
<p><b>${escapeHtml(request.method)}</b> ${escapeHtml(request.getFullPath())}</p>
<pre><b>HTTP ${String(response.status)} ${escapeHtml(response.statusText)}</b>
${headers}
${escapeHtml(content)}</pre>`,
    );
  }
}
