import { createHash, createHmac } from 'node:crypto';
import { deflateSync, inflateSync } from 'node:zlib';
import { PYTHON_STYLE, writeJSON } from '../http/json';
import { readJSON } from '../http/json-reader';
import { constantTimeEqual } from './compare';

/** Django's signed texts, byte for byte: what one side signs with a `SECRET_KEY` the other reads with the same. */

/** A text that nobody with the key has signed, or that was changed since. */
export class BadSignature extends Error {
  readonly code: string = 'bad_signature';
  override name = 'BadSignature';
}

/** A text that was signed too long ago. */
export class SignatureExpired extends BadSignature {
  override readonly code = 'signature_expired';
  override name = 'SignatureExpired';
}

/** Django's `SECRET_KEY`: a text, or bytes. */
export type SecretKey = string | Uint8Array;

/** What `saltedHmac` derives its key from. */
export interface HmacOptions {
  /** Django's `SECRET_KEY`. */
  readonly secret: SecretKey;
  /** A digest of OpenSSL. @default 'sha256' */
  readonly algorithm?: string;
}

/**
 * Django's `salted_hmac`, with SHA-256 by default: a key of its own is derived for each salt, so that a signature made
 * for one purpose is worth nothing for another.
 */
export function saltedHmac(salt: SecretKey, value: string, { secret, algorithm = 'sha256' }: HmacOptions): Buffer {
  return hmac(deriveKey(salt, secret, algorithm), value, algorithm);
}

function deriveKey(salt: SecretKey, secret: SecretKey, algorithm: string): Buffer {
  if (secret.length === 0) throw new RangeError('The secret key must not be empty.');
  return createHash(algorithm).update(salt).update(secret).digest();
}

function hmac(key: Buffer, value: string, algorithm: string): Buffer {
  return createHmac(algorithm, key).update(value, 'utf8').digest();
}

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A whole number in base 62: digits, capital letters, small letters. */
export function encodeBase62(value: number): string {
  let text = '';
  let rest = Math.abs(value);
  do {
    text = BASE62[rest % 62]! + text;
    rest = Math.floor(rest / 62);
  } while (rest > 0);
  return value < 0 ? `-${text}` : text;
}

/** The number of a text in base 62; NaN for any other text. */
export function decodeBase62(text: string): number {
  if (!/^-?[0-9A-Za-z]+$/.test(text)) return NaN;
  const negative = text.startsWith('-');
  let value = 0;
  for (const digit of negative ? text.slice(1) : text) value = value * 62 + BASE62.indexOf(digit);
  return negative ? -value : value;
}

/** How a `Signer` signs. */
export interface SignerOptions {
  /** What is signed with. */
  readonly key: SecretKey;
  /** Keys of before: what they signed is still read, and nothing new is signed with them. @default [] */
  readonly fallbackKeys?: readonly SecretKey[];
  /** What the signatures are for. @default Django's name of the class */
  readonly salt?: string | undefined;
  /** Stands between value and signature. @default ':' */
  readonly sep?: string;
  /** A digest of OpenSSL. @default 'sha256' */
  readonly algorithm?: string;
}

/** Writes a value as a text, and reads it: Django's `serializer`. */
export interface SigningSerializer {
  dumps(value: unknown): string;
  loads(text: string): unknown;
}

/** How a signed value becomes text. */
export interface SerializerOptions {
  /** @default JSON as Python writes and reads it; integers beyond 2^53 come as `bigint` */
  readonly serializer?: SigningSerializer;
}

/** How `signObject` and `dumps` write a value. */
export interface ObjectOptions extends SerializerOptions {
  /** Compress the text where that makes it shorter. @default false */
  readonly compress?: boolean;
}

/** How old a signature may be. */
export interface UnsignOptions {
  /** Seconds for which a signature counts; without it, for ever. */
  readonly maxAge?: number | undefined;
}

/** Signs texts: `value:signature`. */
export class Signer {
  protected readonly sep: string;
  readonly #algorithm: string;
  /** Derived once: the key that signs, then those that are read as well. */
  readonly #keys: readonly Buffer[];

  /** @throws RangeError when a key is empty, or a value might contain the separator without being told from it */
  constructor({ key, fallbackKeys = [], salt, sep = ':', algorithm = 'sha256' }: SignerOptions) {
    if (/^[A-z0-9-_=]*$/.test(sep)) {
      throw new RangeError(`Unsafe Signer separator: '${sep}' (cannot be empty or consist of only A-z0-9-_=)`);
    }
    this.sep = sep;
    this.#algorithm = algorithm;
    // Django takes an empty salt for none.
    const purpose = `${salt === undefined || salt === '' ? this.defaultSalt : salt}signer`;
    this.#keys = [key, ...fallbackKeys].map((secret) => deriveKey(purpose, secret, algorithm));
  }

  /** Django's salt for this class, its dotted path. */
  protected get defaultSalt(): string {
    return 'django.core.signing.Signer';
  }

