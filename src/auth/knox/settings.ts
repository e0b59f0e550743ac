import { ImproperlyConfigured } from '../../core/exceptions';
import type { HostRequest } from '../../core/host';
import { namespace } from '../../core/namespace';
import type { Awaitable } from '../../core/policy';
import type { Request } from '../../core/request';
import type { Settings } from '../../core/settings';
import type { BaseUser } from '../../core/users';
import { CONSTANTS, hashAlgorithms, hashToken, toTokenHash, type HashAlgorithm, type TokenHash } from './protocol';
import type { KnoxStore } from './store';
import type { UserSerializerClass } from './user-serializer';

/** Which token was removed because it had ended: the one that was sent, or another one of the same user. */
export type ExpiredTokenSource = 'auth_token' | 'other_token';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a request of any user type
type AnyRequest = Request<any, any> | HostRequest;

/** The options of knox's tokens: those of `REST_KNOX` in camelCase, and some more. Times are in seconds. */
export interface KnoxSettings {
  /** The table of tokens. */
  readonly store: KnoxStore;
  /** What is kept of a token: a digest of 64 bytes, or a function that makes one. @default 'sha512' */
  readonly secureHashAlgorithm: HashAlgorithm | TokenHash;
  /** Hexadecimal digits of a token, without its prefix. @default 64 */
  readonly authTokenCharacterLength: number;
  /** How long a token lives; null: until somebody logs out. @default 36_000, ten hours */
  readonly tokenTtl: number | null;
  /** Shows the user in the answer to a log in; null: the answer doesn't. @default null */
  readonly userSerializer: UserSerializerClass | null;
  /** How many tokens a user may have at a time; null: any number. @default null */
  readonly tokenLimitPerUser: number | null;
  /** Whether a log in beyond the limit is refused, as in knox, or ends the oldest token. @default 'deny' */
  readonly onTokenLimit: 'deny' | 'dropOldest';
  /**
   * Which tokens count for the limit. `expiring`: only those that will end some day, as in knox 5.0. @default 'all'
   */
  readonly tokenLimitCounts: 'all' | 'expiring';
  /** A token that is used lives on: its end is put off to `tokenTtl` from then. @default false */
  readonly autoRefresh: boolean;
  /** How long after its making a token ends whatever happens; null: there is no such time. @default null */
  readonly autoRefreshMaxTtl: number | null;
  /** The end of a token is put off only by more than this, so that not each request writes. @default 60 */
  readonly minRefreshInterval: number;
  /** The word before a token, compared without case; also the challenge. @default 'Token' */
  readonly authHeaderPrefix: string;
  /**
   * How the end of a token is written, in the setting `timeZone` of the app: `iso-8601`, a pattern of Python's `strftime`, or
   * null for the way of the renderer. @default 'iso-8601'
   */
  readonly expiryDatetimeFormat: string | null;
  /** What all new tokens begin with, so that scanners for leaked secrets know them. @default '' */
  readonly tokenPrefix: string;
  /** Tokens from a table of knox 4, which hashed them in another way, count too. @default false */
  readonly acceptKnox4Tokens: boolean;
  /**
   * The use of a token is noted in its details, at most once in so many seconds; null: it isn't. This needs a store that
   * keeps details. @default null
   */
  readonly lastUseInterval: number | null;
  /**
   * Tokens end when their user gets another password. This needs a store that keeps details; a token from before counts
   * from its next use on. @default false
   */
  readonly endOnPasswordChange: boolean;
  /** Hears of tokens that were removed because they had ended: knox's signal `token_expired`. @default null */
  readonly onTokenExpired: ((user: BaseUser, source: ExpiredTokenSource) => Awaitable<void>) | null;
  /** Hears of each log in: Django's signal `user_logged_in`. What it throws reaches the caller. @default null */
  readonly onLoggedIn: ((user: BaseUser, request: AnyRequest) => Awaitable<void>) | null;
  /** Hears of each log out: Django's signal `user_logged_out`. @default null */
  readonly onLoggedOut: ((user: BaseUser, request: AnyRequest) => Awaitable<void>) | null;
}

