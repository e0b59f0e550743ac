/** Text to bytes and back under the names that Python's codecs know, where `TextDecoder` would differ or fail. */

export type Charset = 'utf-8' | 'latin-1' | 'ascii' | 'utf-16' | 'utf-16-le' | 'utf-16-be' | { readonly label: string };

/**
 * The charset that a name means, or null for a name that nobody knows (DRF then ignores the parameter).
 * `iso-8859-1` maps every byte to itself here, as in Python; `TextDecoder` would take it for windows-1252.
 */
export function findCharset(name: string): Charset | null {
  const label = name.trim().toLowerCase().replaceAll('_', '-');
  switch (label) {
    case 'utf-8':
    case 'utf8':
    case 'u8':
      return 'utf-8';
    case 'iso-8859-1':
    case 'iso8859-1':
    case 'latin-1':
    case 'latin1':
    case 'l1':
      return 'latin-1';
    case 'ascii':
    case 'us-ascii':
    case '646':
      return 'ascii';
    case 'utf-16':
    case 'utf16':
      return 'utf-16';
    case 'utf-16-le':
    case 'utf-16le':
      return 'utf-16-le';
    case 'utf-16-be':
    case 'utf-16be':
      return 'utf-16-be';
    default:
      try {
        return { label: new TextDecoder(label, { fatal: true }).encoding };
      } catch {
        return null;
      }
  }
}

/** Why bytes are no text of their charset; the message names neither the bytes nor their place. */
export class UndecodableText extends Error {}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * @throws UndecodableText when the bytes are no text in this charset
 */
export function decodeBytes(bytes: Uint8Array, charset: Charset): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (charset === 'latin-1') return buffer.toString('latin1');
  if (charset === 'ascii') {
    if (buffer.some((byte) => byte > 0x7f)) throw new UndecodableText("'ascii' codec can't decode bytes");
    return buffer.toString('latin1');
  }
  try {
    if (charset === 'utf-8') return strictUtf8.decode(bytes);
    if (charset === 'utf-16') {
      // The byte order comes from the mark, which is dropped; without one Python takes the machine's, little-endian.
      const bigEndian = bytes[0] === 0xfe && bytes[1] === 0xff;
      return new TextDecoder(bigEndian ? 'utf-16be' : 'utf-16le', { fatal: true }).decode(bytes);
    }
    const label = typeof charset === 'string' ? charset.replace('16-', '16') : charset.label;
    return new TextDecoder(label, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    const name = typeof charset === 'string' ? charset : charset.label;
    throw new UndecodableText(`'${name}' codec can't decode bytes`, { cause });
  }
}

/**
 * Text as bytes for a `charset` of a renderer. UTF-8 stays text: the socket encodes it.
 * @throws Error when a character has no byte in that charset, or the charset can't be written
 */
export function encodeText(text: string, charset: string): string | Buffer {
  const known = findCharset(charset);
  if (known === 'utf-8') return text;
  if (known === 'latin-1' || known === 'ascii') {
    const highest = known === 'ascii' ? 0x7f : 0xff;
    for (let i = 0; i < text.length; i++) {
      if (text.charCodeAt(i) > highest) throw new Error(`'${charset}' codec can't encode a character of the answer`);
    }
    return Buffer.from(text, 'latin1');
  }
  if (known === 'utf-16-le') return Buffer.from(text, 'utf16le');
  if (known === 'utf-16') return Buffer.from(`\ufeff${text}`, 'utf16le');
  throw new Error(`a renderer can't write charset '${charset}'`);
}
