/** Text to bytes and back under the names that Python's codecs know, where `TextDecoder` would differ or fail. */

/** A charset that can be read: the name that errors show, and how. */
export interface Charset {
  readonly name: string;
  /** @throws UndecodableText, or what `TextDecoder` throws */
  readonly decode: (bytes: Uint8Array) => string;
}

/** Bytes are no text of their charset; the message names neither the bytes nor their place. */
export class UndecodableText extends Error {}

const asLatin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

function byDecoder(name: string, label: string): Charset {
  const decoder = new TextDecoder(label, { fatal: true, ignoreBOM: true });
  return { name, decode: (bytes) => decoder.decode(bytes) };
}

export const UTF_8 = byDecoder('utf-8', 'utf-8');
/** Every byte is the character of its number, as in Python; `TextDecoder` takes this name for windows-1252. */
export const LATIN_1: Charset = { name: 'latin-1', decode: asLatin1 };
const ASCII: Charset = {
  name: 'ascii',
  decode(bytes) {
    if (bytes.some((byte) => byte > 0x7f)) throw new UndecodableText('a byte outside ASCII');
    return asLatin1(bytes);
  },
};
const UTF_16: Charset = {
  name: 'utf-16',
  decode(bytes) {
    // The byte order comes from the mark, which is dropped; without one Python takes the machine's, little-endian.
    const bigEndian = bytes[0] === 0xfe && bytes[1] === 0xff;
    return new TextDecoder(bigEndian ? 'utf-16be' : 'utf-16le', { fatal: true }).decode(bytes);
  },
};

/** Names for which Python and `TextDecoder` don't mean the same. */
const KNOWN = new Map<string, Charset>([
  ...['utf-8', 'utf8', 'u8'].map((name) => [name, UTF_8] as const),
  ...['iso-8859-1', 'iso8859-1', 'latin-1', 'latin1', 'l1'].map((name) => [name, LATIN_1] as const),
  ...['ascii', 'us-ascii', '646'].map((name) => [name, ASCII] as const),
  ...['utf-16', 'utf16'].map((name) => [name, UTF_16] as const),
  ['utf-16-le', byDecoder('utf-16-le', 'utf-16le')],
  ['utf-16-be', byDecoder('utf-16-be', 'utf-16be')],
]);

/** The charset that a name means, or null for a name that nobody knows (DRF then ignores the parameter). */
export function findCharset(name: string): Charset | null {
  const label = name.trim().toLowerCase().replaceAll('_', '-');
  const known = KNOWN.get(label);
  if (known !== undefined) return known;
  try {
    return byDecoder(label, label);
  } catch {
    return null;
  }
}

/**
 * @throws UndecodableText when the bytes are no text in this charset
 */
export function decodeBytes(bytes: Uint8Array, charset: Charset): string {
  try {
    return charset.decode(bytes);
  } catch (cause) {
    throw new UndecodableText(`'${charset.name}' codec can't decode bytes`, { cause });
  }
}

/**
 * Text as bytes for a `charset` of a renderer. UTF-8 stays text: the socket encodes it.
 * @throws Error when a character has no byte in that charset, or the charset can't be written
 */
export function encodeText(text: string, charset: string): string | Buffer {
  const known = findCharset(charset);
  if (known === UTF_8) return text;
  if (known === UTF_16) return Buffer.from(`\ufeff${text}`, 'utf16le');
  if (known === LATIN_1 || known === ASCII) {
    const highest = known === ASCII ? 0x7f : 0xff;
    for (let i = 0; i < text.length; i++) {
      if (text.charCodeAt(i) > highest) throw new Error(`'${charset}' codec can't encode a character of the answer`);
    }
    return Buffer.from(text, 'latin1');
  }
  throw new Error(`A renderer can't write charset '${charset}': utf-8, utf-16, iso-8859-1 and ascii are there.`);
}
