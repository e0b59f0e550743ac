/** Percent-encoding of paths. */

/**
 * What is UTF-8 among latin-1 characters, but for ASCII, and single bytes that are not (The Unicode Standard, table 3-7).
 */
const SEQUENCES =
  /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x80-\xff]/g;

/**
 * A path as it came on the wire (latin-1 characters, percent escapes) as text. As Django reads a path, a byte that is no
 * UTF-8 is written as its escape, so that no two paths become one, and a lone `%` stays.
 */
export function decodePath(path: string): string {
  if (!/[%\x80-\xff]/.test(path)) return path;
  const bytes = path.replace(/%([0-9a-fA-F]{2})/g, (_escape, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return bytes.replace(SEQUENCES, (sequence) =>
    sequence.length === 1
      ? `%${sequence.charCodeAt(0).toString(16).toUpperCase()}`
      : Buffer.from(sequence, 'latin1').toString('utf8'),
  );
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
