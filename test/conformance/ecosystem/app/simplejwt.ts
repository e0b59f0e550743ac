import {
  BasicAuthentication,
  IsAuthenticated,
  path,
  type AuthenticationClasses,
  type Route,
  type Settings,
  type User,
} from 'sallyport';
import {
  AccessToken,
  defaultUserAuthenticationRule,
  jwt,
  JWTAuthentication,
  JWTStatelessUserAuthentication,
  JWTTokenUserAuthentication,
  RefreshToken,
  SlidingToken,
  tokenBlacklist,
  TokenBlacklistSerializer,
  tokenObtainPair,
  TokenObtainPairSerializer,
  tokenObtainSliding,
  TokenObtainSlidingSerializer,
  tokenRefresh,
  TokenRefreshSerializer,
  tokenRefreshSliding,
  TokenRefreshSlidingSerializer,
  TokenUser,
  tokenVerify,
  TokenVerifySerializer,
  UntypedToken,
  type Attributes,
  type BlacklistStore,
  type JWTSettings,
  type Token,
  type ValidatedData,
} from 'sallyport/jwt';
import { djangoSettings, find, toAuthenticationClasses, type Authenticators } from './django';
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

const AUTHENTICATION = 'rest_framework_simplejwt.authentication';
const SERIALIZERS = 'rest_framework_simplejwt.serializers';
const TOKENS = 'rest_framework_simplejwt.tokens';

const AUTHENTICATORS: Authenticators = {
  [`${AUTHENTICATION}.JWTAuthentication`]: JWTAuthentication,
  [`${AUTHENTICATION}.JWTStatelessUserAuthentication`]: JWTStatelessUserAuthentication,
  [`${AUTHENTICATION}.JWTTokenUserAuthentication`]: JWTTokenUserAuthentication,
};

/** What the settings of the package name. */
const NAMED: Readonly<Record<string, unknown>> = {
  [`${AUTHENTICATION}.default_user_authentication_rule`]: defaultUserAuthenticationRule,
  'rest_framework_simplejwt.models.TokenUser': TokenUser,
  [`${SERIALIZERS}.TokenObtainPairSerializer`]: TokenObtainPairSerializer,
  [`${SERIALIZERS}.TokenObtainSlidingSerializer`]: TokenObtainSlidingSerializer,
  [`${SERIALIZERS}.TokenRefreshSerializer`]: TokenRefreshSerializer,
  [`${SERIALIZERS}.TokenRefreshSlidingSerializer`]: TokenRefreshSlidingSerializer,
  [`${SERIALIZERS}.TokenVerifySerializer`]: TokenVerifySerializer,
  [`${SERIALIZERS}.TokenBlacklistSerializer`]: TokenBlacklistSerializer,
  [`${TOKENS}.AccessToken`]: AccessToken,
  [`${TOKENS}.RefreshToken`]: RefreshToken,
  [`${TOKENS}.SlidingToken`]: SlidingToken,
  [`${TOKENS}.UntypedToken`]: UntypedToken,
  '@NamedTokenObtainPairSerializer': NamedTokenObtainPairSerializer,
};

/** Settings whose values are names. */
const NAMES = /_(?:CLASS|CLASSES|SERIALIZER|RULE|ENCODER)$|^ON_LOGIN_/;

function toNamed(value: unknown): unknown {
  if (value === null) return null;
  return Array.isArray(value) ? value.map((name) => find(NAMED, name)) : find(NAMED, value);
}

/** Python's package writes an empty text where there is no key. */
const isNoKey = (name: string, value: unknown): boolean => name.endsWith('_KEY') && value === '';

type Given = Readonly<Record<string, unknown>>;

function toOption([name, value]: readonly [string, unknown]): readonly [string, unknown] {
  if (NAMES.test(name)) return [toCamelCase(name), toNamed(value)];
  return [toCamelCase(name), isNoKey(name, value) ? null : toValue(value)];
}

function toOptions(given: Given, blacklist: BlacklistStore | null): Partial<JWTSettings> {
  return {
    blacklist,
    // What the package does, and ours only where it is told to.
    allowShortSigningKey: true,
    verifyChecksBlacklist: 'afterRotation',
    revokeTokenDigest: 'md5',
    ...(Object.fromEntries(Object.entries(given).map(toOption)) as Partial<JWTSettings>),
    // Without its tables the package leaves this out in silence.
    ...(blacklist === null && { blacklistAfterRotation: false }),
  };
}

/** Without the app there are no tables, and a token without a number is in none. */
function hasBlacklist({ removeApps = [] }: Profile, { JTI_CLAIM }: Given): boolean {
  return JTI_CLAIM !== null && !removeApps.includes('rest_framework_simplejwt.token_blacklist');
}

/** The times of a token as a lifetime, its number as a mark, and all other claims. */
export function describeToken(auth: unknown, settings: Settings): unknown {
  const { payload } = auth as Token;
  const { jtiClaim, slidingTokenRefreshExpClaim } = jwt.of(settings);
  const number = jtiClaim ?? 'null';
  const { exp, iat, [slidingTokenRefreshExpClaim]: refreshExp, [number]: jti, ...claims } = payload;
  return {
    lifetime: typeof iat === 'number' ? (exp as number) - iat : null,
    ...(refreshExp !== undefined && { has_refresh_exp: true }),
    [`has_${number}`]: jti !== undefined,
    claims,
  };
}

/** djangorestframework-simplejwt, with its blacklist. */
export const simplejwt = (simplejwtVersion: JWTSettings['simplejwtVersion']): System => ({
  settingsOf(profile: Profile, world: World): Settings {
    const given = profile.settings['SIMPLE_JWT'] ?? {};
    const blacklist = hasBlacklist(profile, given) ? world.blacklist : null;
    const options = [jwt({ simplejwtVersion, ...toOptions(given, blacklist) })];
    return djangoSettings(profile, { world, authenticators: AUTHENTICATORS, options });
  },

  routesOf(prefix: string, { whoami = [] }: Profile, settings: Settings): Route[] {
    const authenticationClasses = toAuthenticationClasses(whoami, AUTHENTICATORS);
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
      ...(jwt.of(settings).blacklist === null ? [] : [path(`${prefix}/token/blacklist/`, tokenBlacklist(settings))]),
      path(`${prefix}/sliding/`, tokenObtainSliding(settings)),
      path(`${prefix}/sliding/refresh/`, tokenRefreshSliding(settings)),
      withClasses('stateless', [JWTStatelessUserAuthentication]),
      withClasses('two', [BasicAuthentication, JWTAuthentication]),
      ...whoAmIRoutes(prefix, { settings, describeAuth: describeToken, authenticationClasses }),
    ];
  },
});
