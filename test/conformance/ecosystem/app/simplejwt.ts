import {
  BasicAuthentication,
  defineSettings,
  IsAuthenticated,
  path,
  type AuthenticationClasses,
  type Route,
  type Settings,
  type User,
} from 'sallyport';
import {
  AccessToken,
  jwt,
  JWTAuthentication,
  JWTStatelessUserAuthentication,
  SlidingToken,
  tokenBlacklist,
  tokenObtainPair,
  TokenObtainPairSerializer,
  tokenObtainSliding,
  tokenRefresh,
  tokenRefreshSliding,
  tokenVerify,
  type Attributes,
  type JWTSettings,
  type Token,
  type ValidatedData,
} from 'sallyport/jwt';
import type { Profile } from './documents';
import { toCamelCase, toValue, type System } from './system';
import { whoAmIRoutes, whoAmIView } from './whoami';
import type { World } from './world';

/** Tells of the user in the tokens and in the answer. */
class NamedTokenObtainPairSerializer extends TokenObtainPairSerializer {
  override async getToken(user: User): Promise<Token> {
    const token = await super.getToken(user);
    token.set('name', user.username);
    token.set('roles', user.isStaff ? ['staff'] : []);
    return token;
  }

  override async validate(attributes: Attributes): Promise<ValidatedData> {
    return { ...(await super.validate(attributes)), username: (this.user as User).username };
  }
}

const CLASSES: Readonly<Record<string, unknown>> = {
  'rest_framework.authentication.BasicAuthentication': BasicAuthentication,
  'rest_framework_simplejwt.authentication.JWTAuthentication': JWTAuthentication,
  'rest_framework_simplejwt.authentication.JWTStatelessUserAuthentication': JWTStatelessUserAuthentication,
  'rest_framework_simplejwt.tokens.AccessToken': AccessToken,
  'rest_framework_simplejwt.tokens.SlidingToken': SlidingToken,
  '@NamedTokenObtainPairSerializer': NamedTokenObtainPairSerializer,
};

/** Options whose values are names of classes. */
const NAMES_CLASSES = /_(?:CLASSES|SERIALIZER)$/;

function findClass(name: string): unknown {
  const found = CLASSES[name];
  if (found === undefined) throw new Error(`sallyport offers no ${name}`);
  return found;
}

function toClasses(value: unknown): unknown {
  return Array.isArray(value) ? value.map((name) => findClass(name as string)) : findClass(value as string);
}

function toOptions(given: Readonly<Record<string, unknown>>, world: World): Partial<JWTSettings> {
  const options = Object.entries(given).map(([name, value]) => [
    toCamelCase(name),
    NAMES_CLASSES.test(name) ? toClasses(value) : toValue(value),
  ]);
  return {
    signingKey: world.fixtures.secret_key,
    blacklist: world.blacklist,
    // What simplejwt 5.5 does, and ours only where it is told to.
    allowShortSigningKey: true,
    verifyChecksBlacklist: 'afterRotation',
    revokeTokenDigest: 'md5',
    ...(Object.fromEntries(options) as Partial<JWTSettings>),
  };
}

/** The times of a token as a lifetime, its number as a mark, and all other claims. */
function describeToken(auth: unknown, settings: Settings): unknown {
  const { payload } = auth as Token;
  const { jtiClaim, slidingTokenRefreshExpClaim } = jwt.of(settings);
  const { exp, iat, [slidingTokenRefreshExpClaim]: refreshExp, [jtiClaim!]: jti, ...claims } = payload;
  return {
    lifetime: (exp as number) - (iat as number),
    ...(refreshExp !== undefined && { has_refresh_exp: true }),
    [`has_${jtiClaim!}`]: jti !== undefined,
    claims,
  };
}

/** djangorestframework-simplejwt 5.5, with its blacklist. */
export const simplejwt: System = {
  settingsOf(profile: Profile, world: World): Settings {
    const authenticationClasses = toClasses(profile.whoami) as AuthenticationClasses;
    return defineSettings(
      { defaultAuthenticationClasses: authenticationClasses, users: world.users, clock: world.clock },
      jwt(toOptions(profile.settings['SIMPLE_JWT'] ?? {}, world)),
    );
  },

  routesOf(prefix: string, _profile: Profile, settings: Settings): Route[] {
    const { defaultAuthenticationClasses: authenticationClasses } = settings;
    const view = whoAmIView(describeToken);
    const withClasses = (name: string, classes: AuthenticationClasses): Route =>
      path(
        `${prefix}/${name}/`,
        view.asView({ settings, authenticationClasses: classes, permissionClasses: [IsAuthenticated] }),
      );
    return [
      path(`${prefix}/token/`, tokenObtainPair(settings)),
      path(`${prefix}/token/refresh/`, tokenRefresh(settings)),
      path(`${prefix}/token/verify/`, tokenVerify(settings)),
      path(`${prefix}/token/blacklist/`, tokenBlacklist(settings)),
      path(`${prefix}/sliding/`, tokenObtainSliding(settings)),
      path(`${prefix}/sliding/refresh/`, tokenRefreshSliding(settings)),
      withClasses('stateless', [JWTStatelessUserAuthentication]),
      withClasses('two', [BasicAuthentication, JWTAuthentication]),
      ...whoAmIRoutes(prefix, { settings, describeAuth: describeToken, authenticationClasses }),
    ];
  },
};
