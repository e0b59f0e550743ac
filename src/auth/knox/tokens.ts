import type { Settings } from '../../core/settings';
import type { BaseUser } from '../../core/users';
import type { AbstractAuthToken } from './models';
import { createTokenString, hashToken, passwordDigest, tokenKey } from './protocol';
import { checkTokenPrefix, knoxRules, requireDetails, type KnoxRules } from './settings';
import type { NewAuthTokenDetails } from './store';

/** What a token is made with. */
export interface AuthTokenOptions {
  /** Seconds until it ends; null: never. @default the option `tokenTtl` */
  readonly expiry?: number | null;
  /** What its text begins with. @default the option `tokenPrefix` */
  readonly prefix?: string;
  /** A name for people, of 150 characters at most; this needs a store that keeps details. @default null */
  readonly name?: string | null;
  /**
   * What it may be used for, words without blanks; null: for all that its user may do. This needs a store that keeps
   * details. @default null
   */
  readonly scopes?: readonly string[] | null;
  /** Columns of a token class of your own. @default {} */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** A row, and the text that is shown once and kept nowhere. */
export type IssuedToken<T extends AbstractAuthToken = AbstractAuthToken> = readonly [token: T, text: string];

/**
 * Makes a token for a user, however many they have: knox's `AuthToken.objects.create`.
 *
 * @throws ImproperlyConfigured for a prefix that is too long, and for a name or scopes where no table keeps them
 * @throws RangeError for a name that is too long, for a scope that is no word, and for an end that is no number
 * @example const [token, text] = await createAuthToken(settings, user, { name: 'the phone', expiry: 30 * 86_400 });
 */
export async function createAuthToken(
  settings: Settings,
  user: BaseUser,
  options: AuthTokenOptions = {},
): Promise<IssuedToken> {
  const issued = await issueToken(settings, user, { ...options, limit: null });
  return issued!; // nothing but a limit refuses a token
}

/** `createAuthToken` with a limit: null where the user has as many tokens as they may have. */
export async function issueToken(
  settings: Settings,
  user: BaseUser,
  options: AuthTokenOptions & { readonly limit: number | null },
): Promise<IssuedToken | null> {
  const rules = knoxRules(settings);
  const { tokenLimitCounts: counts, onTokenLimit: whenFull } = rules;
  const { expiry = rules.tokenTtl, prefix = rules.tokenPrefix, fields = {}, limit } = options;
  checkTokenPrefix(prefix);
  const text = prefix + createTokenString(rules.authTokenCharacterLength, settings.random);
  const created = new Date(settings.clock.now());
  const { token, expired } = await rules.store.create(
    {
      digest: hashToken(text, rules.hash),
      tokenKey: tokenKey(text),
      user,
      created,
      expiry: endOf(created, expiry),
      fields,
      details: detailsOf(rules, { ...options, text, user }),
    },
    limit === null ? null : { count: limit, counts, whenFull },
  );
  for (let i = 0; i < expired; i++) await rules.onTokenExpired?.(user, 'other_token');
  return token === null ? null : [token, text];
}

function endOf(created: Date, life: number | null): Date | null {
  if (life === null) return null;
  if (!Number.isFinite(life)) throw new RangeError('The life of a token is no number of seconds.');
  return new Date(created.getTime() + life * 1000);
}

interface DetailsInput extends AuthTokenOptions {
  readonly text: string;
  readonly user: BaseUser;
}

function detailsOf(rules: KnoxRules, input: DetailsInput): NewAuthTokenDetails | null {
  const { name = null, scopes = null, text, user } = input;
  const mark = rules.endOnPasswordChange ? passwordMark(text, user) : null;
  if (name === null && scopes === null && mark === null) return null;
  requireDetails(rules.store, 'A name, or scopes, of a token');
  checkName(name);
  scopes?.forEach(checkScope);
  return { name, scopes, passwordDigest: mark };
}

/** The mark of the user's password; null for a user class without passwords. */
export function passwordMark(text: string, user: BaseUser): string | null {
  const { password } = user as { readonly password?: unknown };
  return typeof password === 'string' ? passwordDigest(text, password) : null;
}

const MAX_NAME_LENGTH = 150;

function checkName(name: string | null): void {
  if (name !== null && Array.from(name).length > MAX_NAME_LENGTH) {
    throw new RangeError(`The name of a token has ${String(MAX_NAME_LENGTH)} characters at most.`);
  }
}

/** RFC 6749, section 3.3, says what a scope is. */
function checkScope(scope: string): void {
  if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope))
    throw new RangeError(`'${scope}' is no scope: a word without blanks.`);
}
