import { QueryDict } from '../../http/query';

/** The username in a body, as the serializer reads it; null where it finds none. */
export function readUsername(body: unknown): string | null {
  const data = plain(body);
  const name = typeof data === 'object' && data !== null ? readText(fieldOf(data, 'username'), true) : null;
  return typeof name === 'string' ? name : null;
}

/** A form as the mapping that JSON would be. */
export function plain(data: unknown): unknown {
  return data instanceof QueryDict ? data.toJSON() : data;
}

/** A field of a mapping, and nothing that every object has. */
export function fieldOf(data: object, name: string): unknown {
  return Object.hasOwn(data, name) ? (data as Record<string, unknown>)[name] : undefined;
}

/** Why a text is refused. */
export type Failures = readonly (readonly [message: string, code: string])[];

/** A text field as DRF's `CharField` reads it: numbers become text, booleans and structures don't. */
export function readText(value: unknown, trim: boolean): string | Failures {
  if (value === undefined) return [['This field is required.', 'required']];
  if (value === null) return [['This field may not be null.', 'null']];
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint')
    return [['Not a valid string.', 'invalid']];
  const text = trim ? String(value).trim() : String(value);
  if (text === '') return [['This field may not be blank.', 'blank']];
  const failures = forbiddenCharacters(text);
  return failures.length === 0 ? text : failures;
}

function forbiddenCharacters(text: string): Failures {
  const failures: [string, string][] = [];
  if (text.includes('\0')) failures.push(['Null characters are not allowed.', 'null_characters_not_allowed']);
  const surrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.exec(text);
  if (surrogate !== null) {
    const point = surrogate[0].charCodeAt(0).toString(16).toUpperCase();
    failures.push([`Surrogate characters are not allowed: U+${point}.`, 'surrogate_characters_not_allowed']);
  }
  return failures;
}