/** The options of knox's tokens: `defineSettings({ … }, knox({ store: knoxStore(orm) }))`. */
export const knox = namespace<KnoxSettings>(
  'knox',
  {
    secureHashAlgorithm: 'sha512',
    authTokenCharacterLength: 64,
    tokenTtl: 36_000,
    userSerializer: null,
    tokenLimitPerUser: null,
    onTokenLimit: 'deny',
    tokenLimitCounts: 'all',
    autoRefresh: false,
    autoRefreshMaxTtl: null,
    minRefreshInterval: 60,
    authHeaderPrefix: 'Token',
    expiryDatetimeFormat: 'iso-8601',
    tokenPrefix: '',
    acceptKnox4Tokens: false,
    lastUseInterval: null,
    endOnPasswordChange: false,
    onTokenExpired: null,
    onLoggedIn: null,
    onLoggedOut: null,
  },
  ['store'],
);

/** Options that were looked at; they never change. */
const checked = new WeakMap<KnoxSettings, KnoxRules>();

/** The options in force, and what is made of them once. */
export interface KnoxRules extends KnoxSettings {
  readonly hash: TokenHash;
}

/**
 * The options in force in `settings`.
 * @throws ImproperlyConfigured for options that can't work
 */
export function knoxRules(settings: Settings): KnoxRules {
  const options = knox.of(settings);
  let rules = checked.get(options);
  if (rules === undefined) {
    rules = checkOptions(options);
    checked.set(options, rules);
  }
  return rules;
}

function checkOptions(options: KnoxSettings): KnoxRules {
  const { store, lastUseInterval, endOnPasswordChange } = options;
  const hash = checkHash(options.secureHashAlgorithm);
  checkTokenPrefix(options.tokenPrefix);
  checkTokenLength(options.authTokenCharacterLength);
  checkNumbers(options);
  for (const [name, isOn] of Object.entries({
    lastUseInterval: lastUseInterval !== null,
    endOnPasswordChange,
  })) {
    if (isOn) requireDetails(store, `The option '${name}' of 'knox'`);
  }
  return Object.freeze({ ...options, hash });
}

/** @throws ImproperlyConfigured for a store that keeps nothing but knox's own columns */
export function requireDetails(store: KnoxStore, what: string): void {
  if (store.keepsDetails) return;
  throw new ImproperlyConfigured(
    `${what} needs the table of details. Add AuthTokenDetailsSchema to the entities of MikroORM.`,
  );
}

/** @throws ImproperlyConfigured for a prefix that knox's column has no room for */
export function checkTokenPrefix(prefix: string): void {
  if (Array.from(prefix).length <= CONSTANTS.MAXIMUM_TOKEN_PREFIX_LENGTH && !/[\s\0]/.test(prefix)) return;
  throw new ImproperlyConfigured(
    `Illegal TOKEN_PREFIX length: a 'tokenPrefix' has at most ${String(CONSTANTS.MAXIMUM_TOKEN_PREFIX_LENGTH)} characters, and no blanks.`,
  );
}

/** Those whose default is none of a number; the others are looked at where options are given. */
function checkNumbers(options: KnoxSettings): void {
  for (const name of ['tokenLimitPerUser', 'autoRefreshMaxTtl', 'lastUseInterval'] as const) {
    const value: unknown = options[name];
    if (value !== null && !Number.isFinite(value)) {
      throw new ImproperlyConfigured(`The '${name}' of 'knox' is no number, which it must be, or null.`);
    }
  }
}

function checkTokenLength(length: number): void {
  if (Number.isSafeInteger(length) && length >= 2 && length <= 1024) return;
  throw new ImproperlyConfigured(
    `The 'authTokenCharacterLength' of 'knox' is ${String(length)}. It is a number of hexadecimal digits, such as 64.`,
  );
}

function checkHash(algorithm: HashAlgorithm | TokenHash): TokenHash {
  if (typeof algorithm !== 'function' && !hashAlgorithms.includes(algorithm)) {
    throw new ImproperlyConfigured(
      `Unknown 'secureHashAlgorithm' in the settings of 'knox'. Known ones: ${hashAlgorithms.join(', ')}, or a function.`,
    );
  }
  const hash = toTokenHash(algorithm);
  const length: unknown = hashToken('', hash).length;
  if (length === CONSTANTS.DIGEST_LENGTH) return hash;
  throw new ImproperlyConfigured(
    `The 'secureHashAlgorithm' of 'knox' must give 64 bytes as ${String(CONSTANTS.DIGEST_LENGTH)} hexadecimal digits.`,
  );
}
