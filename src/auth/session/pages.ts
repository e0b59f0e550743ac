import { chain, type Awaitable } from '../../core/policy';
import { BaseRenderer, type RendererContext } from '../../core/renderers';
import { escapeHtml } from '../../core/view-names';
import { getToken } from './csrf';

/** A form to log in, and what is wrong with what was sent. */
export interface LoginForm {
  readonly username: string;
  /** Where to go afterwards; empty for the default. */
  readonly next: string;
  /** Texts by the name of a field; those of no field in particular under another name. */
  readonly errors: Readonly<Record<string, readonly string[]>>;
}

/** A view whose pages show a form. */
interface FormView {
  getForm?(errors: LoginForm['errors']): LoginForm;
}

/**
 * `text/html` for people who log in or out by hand: forms and texts without script and style. Override `renderPage` to
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
      return chain(getToken(request), (token) => this.renderPage('Log in', this.renderForm(form, token)));
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

  protected renderForm({ username, next, errors }: LoginForm, token: string): string {
    const { username: ofName = [], password: ofPassword = [], ...others } = errors;
    return [
      '<form method="post">',
      renderHidden('csrfmiddlewaretoken', token),
      next === '' ? '' : renderHidden('next', next),
      renderErrors(Object.values(others).flat()),
      '<p><label for="id_username">Username:</label>',
      `<input type="text" name="username" id="id_username" value="${escapeHtml(username)}"`,
      'autocapitalize="none" autocomplete="username" required autofocus></p>',
      renderErrors(ofName),
      '<p><label for="id_password">Password:</label>',
      '<input type="password" name="password" id="id_password" autocomplete="current-password" required></p>',
      renderErrors(ofPassword),
      '<p><input type="submit" value="Log in"></p>',
      '</form>',
    ]
      .filter((line) => line !== '')
      .join('\n');
  }

  /** The whole page. */
  protected renderPage(title: string, content: string): string {
    const name = escapeHtml(title);
    return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, noarchive">
<title>${name}</title>
</head>
<body>
<main>
<h1>${name}</h1>
${content}
</main>
</body>
</html>
`;
  }
}

/** The texts of a refusal; whatever else the exception handler of an app puts beside them is left out. */
function errorsOf(data: unknown): LoginForm['errors'] {
  const isText = (value: unknown): boolean => typeof value === 'string' || value instanceof String;
  const lists = Object.entries(data ?? {}).map(([name, value]) => [name, [value].flat().filter(isText).map(String)]);
  return Object.fromEntries(lists) as LoginForm['errors'];
}

function renderHidden(name: string, value: string): string {
  return `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`;
}

function renderErrors(errors: readonly string[]): string {
  return errors.length === 0 ? '' : `<ul>${errors.map((error) => `<li>${escapeHtml(error)}</li>`).join('')}</ul>`;
}
