import { ImproperlyConfigured } from '../../core/exceptions';
import { chain, type Awaitable } from '../../core/policy';
import type { Settings } from '../../core/settings';
import type { BaseUser } from '../../core/users';
import { writeJSON } from '../../http/json';
import { CLAIMS_STYLE } from '../jwt/backend';
import {
  checkClaims,
  JWTError,
  JWTExpired,
  parseObject,
  readCompact,
  signCompact,
  verifyCompact,
  type JSONObject,
} from '../jwt/protocol';
import { DecodeError, ExpiredSignatureError, InvalidTokenError } from './exceptions';
import { keysFor } from './keys';
import { jwtLegacy, type JWTLegacySettings } from './settings';

/** The claims of a fresh token for a user. */
export function jwtPayloadHandler(user: BaseUser, settings: Settings): JSONObject {
  const { usernameField, expirationDelta, allowRefresh, audience, issuer } = jwtLegacy.of(settings);
  const now = settings.clock.now() / 1000;
  const username = nameOf(user, usernameField);
  const payload: JSONObject = { user_id: user.pk, username, exp: Math.floor(now + expirationDelta) };
  if ('email' in user) payload['email'] = user.email;
  payload[usernameField] = username;
  if (allowRefresh) payload['orig_iat'] = Math.floor(now);
  if (audience !== null) payload['aud'] = audience;
  if (issuer !== null) payload['iss'] = issuer;
  return payload;
}

function nameOf(user: BaseUser & { getUsername?(): string }, field: string): unknown {
  return user.getUsername === undefined ? Reflect.get(user, field) : user.getUsername();
}

/**
 * The signed token of these claims.
 * @throws ImproperlyConfigured for keys that are missing or unfit
 */
export function jwtEncodeHandler(payload: JSONObject, settings: Settings): Awaitable<string> {
  return chain(
    keysFor(() => payload, settings),
    ({ algorithm, signing }) => {
      if (signing === null) {
        throw new ImproperlyConfigured(
          "Without a 'privateKey' tokens can only be verified: jwtLegacy({ privateKey: … }).",
        );
      }
      return signCompact(
        writeJSON(payload, CLAIMS_STYLE),
        { alg: algorithm.name, typ: 'JWT' },
        { algorithm, key: signing },
      );
    },
  );
}

/**
 * The claims of a token. The signature is checked before any of them.
 * @throws DecodeError, ExpiredSignatureError, InvalidTokenError
 */
export function jwtDecodeHandler(token: string, settings: Settings): Awaitable<JSONObject> {
  const options = jwtLegacy.of(settings);
  const unverified = (): JSONObject => translated(() => parseObject(readCompact(token).payload));
  return chain(keysFor(unverified, settings), ({ algorithm, verifying: key }) =>
    translated(() => {
      const payload = parseObject(verifyCompact(token, { algorithm, key }).payload);
      check(payload, options, settings.clock.now() / 1000);
      return payload;
    }),
  );
}

function check(payload: JSONObject, options: JWTLegacySettings, now: number): void {
  const { leeway, issuer, verifyExpiration } = options;
  // A token for somebody is not for those who have no name (RFC 7519, section 4.1.3).
  const audience = options.audience ?? (Object.hasOwn(payload, 'aud') ? [] : null);
  const { exp: _exp, ...endless } = payload;
  checkClaims(verifyExpiration ? payload : endless, { now, leeway, audience, issuer, takesAnyId: true });
}

/** Refusals that PyJWT counts as errors of decoding. */
const UNREADABLE: ReadonlySet<JWTError['reason']> = new Set(['malformed', 'too_large', 'signature']);

function translated<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof JWTError)) throw cause;
    if (cause instanceof JWTExpired) throw new ExpiredSignatureError(cause.message, { cause });
    const Refusal = UNREADABLE.has(cause.reason) ? DecodeError : InvalidTokenError;
    throw new Refusal(cause.message, { cause });
  }
}
