import { isUtf8 } from 'node:buffer';
import { constantTimeEqual } from '../../crypto/compare';
import { saltedHmac, type SecretKey } from '../../crypto/signing';
import { decodeBase64 } from '../../http/base64';
import { secretsOf } from '../secrets';
import type { Settings } from '../settings';
import { localTime } from '../time-zone';

/** What a token depends on. */
export interface ResettableUser {
  readonly pk: unknown;
  /** The stored hash. */
  readonly password: string;
  readonly lastLogin?: Date | null;
}

/** Where Django's time begins: 2001-01-01. */
const EPOCH = Date.UTC(2001, 0, 1) / 1000;
/** Ten digits in base 36 are less than 2^53, and more than any clock shows. */
const TOKEN = /^([0-9a-z]{1,10})-([0-9a-f]+)$/;

/**
 * Django's tokens for links that reset a password, byte for byte: what one side makes the other takes. A token is good
 * for `passwordResetTimeout` seconds, and ends with a new password, a new address or a log in; nothing is stored for it.
 *
 * Subclass it with another `keySalt` for tokens with another purpose, such as the activation of an account, and with
 * another `makeHashValue` for tokens that end with something else.
 *
 * @example
 * const tokens = new PasswordResetTokenGenerator(request.settings);
 * const link = `https://example.com/reset/${encodeUid(user.pk)}/${tokens.makeToken(user)}/`;
 */
export class PasswordResetTokenGenerator<U extends ResettableUser = ResettableUser> {
  /** What the signatures are for. */
  readonly keySalt: string = 'django.contrib.auth.tokens.PasswordResetTokenGenerator';
  protected readonly settings: Settings;

  /** @throws ImproperlyConfigured without a `secretKey` in the settings */
  constructor(settings: Settings) {
    secretsOf(settings);
    this.settings = settings;
  }

  /** A token for this user, as they are now. */
  makeToken(user: U): string {
    return this.#tokenAt(user, this.#now(), secretsOf(this.settings).key);
  }

  /**
   * Whether a token was made for this user, as they are now, and not too long ago. Whether the user is active is the
   * caller's question.
   */
  checkToken(user: U | null | undefined, token: string | null | undefined): boolean {
    const [, digits] = TOKEN.exec(token ?? '') ?? [];
    if (user === null || user === undefined || digits === undefined) return false;
    const timestamp = Number.parseInt(digits, 36);
    const { key, fallbackKeys } = secretsOf(this.settings);
    const secrets = [key, ...fallbackKeys];
    const isOurs = secrets.some((secret) => constantTimeEqual(token!, this.#tokenAt(user, timestamp, secret)));
    return isOurs && this.#now() - timestamp <= this.settings.passwordResetTimeout;
  }

  /** The state of the user in which a token is good. It ends with any change of this text. */
  protected makeHashValue(user: U, timestamp: number): string {
    const lastLogin = user.lastLogin?.toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length).replace('T', ' ') ?? '';
    return `${String(user.pk)}${user.password}${lastLogin}${String(timestamp)}${emailOf(user)}`;
  }

  #tokenAt(user: U, timestamp: number, secret: SecretKey): string {
    const hash = saltedHmac(this.keySalt, this.makeHashValue(user, timestamp), { secret }).toString('hex');
    // Every second digit, so that the link is short.
    return `${timestamp.toString(36)}-${hash.replace(/(.)./g, '$1')}`;
  }

  /** Seconds since 2001 on a clock at the wall: Django takes the local time of its server. */
  #now(): number {
    const { clock, timeZone } = this.settings;
    return Math.floor(localTime(clock.now(), timeZone) / 1000) - EPOCH;
  }
}

function emailOf(user: ResettableUser): string {
  const { EMAIL_FIELD = 'email' } = user.constructor as { readonly EMAIL_FIELD?: string };
  const email: unknown = Reflect.get(user, EMAIL_FIELD);
  return typeof email === 'string' ? email : '';
}

/** The primary key of a user for a link: base64 for URLs, without padding (Django's `urlsafe_base64_encode`). */
export function encodeUid(pk: unknown): string {
  return Buffer.from(String(pk), 'utf8').toString('base64url');
}

/** The primary key in a link, as a text; null for a text that is none. */
export function decodeUid(uid: string): string | null {
  // Of bytes, as in Django: a character that has no place there counts as several, and is left out.
  const padding = '='.repeat(Buffer.byteLength(uid) % 4);
  const bytes = decodeBase64(uid.replaceAll('-', '+').replaceAll('_', '/') + padding);
  return bytes !== null && isUtf8(bytes) ? bytes.toString('utf8') : null;
}
