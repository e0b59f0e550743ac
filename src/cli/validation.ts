import { domainToASCII } from 'node:url';
import { isAPIException } from '../core/exceptions';
import { validatePassword, type PasswordValidator } from '../core/passwords/validation';
import { isValidUsername, userMessages } from '../core/users';

/** Django's complaint about a name that is not to be stored; null for a good one. */
export function usernameError(username: string): string | null {
  if (username === '') return 'Username cannot be blank.';
  if (!isValidUsername(username)) return userMessages.invalidUsername;
  return lengthError(username, 150);
}

/** Django's complaint about an address; null for a good one, and for none. */
export function emailError(email: string): string | null {
  if (email === '') return null;
  return isEmail(email) ? lengthError(email, 254) : 'Enter a valid email address.';
}

/** What the rules of the app say against a password, a line for each; none for a good one. */
export async function passwordErrors(
  password: string,
  user: object,
  validators: readonly PasswordValidator[],
): Promise<string[]> {
  try {
    await validatePassword(password, user, validators);
    return [];
  } catch (error) {
    if (!isAPIException(error)) throw error;
    return [error.detail].flat().map(String);
  }
}

function lengthError(text: string, limit: number): string | null {
  const { length } = [...text];
  return length <= limit
    ? null
    : `Ensure this value has at most ${String(limit)} characters (it has ${String(length)}).`;
}

const ATOMS = /^[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*$/;
const LABEL = /^[a-z\d]([a-z\d-]{0,61}[a-z\d])?$/i;

/** An address that mail goes to: words between dots, and a host with a dot in its name (or `localhost`). */
function isEmail(email: string): boolean {
  const at = email.lastIndexOf('@');
  const host = domainToASCII(email.slice(at + 1));
  const labels = host.split('.');
  return (
    !/\s/.test(email) && // which the conversion of the host would drop
    at > 0 &&
    ATOMS.test(email.slice(0, at)) &&
    labels.every((label) => LABEL.test(label)) &&
    (labels.length > 1 || host === 'localhost')
  );
}
