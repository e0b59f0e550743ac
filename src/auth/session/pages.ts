import { escapeHtml, renderDocument } from '../../core/html';
import { chain, type Awaitable } from '../../core/policy';
import { BaseRenderer, type RendererContext } from '../../core/renderers';
import { getToken } from './csrf';

/** A field of a form. */
export interface SessionFormField {
  readonly name: string;
  readonly label: string;
  /** What the browser may fill in: a token of the HTML standard, such as `username` or `new-password`. */
  readonly autocomplete: string;
  /** What is shown in it; null for a password, which is never shown again. */
  readonly value: string | null;
  /** What to observe. */
  readonly help?: readonly string[];
}

/** A form, and what is wrong with what was sent. */
export interface SessionForm {
  /** The title of the page. */
  readonly title: string;
  /** What stands on the button. */
  readonly submit: string;
  readonly fields: readonly SessionFormField[];
  /** Where to go afterwards; empty for the default. */
  readonly next: string;
  /** Texts by the name of a field; those of no field in particular under another name. */
  readonly errors: Readonly<Record<string, readonly string[]>>;
}

/** A view whose pages show a form. */
interface FormView {
  getForm?(errors: SessionForm['errors']): SessionForm;
}

/**
 * `text/html` for people who log in or out or change their password by hand: forms and texts without script and style. Override `renderPage` to
 * give them the look of your site.
 */
export class SessionPageRenderer extends BaseRenderer {
  readonly mediaType: string = 'text/html';
  readonly format: string | null = 'html';

  render(data: unknown, _acceptedMediaType: string, context: RendererContext): Awaitable<string> {
    const { response, request, view } = context;
    const form = (view as FormView).getForm?.(response.status === 400 ? errorsOf(data) : {});
    if (form !== undefined && (!response.exception || response.status === 400)) {
      // The form once more is no error of the protocol to Django.
      response.status = 200;
      return chain(getToken(request), (token) => this.renderPage(form.title, this.renderForm(form, token)));
    }
    if (!response.exception) return this.renderPage('Logged out', '<p>You have been logged out.</p>');
    return this.renderFailure(data, context);
  }

  /** What is said in place of a form: that a token is missing, or that there were too many attempts. */
  protected renderFailure(data: unknown, { response }: RendererContext): string {
    const detail = (data as { readonly detail?: string } | null)?.detail?.toString() ?? '';
    const title = `${String(response.status)} ${response.statusText}`;
    const verdict = detail.startsWith('CSRF Failed: ') ? '<p>CSRF verification failed. Request aborted.</p>\n' : '';
    return this.renderPage(title, `${verdict}<p>${escapeHtml(detail)}</p>`);
  }

  protected renderForm({ fields, next, errors, submit }: SessionForm, token: string): string {
    const names = new Set(fields.map(({ name }) => name));
    const ofNoField = Object.entries(errors).flatMap(([name, texts]) => (names.has(name) ? [] : texts));
    return [
      '<form method="post">',
      renderHidden('csrfmiddlewaretoken', token),
      next === '' ? '' : renderHidden('next', next),
      renderList(ofNoField),
      ...fields.flatMap((field, i) => [...renderField(field, i === 0), renderList(errors[field.name] ?? [])]),
      `<p><input type="submit" value="${escapeHtml(submit)}"></p>`,
      '</form>',
    ]
      .filter((line) => line !== '')
      .join('\n');
  }

  /** The whole page. */
  protected renderPage(title: string, content: string): string {
    return renderDocument(title, content);
  }
}

/** The texts of a refusal; whatever else the exception handler of an app puts beside them is left out. */
function errorsOf(data: unknown): SessionForm['errors'] {
  const isText = (value: unknown): boolean => typeof value === 'string' || value instanceof String;
  const lists = Object.entries(data ?? {}).map(([name, value]) => [name, [value].flat().filter(isText).map(String)]);
  return Object.fromEntries(lists) as SessionForm['errors'];
}

function renderHidden(name: string, value: string): string {
  return `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`;
}

function renderField({ name, label, autocomplete, value, help = [] }: SessionFormField, isFirst: boolean): string[] {
  const id = `id_${name}`;
  const content =
    value === null
      ? `type="password" name="${name}" id="${id}"`
      : `type="text" name="${name}" id="${id}" value="${escapeHtml(value)}" autocapitalize="none"`;
  return [
    `<p><label for="${id}">${escapeHtml(label)}:</label>`,
    `<input ${content}`,
    `autocomplete="${autocomplete}" required${isFirst ? ' autofocus' : ''}></p>`,
    renderList(help),
  ];
}

function renderList(texts: readonly string[]): string {
  return texts.length === 0 ? '' : `<ul>${texts.map((text) => `<li>${escapeHtml(text)}</li>`).join('')}</ul>`;
}
