/** Percent-encoding of paths. */

const ESCAPES = /(?:%[0-9a-fA-F]{2})+/g;

/**
 * A path as it came on the wire (latin-1 characters, percent escapes) as text. What is no UTF-8 becomes U+FFFD, and a
 * lone `%` stays, as Django reads a path.
 */
export function decodePath(path: string): string {
  const plain = /[\u0080-\u00ff]/.test(path) ? Buffer.from(path, 'latin1').toString('utf8') : path;
  if (!plain.includes('%')) return plain;
  return plain.replace(ESCAPES, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
}

/** Text as part of a path: what RFC 3986 allows there stays as it is, the slash too. */
export function encodePath(text: string): string {
  return encodeURIComponent(text).replace(/%(?:2F|3A|40|24|26|2B|2C|3B|3D)/g, decodeURIComponent);
}

const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?]*\/?/i;

/** A request target without the origin of an absolute one (RFC 9112, 3.2.2). */
export function withoutOrigin(target: string): string {
  return target.startsWith('/') ? target : target.replace(ORIGIN, '/');
}

/** The path of a request target, without origin and query. */
export function pathOf(target: string): string {
  const whole = withoutOrigin(target);
  const mark = whole.indexOf('?');
  return mark < 0 ? whole : whole.slice(0, mark);
}
