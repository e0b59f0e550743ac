import { path, type Route, type Settings } from 'sallyport';
import {
  JSONWebTokenAuthentication,
  jwtDecodeHandler,
  jwtEncodeHandler,
  jwtLegacy,
  jwtPayloadHandler,
  obtainJwtToken,
  refreshJwtToken,
  verifyJwtToken,
  type JWTLegacySettings,
} from 'sallyport/jwt-legacy';
import { djangoSettings, find, toAuthenticationClasses, type Authenticators } from './django';
import type { Profile } from './documents';
import { toCamelCase, toValue, type System } from './system';
import { whoAmIRoutes } from './whoami';
import type { World } from './world';

const AUTHENTICATORS: Authenticators = {
  'rest_framework_jwt.authentication.JSONWebTokenAuthentication': JSONWebTokenAuthentication,
};

const HANDLERS: Readonly<Record<string, unknown>> = {
  '@jwt_encode_handler': jwtEncodeHandler,
  '@jwt_decode_handler': jwtDecodeHandler,
  'rest_framework_jwt.utils.jwt_encode_handler': jwtEncodeHandler,
  'rest_framework_jwt.utils.jwt_decode_handler': jwtDecodeHandler,
  'rest_framework_jwt.utils.jwt_payload_handler': jwtPayloadHandler,
  // The built-in ones of these have no names of their own.
  'rest_framework_jwt.utils.jwt_get_user_id_from_payload_handler': null,
  'rest_framework_jwt.utils.jwt_get_username_from_payload_handler': null,
  'rest_framework_jwt.utils.jwt_response_payload_handler': null,
};

function toOption([name, value]: readonly [string, unknown]): readonly [string, unknown] {
  const option = toCamelCase(name.replace(/^JWT_/, ''));
  return [option, name.endsWith('_HANDLER') && value !== null ? find(HANDLERS, value) : toValue(value)];
}

/** @throws Error for the setting that switches the check of signatures off */
function toOptions({ JWT_VERIFY, ...given }: Readonly<Record<string, unknown>>): Partial<JWTLegacySettings> {
  if (JWT_VERIFY === false) throw new Error('sallyport always checks signatures');
  return {
    // What the package does, and ours only where it is told to.
    allowShortSecretKey: true,
    authCookieSecure: false,
    authCookieSameSite: null,
    ...(Object.fromEntries(Object.entries(given).map(toOption)) as Partial<JWTLegacySettings>),
  };
}

/** What the token says, but for its times. */
function describeToken(auth: unknown): unknown {
  const { exp: _exp, orig_iat: begun, ...claims } = auth as Record<string, unknown>;
  return { has_orig_iat: begun !== undefined, claims };
}

/** djangorestframework-jwt. */
export const jwtLegacySystem: System = {
  settingsOf(profile: Profile, world: World): Settings {
    const options = [jwtLegacy(toOptions(profile.settings['JWT_AUTH'] ?? {}))];
    return djangoSettings(profile, { world, authenticators: AUTHENTICATORS, options });
  },

  routesOf(prefix: string, { whoami = [] }: Profile, settings: Settings): Route[] {
    const authenticationClasses = toAuthenticationClasses(whoami, AUTHENTICATORS);
    return [
      path(`${prefix}/api-token-auth/`, obtainJwtToken(settings)),
      path(`${prefix}/api-token-refresh/`, refreshJwtToken(settings)),
      path(`${prefix}/api-token-verify/`, verifyJwtToken(settings)),
      ...whoAmIRoutes(prefix, { settings, describeAuth: describeToken, authenticationClasses }),
    ];
  },
};
