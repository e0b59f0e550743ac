import { createHash } from 'node:crypto';
import { ImproperlyConfigured } from '../../core/exceptions';
import type { Awaitable } from '../../core/policy';
import type { Settings } from '../../core/settings';
import type { BaseUser, UserStore } from '../../core/users';
import { constantTimeEqual } from '../../crypto/compare';
import { tokenBackend } from './backend';
import { jwt, type JWTSettings } from './settings';

/** Who may have tokens: a user that there is and, unless `checkUserIsActive` is off, is active. */
export function defaultUserAuthenticationRule(user: BaseUser | null, options: JWTSettings): boolean {
  return user !== null && (!options.checkUserIsActive || user.isActive);
}

/** The same by the rule of the options, if they have one. */
export function mayHaveTokens(user: BaseUser | null, options: JWTSettings): Awaitable<boolean> {
  return (options.userAuthenticationRule ?? defaultUserAuthenticationRule)(user, options);
}

/**
 * The user table.
 * @throws ImproperlyConfigured when there is none
 */
export function requireUsers({ users }: Settings, who: string): UserStore {
  if (users !== null) return users;
  throw new ImproperlyConfigured(`${who} needs the user table: defineSettings({ users: userStore(orm) }).`);
}

/** The user that a claim names; null where there is none. Tokens of before 2025 have numbers there. */
export async function findUser(settings: Settings, claim: unknown): Promise<BaseUser | null> {
  if (typeof claim !== 'string' && typeof claim !== 'number' && typeof claim !== 'bigint') return null;
  const users = requireUsers(settings, 'A token that names its user');
  const { userIdField, usernameField } = jwt.of(settings);
  if (isPrimaryKey(userIdField)) return users.get(claim);
  if (userIdField === usernameField) return users.getByNaturalKey(String(claim));
  if (users.findBy !== undefined) return users.findBy(userIdField, String(claim));
  throw new ImproperlyConfigured(
    `The store of users has no findBy(field, value), so 'userIdField' is 'id' or '${usernameField}', not '${userIdField}'.`,
  );
}

/** What a token says of its user. */
export function userIdOf(user: BaseUser, { userIdField, simplejwtVersion }: JWTSettings): string | number {
  const id: unknown = isPrimaryKey(userIdField) ? user.pk : Reflect.get(user, userIdField);
  return simplejwtVersion === '5.2' && typeof id === 'number' ? id : String(id);
}

function isPrimaryKey(field: string): boolean {
  return field === 'id' || field === 'pk';
}

/**
 * What a token says of its user's password, so that it ends with it.
 * @throws ImproperlyConfigured for a user without one
 */
export function passwordDigest(settings: Settings, user: BaseUser): string {
  return passwordDigests(settings, user)[0]!;
}

/** Whether the user has still the password that the claim of a token is made of. */
export function hasSamePassword(settings: Settings, user: BaseUser, claim: unknown): boolean {
  return (
    typeof claim === 'string' && passwordDigests(settings, user).some((digest) => constantTimeEqual(claim, digest))
  );
}

/** By each key that signs or has signed: where keys follow each other, the older tokens must not end with a new key. */
function passwordDigests(settings: Settings, user: BaseUser): readonly string[] {
  const stored: unknown = Reflect.get(user, 'password');
  if (typeof stored !== 'string') {
    throw new ImproperlyConfigured("With 'checkRevokeToken' users have a field 'password' with the stored hash.");
  }
  return jwt.of(settings).revokeTokenDigest === 'md5'
    ? [createHash('md5').update(stored).digest('hex').toUpperCase()]
    : tokenBackend(settings).digests('sallyport.jwt.revoke', stored, settings.clock.now() / 1000);
}
