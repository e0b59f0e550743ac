import { namespace } from '../../core/namespace';
import type { Awaitable } from '../../core/policy';
import type { Request } from '../../core/request';
import type { BaseUser, Credentials } from '../../core/users';
import type { RefreshReuse } from './families';
import type { RingKey } from './keys/key-ring';
import type { RemoteKeySetOptions } from './keys/remote-key-set';
import type { AlgorithmName, KeyInput } from './protocol';
import type { SerializerClass } from './serializer';
import type { BlacklistStore, RefreshFamilyStore } from './store';
import type { TokenUserClass } from './token-user';
import type { TokenClass } from './tokens';

/** The options of JSON web tokens: those of simplejwt's `SIMPLE_JWT` in camelCase. Times are in seconds. */
export interface JWTSettings {
  /**
   * The release of simplejwt whose texts and claims clients see. With `5.2` one text stands for tokens that are bad and that
   * have expired, a key that is a number is one in tokens too, and an access token has the `iat` of the token that bought
   * it. What is refused stays the same. @default '5.5'
   */
  readonly simplejwtVersion: '5.2' | '5.5';
  /** How tokens are signed; any other algorithm is refused. @default 'HS256' */
  readonly algorithm: AlgorithmName;
  /**
   * The key that signs; with HMAC also the one that verifies, and whoever knows it can make any token. Null: with HMAC the
   * setting `secretKey`, as simplejwt takes `SECRET_KEY`; of a key pair, this service only verifies. @default null
   */
  readonly signingKey: KeyInput | null;
  /** The public key of a key pair; null: that of `signingKey`. @default null */
  readonly verifyingKey: KeyInput | null;
  /**
   * Keys that follow each other, in place of `signingKey`: the one that began last signs, and says its name in the header
   * `kid`; all of them verify until they retire. @default []
   */
  readonly keyRing: readonly RingKey[];
  /**
   * The `https://` URL of a JWK set in which the key of a token is found by its `kid`, or that URL with limits of your own.
   * The algorithm stays the option `algorithm`, whatever a key says. @default null
   */
  readonly jwkUrl: string | RemoteKeySetOptions | null;
  /** How long others may keep what the view of public keys answers. @default 300 */
  readonly jwksMaxAge: number;
  /**
   * Takes HMAC keys that are shorter than the digest, as many a `SECRET_KEY` is (RFC 7518, section 3.2, forbids it): some
   * can be guessed from a single token. @default false
   */
  readonly allowShortSigningKey: boolean;
  /** Whom tokens are for: written into each, and asked of each. @default null */
  readonly audience: string | readonly string[] | null;
  /** Whom tokens are from: written into each, and asked of each. @default null */
  readonly issuer: string | null;
  /** Seconds by which the clocks of two servers may differ. @default 0 */
  readonly leeway: number | null;
  /**
   * Writes a value of a claim that JSON doesn't know, such as a class of your own, as one that it does; undefined leaves
   * it to the library, which knows dates and whatever has a `toJSON`. @default null
   */
  readonly jsonEncoder: ((value: object) => unknown) | null;

  /** How long an access token is good: until then nobody can take it back. @default 300 */
  readonly accessTokenLifetime: number;
  /** How long a refresh token buys access tokens. @default 86_400 */
  readonly refreshTokenLifetime: number;
  /** How long a sliding token is good without being refreshed. @default 300 */
  readonly slidingTokenLifetime: number;
  /** How long a sliding token can be refreshed. @default 86_400 */
  readonly slidingTokenRefreshLifetime: number;
  /** Each refresh gives a new refresh token too. @default false */
  readonly rotateRefreshTokens: boolean;
  /** Then the old one is called back; this needs `blacklist`. @default false */
  readonly blacklistAfterRotation: boolean;
  /** The tables of tokens that were given out and called back; null: refresh tokens can't be called back. @default null */
  readonly blacklist: BlacklistStore | null;
  /**
   * The table of families of refresh tokens: all that follow from one log in. With it each refresh gives a new refresh token
   * and uses the old one up; who uses one again ends its family, and is logged out with everybody else who has a token of
   * it. Null: a refresh token that was stolen is as good as its owner's. @default null
   */
  readonly families: RefreshFamilyStore | null;
  /** How long a refresh token that was used is answered with the one that followed it, as after a lost answer. @default 10 */
  readonly refreshGracePeriod: number;
  /**
   * Hears of each refresh token that was used again after that time, once its family has ended. What it throws becomes an
   * error of the server. @default null
   */
  readonly onRefreshReuse: ((reuse: RefreshReuse, request: Request | undefined) => Awaitable<void>) | null;
  /**
   * When the verify view asks the blacklist. `afterRotation`: only with `blacklistAfterRotation`, as simplejwt does, which
   * calls a token good that was called back. @default 'always'
   */
  readonly verifyChecksBlacklist: 'always' | 'afterRotation';

  /** The words before a token, compared with case; the first is the challenge. @default ['Bearer'] */
  readonly authHeaderTypes: string | readonly string[];
  /** The header of the token under its WSGI name: `HTTP_X_ACCESS_TOKEN`. @default 'HTTP_AUTHORIZATION' */
  readonly authHeaderName: string;
  /** The classes of tokens that views take; null: `AccessToken`. @default null */
  readonly authTokenClasses: readonly TokenClass[] | null;
  /** The class of users that are known from their token alone; null: `TokenUser`. @default null */
  readonly tokenUserClass: TokenUserClass | null;

