/** Media types as DRF compares them (`rest_framework/utils/mediatypes.py`): parameters count, `q` never does. */

export interface MediaType {
  readonly full: string;
  readonly mainType: string;
  readonly subType: string;
  /** Parameters with lower-case names, `q` included, in the order in which they came. */
  readonly params: ReadonlyMap<string, string>;
  /** 3: parameters other than `q`, 2: type and subtype, 1: `type/*`, 0: `*` + `/*`. */
  readonly precedence: 0 | 1 | 2 | 3;
}

const LIMIT = 512;
const memo = new Map<string, MediaType>();

/** Parses a media type or an entry of `Accept`. A text without a slash has an empty subtype and matches nothing. */
export function parseMediaType(text: string): MediaType {
  const known = memo.get(text);
  if (known !== undefined) return known;
  const parsed = parse(text);
  if (memo.size >= LIMIT) memo.clear(); // clients choose these texts: the memo must not grow with them
  if (text.length <= 256) memo.set(text, parsed);
  return parsed;
}

function parse(full: string): MediaType {
  const parts = splitOutsideQuotes(full, ';');
  const type = (parts[0] ?? '').trim().toLowerCase();
  const slash = type.indexOf('/');
  const mainType = slash < 0 ? type : type.slice(0, slash);
  const subType = slash < 0 ? '' : type.slice(slash + 1);
  const params = new Map<string, string>();
  for (let i = 1; i < parts.length; i++) {
    const part = parts[i]!;
    const eq = part.indexOf('=');
    if (eq < 0) continue;
    params.set(part.slice(0, eq).trim().toLowerCase(), unquote(part.slice(eq + 1).trim()));
  }
  const significant = params.size - (params.has('q') ? 1 : 0);
  const precedence = mainType === '*' ? 0 : subType === '*' ? 1 : significant === 0 ? 2 : 3;
  return { full, mainType, subType, params, precedence };
}

function unquote(value: string): string {
  if (value.length >= 2 && value.startsWith('"') && value.endsWith('"')) {
    return value.slice(1, -1).replace(/\\(.)/g, '$1');
  }
  return value;
}

/** Splits at `separator` where it does not stand inside a quoted string. */
export function splitOutsideQuotes(text: string, separator: string): string[] {
  if (!text.includes('"')) return text.split(separator);
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (quoted && char === '\\') i++;
    else if (char === '"') quoted = !quoted;
    else if (char === separator && !quoted) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/**
 * Whether `left` (what a renderer or parser declares) is satisfied by `right` (what the client sent): each parameter
 * of `left` but `q` must stand in `right` with the same value; `*` on either side matches.
 */
export function mediaTypeMatches(left: MediaType, right: MediaType): boolean {
  for (const [name, value] of left.params) {
    if (name !== 'q' && right.params.get(name) !== value) return false;
  }
  if (left.subType !== '*' && right.subType !== '*' && left.subType !== right.subType) return false;
  return left.mainType === '*' || right.mainType === '*' || left.mainType === right.mainType;
}
