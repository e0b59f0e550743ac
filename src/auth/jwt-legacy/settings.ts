import { namespace } from '../../core/namespace';
import type { Awaitable } from '../../core/policy';
import type { Request } from '../../core/request';
import type { Settings } from '../../core/settings';
import type { BaseUser } from '../../core/users';
import type { SameSite } from '../../http/cookies';
import type { AlgorithmName, JSONObject, KeyInput } from '../jwt/protocol';

/**
 * The options of the tokens of djangorestframework-jwt: those of its `JWT_AUTH` in camelCase and without `JWT_`. Times are
 * in seconds. `JWT_VERIFY` is not among them: signatures are always checked.
 */
export interface JWTLegacySettings {
  /** How tokens are signed; any other algorithm is refused. @default 'HS256' */
  readonly algorithm: AlgorithmName;
  /**
   * The secret of HMAC: whoever knows it can make any token. Null: the setting `secretKey` of the app, as the package takes
   * Django's `SECRET_KEY`. @default null
   */
  readonly secretKey: KeyInput | null;
  /**
   * A secret for each user, in place of `secretKey`: with another one, all tokens of the user end. @default null
   */
  readonly getUserSecretKey: ((user: BaseUser) => Awaitable<KeyInput>) | null;
  /** The key that signs, of a key pair. @default null */
  readonly privateKey: KeyInput | null;
  /** The key that verifies, of a key pair; null: that of `privateKey`. @default null */
  readonly publicKey: KeyInput | null;
  /**
   * Takes secrets that are shorter than the digest, as many a `SECRET_KEY` is (RFC 7518, section 3.2, forbids it): some can
   * be guessed from a single token. @default false
   */
  readonly allowShortSecretKey: boolean;
  /** Whom tokens are for: written into each, and asked of each. @default null */
  readonly audience: string | readonly string[] | null;
  /** Whom tokens are from: written into each, and asked of each. @default null */
  readonly issuer: string | null;
  /** Seconds by which the clocks of two servers may differ. @default 0 */
  readonly leeway: number;
  /** Whether tokens end. @default true */
  readonly verifyExpiration: boolean;

  /** How long a token is good. @default 300 */
  readonly expirationDelta: number;
  /** Tokens say when the first of their line was made, and can be exchanged for fresh ones. @default false */
  readonly allowRefresh: boolean;
  /** How long after the first one. @default 604_800 */
  readonly refreshExpirationDelta: number;

  /** The word before a token, compared without case; it is the challenge too. @default 'JWT' */
  readonly authHeaderPrefix: string;
  /** A cookie that the views set, and that counts where there is no header; null: none. @default null */
  readonly authCookie: string | null;
  /** The cookie travels over TLS only. @default true; the package's doesn't care */
  readonly authCookieSecure: boolean;
  /**
   * Which pages of others the browser sends the cookie with. Nothing else guards it against forged requests.
   * @default 'Lax'; the package leaves it to the browser
   */
  readonly authCookieSameSite: SameSite | null;

  /** The `USERNAME_FIELD` of the user class: the field that clients send. @default 'username' */
  readonly usernameField: string;
  /** The claims of a token for a user; null: `jwtPayloadHandler`. @default null */
  readonly payloadHandler: ((user: BaseUser, settings: Settings) => Awaitable<JSONObject>) | null;
  /** The primary key of the user whose secret it is; null: the claim `user_id`. @default null */
  readonly payloadGetUserIdHandler: ((payload: JSONObject) => unknown) | null;
  /** The name of the user; null: the claim `username`. @default null */
  readonly payloadGetUsernameHandler: ((payload: JSONObject) => unknown) | null;
  /** Signs the claims; null: `jwtEncodeHandler`. @default null */
  readonly encodeHandler: ((payload: JSONObject, settings: Settings) => Awaitable<string>) | null;
  /**
   * The claims of a token that is good, and InvalidTokenError, DecodeError or ExpiredSignatureError for any other; null:
   * `jwtDecodeHandler`. @default null
   */
  readonly decodeHandler: ((token: string, settings: Settings) => Awaitable<JSONObject>) | null;
  /** What the views answer; null: `{"token": …}`. @default null */
  readonly responsePayloadHandler:
    ((token: string, user: BaseUser, request: Request) => Awaitable<Readonly<Record<string, unknown>>>) | null;
}

const defaults: JWTLegacySettings = Object.freeze({
  algorithm: 'HS256',
  secretKey: null,
  getUserSecretKey: null,
  privateKey: null,
  publicKey: null,
  allowShortSecretKey: false,
  audience: null,
  issuer: null,
  leeway: 0,
  verifyExpiration: true,
  expirationDelta: 300,
  allowRefresh: false,
  refreshExpirationDelta: 604_800,
  authHeaderPrefix: 'JWT',
  authCookie: null,
  authCookieSecure: true,
  authCookieSameSite: 'Lax',
  usernameField: 'username',
  payloadHandler: null,
  payloadGetUserIdHandler: null,
  payloadGetUsernameHandler: null,
  encodeHandler: null,
  decodeHandler: null,
  responsePayloadHandler: null,
});

/** The options of these tokens: `defineSettings({ secretKey, … }, jwtLegacy({ allowRefresh: true }))`. */
export const jwtLegacy = namespace<JWTLegacySettings>('jwtLegacy', defaults);
