import { escapeHtml } from './html';
import type { APIView } from './views';

/** `my_func view` to `My_Func View`: a capital after what is no letter, small letters elsewhere (Python's `str.title`). */
function titleCase(text: string): string {
  return text.replace(/\p{L}+/gu, (word) => {
    const [first = '', ...rest] = word;
    return first.toUpperCase() + rest.join('').toLowerCase();
  });
}

function withoutEnd(text: string, end: string): string {
  return text.endsWith(end) && text !== end ? text.slice(0, -end.length) : text;
}

/** `UserListView` to `User List`: the default of the setting `viewNameFunction`. */
export function getViewName(view: APIView): string {
  const { viewName, viewSuffix } = view.policies;
  if (viewName !== null) return viewName;
  const bare = withoutEnd(withoutEnd(view.policies.className, 'View'), 'ViewSet');
  const spaced = bare.replace(/(?<=[a-z])[A-Z]|[A-Z](?![A-Z]|$)/g, ' $&').trim();
  const name = titleCase(spaced.replaceAll('_', ' '));
  return viewSuffix === null || viewSuffix === '' ? name : `${name} ${viewSuffix}`;
}

/** The static `description` of the view without its margin: the default of the setting `viewDescriptionFunction`. */
export function getViewDescription(view: APIView, html = false): string {
  const text = dedent(view.policies.description ?? '');
  return html ? paragraph(text) : text;
}

/** Takes off the blanks (or tabs) that all lines but the first begin with, and blanks at both ends. */
export function dedent(text: string): string {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const margins = lines
    .slice(1)
    .filter((line) => line.trim() !== '')
    .map((line) => /^(?: +|\t+)?/.exec(line)![0].length);
  const margin = margins.length === 0 ? 0 : Math.min(...margins);
  return [lines[0], ...lines.slice(1).map((line) => line.slice(margin))].join('\n').trim();
}

function paragraph(text: string): string {
  return `<p>${escapeHtml(text).replaceAll('\n', '<br>')}</p>`;
}