  sign(value: string): string {
    return `${value}${this.sep}${this.#signature(value, this.#keys[0]!)}`;
  }

  /**
   * The value of a signed text.
   * @throws BadSignature
   */
  unsign(signed: string, _options?: UnsignOptions): string {
    const [value, signature] = this.split(signed);
    if (this.#keys.some((key) => constantTimeEqual(signature, this.#signature(value, key)))) return value;
    throw new BadSignature('The signature does not match.');
  }

  /** Signs a value as JSON in base64. */
  signObject(value: unknown, { compress = false, serializer = pythonJSON }: ObjectOptions = {}): string {
    const bytes = Buffer.from(serializer.dumps(value), 'utf8');
    if (compress) {
      const compressed = deflateSync(bytes);
      // The dot is signed too, so nobody can make us inflate what was not deflated here.
      if (compressed.length < bytes.length - 1) return this.sign(`.${compressed.toString('base64url')}`);
    }
    return this.sign(bytes.toString('base64url'));
  }

  /**
   * The value that `signObject` signed.
   * @throws BadSignature
   */
  unsignObject(signed: string, options: UnsignOptions & SerializerOptions = {}): unknown {
    const text = this.unsign(signed, options);
    const bytes = text.startsWith('.')
      ? inflateSync(Buffer.from(text.slice(1), 'base64url'))
      : Buffer.from(text, 'base64url');
    return (options.serializer ?? pythonJSON).loads(bytes.toString('utf8'));
  }

  /** What stands before and after the last separator. */
  protected split(text: string): readonly [before: string, after: string] {
    const at = text.lastIndexOf(this.sep);
    if (at < 0) throw new BadSignature(`No "${this.sep}" found in value`);
    return [text.slice(0, at), text.slice(at + this.sep.length)];
  }

  #signature(value: string, key: Buffer): string {
    return hmac(key, value, this.#algorithm).toString('base64url');
  }
}

/** How a `TimestampSigner` signs. */
export interface TimestampSignerOptions extends SignerOptions {
  /** The time, in milliseconds since 1970. */
  readonly clock: { now(): number };
}

/** Signs texts together with the time: `value:time:signature`. */
export class TimestampSigner extends Signer {
  readonly #clock: TimestampSignerOptions['clock'];

  constructor(options: TimestampSignerOptions) {
    super(options);
    this.#clock = options.clock;
  }

  protected override get defaultSalt(): string {
    return 'django.core.signing.TimestampSigner';
  }

  override sign(value: string): string {
    return super.sign(`${value}${this.sep}${encodeBase62(Math.floor(this.#clock.now() / 1000))}`);
  }

  /**
   * The value of a signed text.
   * @throws SignatureExpired when it is older than `maxAge` seconds
   * @throws BadSignature
   */
  override unsign(signed: string, { maxAge }: UnsignOptions = {}): string {
    const [value, time] = this.split(super.unsign(signed));
    const seconds = decodeBase62(time);
    if (Number.isNaN(seconds)) throw new BadSignature('The signature holds no time.');
    if (maxAge !== undefined && this.#clock.now() / 1000 - seconds > maxAge) {
      throw new SignatureExpired(`The signature is older than ${String(maxAge)} seconds.`);
    }
    return value;
  }
}

/** The salt of `dumps` and `loads` where none is given. */
const OBJECTS = 'django.core.signing';

/**
 * Django's `signing.dumps`: a value as signed JSON, fit for URLs.
 *
 * @example dumps({ user: 42 }, { key: secretKey, salt: 'invitation', clock: systemClock })
 */
export function dumps(value: unknown, options: TimestampSignerOptions & ObjectOptions): string {
  return new TimestampSigner({ ...options, salt: options.salt ?? OBJECTS }).signObject(value, options);
}

/**
 * The value that `dumps` signed.
 * @throws BadSignature, SignatureExpired
 */
export function loads(signed: string, options: TimestampSignerOptions & UnsignOptions & SerializerOptions): unknown {
  return new TimestampSigner({ ...options, salt: options.salt ?? OBJECTS }).unsignObject(signed, options);
}

/**
 * The signer of Django's signed cookies: `salt` is the cookie's name, followed by the salt that was given to
 * `set_signed_cookie`.
 */
export function getCookieSigner({ key, fallbackKeys = [], ...rest }: TimestampSignerOptions): TimestampSigner {
  const forCookies = (secret: SecretKey): Buffer => Buffer.concat(['django.http.cookies', secret].map(toBytes));
  return new TimestampSigner({ ...rest, key: forCookies(key), fallbackKeys: fallbackKeys.map(forCookies) });
}

const toBytes = (text: SecretKey): Uint8Array => (typeof text === 'string' ? Buffer.from(text, 'utf8') : text);

/** A long integer or a NaN that Python has written is written again as it was. */
const pythonJSON: SigningSerializer = {
  dumps: (value) => writeJSON(value, PYTHON_STYLE),
  loads: (text) => readJSON(text, false),
};
