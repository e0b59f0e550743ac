/** The text in multipart bodies: boundaries, the headers of parts, file names (RFC 7578, read as Django reads it). */

import { extname } from 'node:path';
import { decodeBase64 } from './base64';
import { findCharset, type Charset } from './charset';
import { parseMediaType, splitOutsideQuotes } from './media-types';

const BOUNDARY = /^[ -~]{0,200}[!-~]$/;

/** The boundary that a content type names; null when there is none, or none that may be one. */
export function boundaryOf(contentType: string): string | null {
  const boundary = parseMediaType(contentType).params.get('boundary');
  return boundary !== undefined && BOUNDARY.test(boundary) ? boundary : null;
}

/** The headers of a part by lower-case name, as latin-1 characters. */
export type PartHeaders = Readonly<Record<string, readonly string[]>>;

/** What the headers of a part say. */
export interface PartDescription {
  readonly name: string;
  readonly isFile: boolean;
  /** The cleaned name of a file; null when nothing usable is left of it. */
  readonly fileName: string | null;
  /** Lower case, without parameters; empty when the part has none. */
  readonly contentType: string;
  readonly isBase64: boolean;
}

/** Reads the headers of a part; null for a part without a name, which forms don't have. */
export function describePart(headers: PartHeaders, charset: Charset): PartDescription | null {
  const disposition = headers['content-disposition']?.[0] ?? '';
  const name = dispositionParameter(disposition, 'name', charset);
  if (name === null) return null;
  // An upload input that was left empty sends an empty name; then the part is a field.
  const fileName = dispositionParameter(disposition, 'filename', charset) ?? '';
  return {
    name: name.trim(),
    isFile: fileName !== '',
    fileName: cleanFileName(fileName),
    contentType: bareValue(headers['content-type']),
    isBase64: bareValue(headers['content-transfer-encoding']) === 'base64',
  };
}

function bareValue(values: readonly string[] | undefined): string {
  return (values?.[0] ?? '').split(';', 1)[0]!.trim().toLowerCase();
}

/**
 * A parameter of a `Content-Disposition`. The extended form, which names its charset (`filename*`, RFC 2231), goes
 * before the plain one.
 *
 * @param charset of the plain form
 */
export function dispositionParameter(disposition: string, name: string, charset: Charset): string | null {
  let plain: string | null = null;
  let extended: string | null = null;
  for (const part of splitOutsideQuotes(disposition, ';').slice(1)) {
    const eq = part.indexOf('=');
    const key = part.slice(0, Math.max(eq, 0)).trim().toLowerCase();
    if (key === name) plain = decodeLoosely(Buffer.from(unquote(part.slice(eq + 1).trim()), 'latin1'), charset);
    else if (key === `${name}*`) extended = decodeExtended(unquote(part.slice(eq + 1).trim()));
  }
  return extended ?? plain;
}

/** Only `\"` and `\\` are escapes: old browsers send whole paths, with backslashes as they are. */
function unquote(value: string): string {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return value;
  return value.slice(1, -1).replace(/\\([\\"])/g, '$1');
}

/** `utf-8''na%C3%AFve.txt`; null when nobody knows the charset. */
function decodeExtended(value: string): string | null {
  const parts = value.split("'");
  if (parts.length !== 3) return value;
  const charset = findCharset(parts[0]!);
  if (charset === null) return null;
  return parts[2]!.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) =>
    decodeLoosely(Buffer.from(run.replaceAll('%', ''), 'hex'), charset),
  );
}

/** Text from bytes that may be no text in their charset: then it is UTF-8, with U+FFFD for what is not. */
export function decodeLoosely(bytes: Buffer, charset: Charset): string {
  try {
    return charset.decode(bytes);
  } catch {
    return bytes.toString('utf8');
  }
}

const LONGEST_NAME = 255;
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

/**
 * The file name without folders, of either kind of system, and without what can't be printed, 255 characters at most.
 * It stays the client's word: never make a path of it.
 */
export function cleanFileName(name: string): string | null {
  const bare = decodeReferences(name).split(/[/\\]/).at(-1)!.replace(UNPRINTABLE, '');
  if (bare === '' || bare === '.' || bare === '..') return null;
  if (bare.length <= LONGEST_NAME) return bare;
  const extension = extname(bare).slice(0, LONGEST_NAME);
  return bare.slice(0, LONGEST_NAME - extension.length) + extension;
}

/** Browsers write characters that the charset of the page lacks as `&#8364;`. */
function decodeReferences(name: string): string {
  return name.replace(/&#(\d{1,7});/g, (reference, digits: string) => {
    const code = Number(digits);
    return code > 0x10ffff ? reference : String.fromCodePoint(code);
  });
}

/** Text that calls itself base64 and is not. */
export class InvalidBase64 extends Error {}

/** Decodes base64 as it comes, in pieces that are cut anywhere. */
export class Base64Decoder {
  #rest = '';

  /** @throws InvalidBase64 */
  push(chunk: Buffer): Buffer {
    const text = this.#rest + chunk.toString('latin1').replace(/[ \t\r\n\v\f]+/g, '');
    const whole = text.length - (text.length % 4);
    this.#rest = text.slice(whole);
    return decode(text.slice(0, whole));
  }

  /** @throws InvalidBase64 when the last group is not complete */
  end(): void {
    if (this.#rest !== '') throw new InvalidBase64('the base64 text ends within a group');
  }
}

function decode(text: string): Buffer {
  const bytes = decodeBase64(text);
  if (bytes === null) throw new InvalidBase64('the text is no base64');
  return bytes;
}