  /**
   * The field of a user that tokens name: `id`, which is any primary key, the `usernameField`, or another one that tells
   * users apart, where the store of users has `findBy`. @default 'id'
   */
  readonly userIdField: string;
  /** The claim with the value of that field. @default 'user_id' */
  readonly userIdClaim: string;
  /** The `USERNAME_FIELD` of the user class: the field that clients send. @default 'username' */
  readonly usernameField: string;
  /** The claim with the type of a token; null: tokens have no type, and any is as good as another. @default 'token_type' */
  readonly tokenTypeClaim: string | null;
  /** The claim with the number of a token; null: tokens have none, and can't be called back. @default 'jti' */
  readonly jtiClaim: string | null;
  /** The claim that tells until when a sliding token can be refreshed. @default 'refresh_exp' */
  readonly slidingTokenRefreshExpClaim: string;

  /** Inactive users are refused. @default true */
  readonly checkUserIsActive: boolean;
  /** Who may have tokens; null: `defaultUserAuthenticationRule`. @default null */
  readonly userAuthenticationRule: ((user: BaseUser | null, options: JWTSettings) => Awaitable<boolean>) | null;
  /** Tokens end when their user gets another password. @default false */
  readonly checkRevokeToken: boolean;
  /** The claim that shows which password the token belongs to. @default 'hash_password' */
  readonly revokeTokenClaim: string;
  /**
   * What that claim shows of the stored password. `md5` is simplejwt's, which tells whoever reads a token something of the
   * stored hash. @default 'hmac-sha256', with the signing key
   */
  readonly revokeTokenDigest: 'hmac-sha256' | 'md5';
  /** Each log in is noted: by `onLoginSuccess`, or in the user's row. @default false */
  readonly updateLastLogin: boolean;
  /** Takes the place of `updateLastLogin` of the user store, where `updateLastLogin` is on. @default null */
  readonly onLoginSuccess: ((user: BaseUser, request: Request | undefined) => Awaitable<void>) | null;
  /** Hears of each failed log in; passwords are covered with asterisks. @default null */
  readonly onLoginFailed: ((credentials: Credentials, request: Request | undefined) => Awaitable<void>) | null;

  /** In place of `TokenObtainPairSerializer`. @default null */
  readonly tokenObtainSerializer: SerializerClass | null;
  /** In place of `TokenRefreshSerializer`. @default null */
  readonly tokenRefreshSerializer: SerializerClass | null;
  /** In place of `TokenVerifySerializer`. @default null */
  readonly tokenVerifySerializer: SerializerClass | null;
  /** In place of `TokenBlacklistSerializer`. @default null */
  readonly tokenBlacklistSerializer: SerializerClass | null;
  /** In place of `TokenObtainSlidingSerializer`. @default null */
  readonly slidingTokenObtainSerializer: SerializerClass | null;
  /** In place of `TokenRefreshSlidingSerializer`. @default null */
  readonly slidingTokenRefreshSerializer: SerializerClass | null;
}

const defaults: JWTSettings = Object.freeze({
  simplejwtVersion: '5.5',
  algorithm: 'HS256',
  signingKey: null,
  verifyingKey: null,
  keyRing: [],
  jwkUrl: null,
  jwksMaxAge: 300,
  allowShortSigningKey: false,
  audience: null,
  issuer: null,
  leeway: 0,
  jsonEncoder: null,
  accessTokenLifetime: 300,
  refreshTokenLifetime: 86_400,
  slidingTokenLifetime: 300,
  slidingTokenRefreshLifetime: 86_400,
  rotateRefreshTokens: false,
  blacklistAfterRotation: false,
  blacklist: null,
  families: null,
  refreshGracePeriod: 10,
  onRefreshReuse: null,
  verifyChecksBlacklist: 'always',
  authHeaderTypes: ['Bearer'],
  authHeaderName: 'HTTP_AUTHORIZATION',
  authTokenClasses: null,
  tokenUserClass: null,
  userIdField: 'id',
  userIdClaim: 'user_id',
  usernameField: 'username',
  tokenTypeClaim: 'token_type',
  jtiClaim: 'jti',
  slidingTokenRefreshExpClaim: 'refresh_exp',
  checkUserIsActive: true,
  userAuthenticationRule: null,
  checkRevokeToken: false,
  revokeTokenClaim: 'hash_password',
  revokeTokenDigest: 'hmac-sha256',
  updateLastLogin: false,
  onLoginSuccess: null,
  onLoginFailed: null,
  tokenObtainSerializer: null,
  tokenRefreshSerializer: null,
  tokenVerifySerializer: null,
  tokenBlacklistSerializer: null,
  slidingTokenObtainSerializer: null,
  slidingTokenRefreshSerializer: null,
});

/** The options of JSON web tokens: `defineSettings({ secretKey, … }, jwt({ blacklist: blacklistStore(orm) }))`. */
export const jwt = namespace<JWTSettings>('jwt', defaults);

/** The words before a token. */
export function headerTypes({ authHeaderTypes }: JWTSettings): readonly string[] {
  return typeof authHeaderTypes === 'string' ? [authHeaderTypes] : authHeaderTypes;
}
