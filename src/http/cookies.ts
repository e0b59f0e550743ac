/**
 * Cookies as Django reads and writes them. The usual packages differ where it shows: of two cookies with one name
 * Django takes the last, it undoes the octal escapes of Python's quoting, and it quotes what needs it.
 */

/**
 * The cookies of a request's `Cookie` header, by name.
 * @param header characters of the wire, one for each byte; their bytes are UTF-8
 */
export function parseCookies(header: string | undefined): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  if (header === undefined) return cookies;
  for (const part of Buffer.from(header, 'latin1').toString('utf8').split(';')) {
    const equals = part.indexOf('='); // without one, it is a value that has an empty name
    const name = part.slice(0, Math.max(equals, 0)).trim();
    const value = part.slice(equals + 1).trim();
    if (name !== '' || value !== '') cookies.set(name, unquote(value));
  }
  return cookies;
}

const ESCAPE = /\\(?:([0-3][0-7][0-7])|(.))/g;

function unquote(value: string): string {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return value;
  return value
    .slice(1, -1)
    .replace(ESCAPE, (_, octal: string | undefined, char: string) =>
      octal === undefined ? char : String.fromCharCode(Number.parseInt(octal, 8)),
    );
}

/** Which cookies a browser sends back, and where to. */
export type SameSite = 'Lax' | 'Strict' | 'None';

export interface CookieAttributes {
  readonly expires?: Date | undefined;
  /** Seconds. */
  readonly maxAge?: number | undefined;
  /** Null leaves it out; the browser then takes the folder of the page. @default '/' */
  readonly path?: string | null | undefined;
  /** Null: this host alone. @default null */
  readonly domain?: string | null | undefined;
  /** Over TLS only. @default false */
  readonly secure?: boolean | undefined;
  /** Hidden from scripts. @default false */
  readonly httpOnly?: boolean | undefined;
  /** @default null: what the browser does by itself */
  readonly sameSite?: SameSite | null | undefined;
}

const TOKEN = /^[\w!#$%&'*+\-.^`|~:]+$/;
const WITHIN_QUOTES = /^[\w!#$%&'*+\-.^`|~: ()/<=>?@[\]{}]$/;
// A semicolon would begin an attribute, a line end a header.
const ATTRIBUTE = /^[\x20-\x3a\x3c-\x7e]*$/;

/**
 * The value of a `Set-Cookie` header, with its parts in Django's order.
 * @throws RangeError for a name, value or attribute that has no place in a header
 */
export function serializeCookie(name: string, value: string, attributes: CookieAttributes = {}): string {
  const { expires, maxAge, path = '/', domain, secure, httpOnly, sameSite } = attributes;
  if (!TOKEN.test(name)) throw new RangeError(`Illegal name of a cookie: ${JSON.stringify(name)}`);
  return [
    `${name}=${quote(value)}`,
    attribute('Domain', domain),
    attribute('expires', expires?.toUTCString()),
    httpOnly === true ? 'HttpOnly' : '',
    attribute('Max-Age', maxAge === undefined ? null : String(Math.trunc(maxAge))),
    attribute('Path', path),
    attribute('SameSite', sameSite),
    secure === true ? 'Secure' : '',
  ]
    .filter((part) => part !== '')
    .join('; ');
}

function quote(value: string): string {
  if (TOKEN.test(value)) return value;
  return `"${Array.from(value, escapeChar).join('')}"`;
}

function escapeChar(char: string): string {
  if (WITHIN_QUOTES.test(char)) return char;
  if (char === '"' || char === '\\') return `\\${char}`;
  const code = char.codePointAt(0)!;
  if (code > 0xff) throw new RangeError('The value of a cookie must not hold characters beyond U+00FF.');
  return `\\${code.toString(8).padStart(3, '0')}`;
}

function attribute(name: string, value: string | null | undefined): string {
  if (value === null || value === undefined) return '';
  if (!ATTRIBUTE.test(value)) throw new RangeError(`Illegal ${name} of a cookie: ${JSON.stringify(value)}`);
  return `${name}=${value}`;
}

/** How long a cookie lives from now on, in both words that browsers know. */
export function livesFor(seconds: number, now: number): Pick<CookieAttributes, 'maxAge' | 'expires'> {
  return { maxAge: seconds, expires: new Date(now + seconds * 1000) };
}

/** The value of a `Set-Cookie` header that makes the browser forget a cookie. */
export function deletionCookie(
  name: string,
  { path, domain, sameSite }: Pick<CookieAttributes, 'path' | 'domain' | 'sameSite'> = {},
): string {
  // Browsers don't believe such cookies without it.
  const secure = /^__(?:Secure|Host)-/.test(name) || sameSite === 'None';
  return serializeCookie(name, '', { ...livesFor(0, 0), path, domain, sameSite, secure });
}
