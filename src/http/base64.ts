/**
 * Base64 decoding as Python's `base64.b64decode` does it without `validate` (the way DRF reads Basic credentials).
 * Node's own decoder never fails, takes the URL alphabet and does not ask for padding, so it accepts other headers.
 */

const VALUES = new Int8Array(256).fill(-1);
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
for (let i = 0; i < ALPHABET.length; i++) VALUES[ALPHABET.charCodeAt(i)] = i;
const PAD = 0x3d;

/**
 * Decodes `text` (latin-1 characters).
 *
 * Characters outside the standard alphabet are skipped, `=` before the second data character of a group is skipped,
 * and everything after a complete padding is ignored.
 *
 * @returns the bytes, or null where Python raises: missing padding, or a lone character at the end.
 */
// eslint-disable-next-line complexity -- one state machine, the same as Python's
export function decodeBase64(text: string): Buffer | null {
  const out = Buffer.allocUnsafe(Math.ceil((text.length * 3) / 4));
  let length = 0;
  let quad = 0;
  let pads = 0;
  let left = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === PAD) {
      if (quad >= 2 && quad + ++pads >= 4) return out.subarray(0, length);
      continue;
    }
    const value = code < 256 ? VALUES[code]! : -1;
    if (value < 0) continue;
    pads = 0;
    if (quad === 0) {
      left = value;
      quad = 1;
    } else if (quad === 1) {
      out[length++] = (left << 2) | (value >> 4);
      left = value & 0x0f;
      quad = 2;
    } else if (quad === 2) {
      out[length++] = (left << 4) | (value >> 2);
      left = value & 0x03;
      quad = 3;
    } else {
      out[length++] = (left << 6) | value;
      left = 0;
      quad = 0;
    }
  }
  return quad === 0 ? out.subarray(0, length) : null;
}
