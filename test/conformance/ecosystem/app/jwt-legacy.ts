import { defineSettings, path, type AuthenticationClasses, type Route, type Settings } from 'sallyport';
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
import type { Profile } from './documents';
import { toCamelCase, toValue, type System } from './system';
import { whoAmIRoutes } from './whoami';
import type { World } from './world';

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

function findHandler(name: string): unknown {
  if (Object.hasOwn(HANDLERS, name)) return HANDLERS[name];
  throw new Error(`sallyport offers no ${name}`);
}

function toOption([name, value]: readonly [string, unknown]): readonly [string, unknown] {
  const option = toCamelCase(name.replace(/^JWT_/, ''));
  return [option, name.endsWith('_HANDLER') && value !== null ? findHandler(value as string) : toValue(value)];
}

/** @throws Error for the setting that switches the check of signatures off */
function toOptions(
  { JWT_VERIFY, ...given }: Readonly<Record<string, unknown>>,
  world: World,
): Partial<JWTLegacySettings> {
  if (JWT_VERIFY === false) throw new Error('sallyport always checks signatures');
  return {
    secretKey: world.fixtures.secret_key,
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
  settingsOf({ settings: { JWT_AUTH = {} } }: Profile, world: World): Settings {
    return defineSettings({ users: world.users, clock: world.clock }, jwtLegacy(toOptions(JWT_AUTH, world)));
  },

  routesOf(prefix: string, { whoami = [] }: Profile, settings: Settings): Route[] {
    const authenticationClasses: AuthenticationClasses = whoami.map((name) => {
      if (name.endsWith('.JSONWebTokenAuthentication')) return JSONWebTokenAuthentication;
      throw new Error(`sallyport offers no ${name}`);
    });
    return [
      path(`${prefix}/api-token-auth/`, obtainJwtToken(settings)),
      path(`${prefix}/api-token-refresh/`, refreshJwtToken(settings)),
      path(`${prefix}/api-token-verify/`, verifyJwtToken(settings)),
      ...whoAmIRoutes(prefix, { settings, describeAuth: describeToken, authenticationClasses }),
    ];
  },
};
