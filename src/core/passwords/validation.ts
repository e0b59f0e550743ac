import { isAPIException, ValidationError, type ErrorTree } from '../exceptions';
import type { Awaitable } from '../policy';
import { escapeHtml } from '../html';
import {
  CommonPasswordValidator,
  MinimumLengthValidator,
  NumericPasswordValidator,
  UserAttributeSimilarityValidator,
} from './validators';

/** A rule for new passwords, as Django's validators are. Passwords that are stored already aren't asked. */
export interface PasswordValidator {
  /**
   * @param user who is to have the password, with the fields that are known of them; null where nobody is known yet
   * @throws ValidationError when the password breaks the rule
   */
  validate(password: string, user: object | null): Awaitable<void>;
  /** The rule, for the page where a password is chosen. */
  getHelpText(): string;
  /** Hears of each new password, once it is stored: the place to remember which were used. */
  passwordChanged?(password: string, user: object | null): Awaitable<void>;
}

/** What a new project of Django demands: not like the user's own data, 8 characters, not common, not only digits. */
export const defaultPasswordValidators: readonly PasswordValidator[] = Object.freeze([
  new UserAttributeSimilarityValidator(),
  new MinimumLengthValidator(),
  new CommonPasswordValidator(),
  new NumericPasswordValidator(),
]);

/**
 * Django's `validate_password`: asks all validators and reports all that they find, in their order. Creating users and
 * logging in don't call it: it is for whoever lets people choose a password.
 *
 * @param validators those of the app: `settings.passwordValidators`
 * @throws ValidationError `["This password is too common.", "This password is entirely numeric."]`, each with its code
 * @example await validatePassword(password, request.user, request.settings.passwordValidators);
 */
export async function validatePassword(
  password: string,
  user: object | null = null,
  validators: readonly PasswordValidator[] = defaultPasswordValidators,
): Promise<void> {
  const found: ErrorTree[] = [];
  for (const validator of validators) {
    try {
      await validator.validate(password, user);
    } catch (error) {
      if (!isAPIException(error) || error.statusCode !== ValidationError.statusCode) throw error;
      found.push(...(Array.isArray(error.detail) ? error.detail : [error.detail]));
    }
  }
  if (found.length > 0) throw new ValidationError(found);
}

/** Django's `password_changed`: tells the validators that want to know of a new password. Call it when that is stored. */
export async function passwordChanged(
  password: string,
  user: object | null = null,
  validators: readonly PasswordValidator[] = defaultPasswordValidators,
): Promise<void> {
  for (const validator of validators) await validator.passwordChanged?.(password, user);
}

/** The rules for people, in the order of the validators. */
export function passwordValidatorsHelpTexts(
  validators: readonly PasswordValidator[] = defaultPasswordValidators,
): string[] {
  return validators.map((validator) => validator.getHelpText());
}

/** The same as a list in HTML; empty where there are no rules. */
export function passwordValidatorsHelpTextHtml(
  validators: readonly PasswordValidator[] = defaultPasswordValidators,
): string {
  const items = passwordValidatorsHelpTexts(validators).map((text) => `<li>${escapeHtml(text)}</li>`);
  return items.length === 0 ? '' : `<ul>${items.join('')}</ul>`;
}
