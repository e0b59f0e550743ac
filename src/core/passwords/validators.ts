import { ValidationError } from '../exceptions';
import { readCommonPasswords, withoutMargins } from './common-passwords';
import { quickRatio } from './similarity';
import type { PasswordValidator } from './validation';

/** Python counts characters where JavaScript counts halves of some. */
function lengthOf(text: string): number {
  return Array.from(text).length;
}

/** How long `MinimumLengthValidator` wants a password to be. */
export interface MinimumLengthOptions {
  /** Characters. @default 8 */
  readonly minLength?: number;
}

/** Refuses short passwords. */
export class MinimumLengthValidator implements PasswordValidator {
  readonly minLength: number;

  constructor({ minLength = 8 }: MinimumLengthOptions = {}) {
    this.minLength = minLength;
  }

  validate(password: string): void {
    if (lengthOf(password) >= this.minLength) return;
    throw new ValidationError(
      `This password is too short. It must contain at least ${this.#characters}.`,
      'password_too_short',
    );
  }

  getHelpText(): string {
    return `Your password must contain at least ${this.#characters}.`;
  }

  get #characters(): string {
    return this.minLength === 1 ? '1 character' : `${String(this.minLength)} characters`;
  }
}

/** What `UserAttributeSimilarityValidator` compares a password with, and how strictly. */
export interface UserAttributeSimilarityOptions {
  /** Fields of the user. @default ['username', 'firstName', 'lastName', 'email'] */
  readonly userAttributes?: readonly string[];
  /** From 0.1 to 1; at 1 only the field itself is refused, or its characters in another order. @default 0.7 */
  readonly maxSimilarity?: number;
}

/** What isn't part of a word, as Python's `\W`. */
const BETWEEN_WORDS = /[^\p{L}\p{N}_]+/u;

/**
 * Refuses passwords that are much like something the site knows of the user, or like a word of it. Fields that the user
 * hasn't, or that are no text, don't count. One finding is enough.
 */
export class UserAttributeSimilarityValidator implements PasswordValidator {
  readonly userAttributes: readonly string[];
  readonly maxSimilarity: number;

  /** @throws RangeError when `maxSimilarity` would refuse nearly everything */
  constructor(options: UserAttributeSimilarityOptions = {}) {
    const { userAttributes = ['username', 'firstName', 'lastName', 'email'], maxSimilarity = 0.7 } = options;
    if (!(maxSimilarity >= 0.1)) throw new RangeError('maxSimilarity must be at least 0.1.');
    this.userAttributes = userAttributes;
    this.maxSimilarity = maxSimilarity;
  }

  validate(password: string, user: object | null): void {
    if (user === null) return;
    const characters = Array.from(password.toLowerCase());
    for (const attribute of this.userAttributes) {
      const value: unknown = Reflect.get(user, attribute);
      if (typeof value !== 'string' || value === '' || !this.#isLike(characters, value.toLowerCase())) continue;
      const name = this.verboseName(attribute);
      throw new ValidationError(`The password is too similar to the ${name}.`, 'password_too_similar');
    }
  }

  getHelpText(): string {
    return 'Your password can’t be too similar to your other personal information.';
  }

  /** The name of a field for people: Django's `verbose_name`. */
  protected verboseName(attribute: string): string {
    if (attribute === 'email') return 'email address';
    return attribute.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  }

  #isLike(password: readonly string[], value: string): boolean {
    return [...value.split(BETWEEN_WORDS), value].some((text) => {
      const part = Array.from(text);
      return !this.#isFarShorter(part, password) && quickRatio(password, part) >= this.maxSimilarity;
    });
  }

  /** A text ten times shorter can't be alike, and comparing it would be work for nothing. */
  #isFarShorter(part: readonly string[], password: readonly string[]): boolean {
    return password.length >= 10 * part.length && part.length < (this.maxSimilarity / 2) * password.length;
  }
}

/** Which passwords `CommonPasswordValidator` refuses. */
export interface CommonPasswordOptions {
  /** A file with one password a line, in lower case; gzip is fine. @default Django's list of some 20,000 */
  readonly passwordListPath?: string;
}

/** Refuses passwords that many have, whatever their case. The list is read when it is first asked. */
export class CommonPasswordValidator implements PasswordValidator {
  readonly #path: string | undefined;
  #passwords: ReadonlySet<string> | undefined;

  constructor({ passwordListPath }: CommonPasswordOptions = {}) {
    this.#path = passwordListPath;
  }

  validate(password: string): void {
    this.#passwords ??= readCommonPasswords(this.#path);
    if (!this.#passwords.has(withoutMargins(password.toLowerCase()))) return;
    throw new ValidationError('This password is too common.', 'password_too_common');
  }

  getHelpText(): string {
    return 'Your password can’t be a commonly used password.';
  }
}

/** What `str.isdigit` of Python takes: decimal digits of all scripts, and signs for a digit such as ² and ①. */
const DIGITS =
  /^[\p{Nd}²³¹\u1369-\u1371\u19da⁰⁴-⁹₀-₉①-⑨⑴-⑼⒈-⒐⓪⓵-⓽⓿❶-❾➀-➈➊-➒\u{10a40}-\u{10a43}\u{10e60}-\u{10e68}\u{11052}-\u{1105a}\u{1f100}-\u{1f10a}]+$/u;

/** Refuses passwords of nothing but digits. */
export class NumericPasswordValidator implements PasswordValidator {
  validate(password: string): void {
    if (!DIGITS.test(password)) return;
    throw new ValidationError('This password is entirely numeric.', 'password_entirely_numeric');
  }

  getHelpText(): string {
    return 'Your password can’t be entirely numeric.';
  }
}
