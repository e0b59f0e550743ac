/** Where a site may send a browser that brought the address along (`?next=`): nowhere but to itself. */

/** The site as the client addressed it. */
export interface RedirectOrigin {
  /** Host, and port where there is one. */
  readonly host: string;
  /** Then only https will do. */
  readonly secure: boolean;
}

const MAX_LENGTH = 2048;
const CONTROL = /^[\p{C}]/u;

/** Scheme and authority as Python's `urlsplit` finds them: neither is decoded, and empty means that it isn't there. */
function splitUrl(url: string): { readonly scheme: string; readonly netloc: string } {
  const [, scheme = '', rest = ''] = /^(?:([a-z][a-z0-9+.-]*):)?([^]*)$/i.exec(url)!;
  return { scheme: scheme.toLowerCase(), netloc: /^\/\/([^/?#]*)/.exec(rest)?.[1] ?? '' };
}

/** Django's rule (`url_has_allowed_host_and_scheme`) for one reading of the URL. */
function staysOnSite(url: string, { host, secure }: RedirectOrigin): boolean {
  // Browsers take any number of slashes for two.
  if (url.startsWith('///') || CONTROL.test(url)) return false;
  const { scheme, netloc } = splitUrl(url);
  if (netloc === '') return scheme === '';
  const wanted = scheme === '' ? 'http' : scheme;
  return netloc === host && (wanted === 'https' || (wanted === 'http' && !secure));
}

/** What a browser makes of it, by the URL standard that it follows. */
function leadsToSite(location: string, { host, secure }: RedirectOrigin): boolean {
  const site = `${secure ? 'https' : 'http'}://${host}`;
  if (!URL.canParse(location, `${site}/a/b`)) return false;
  const target = new URL(location, `${site}/a/b`);
  const schemes = secure ? ['https:'] : ['http:', 'https:'];
  return target.host === new URL(site).host && schemes.includes(target.protocol);
}

/**
 * Whether a redirect to this address stays on the site: by Django's rule, and also by what browsers do. An empty one
 * doesn't.
 */
export function isSafeRedirect(url: string, origin: RedirectOrigin): boolean {
  const text = url.trim();
  if (text === '' || text.length > MAX_LENGTH) return false;
  // To browsers a backslash is a slash.
  if (![text, text.replaceAll('\\', '/')].every((reading) => staysOnSite(reading, origin))) return false;
  return [text, toLocation(url)].every((reading) => leadsToSite(reading, origin));
}

/** An address for the header `Location`: what has no place in a URI is percent-encoded, escapes stay as they are. */
export function toLocation(url: string): string {
  // Through bytes, for half a surrogate pair has no encoding.
  return encodeURI(Buffer.from(url, 'utf8').toString('utf8')).replace(/%(?:25|5B|5D)/g, decodeURIComponent);
}
