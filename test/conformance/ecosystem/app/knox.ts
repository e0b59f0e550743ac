import {
  authtoken,
  BasicAuthentication,
  defineSettings,
  path,
  TokenAuthentication,
  type AuthenticationClasses,
  type Route,
  type Settings,
  type User,
} from 'sallyport';
import {
  AuthToken,
  knox,
  TokenAuthentication as KnoxTokenAuthentication,
  urls,
  UserSerializer,
  type HashAlgorithm,
  type KnoxSettings,
} from 'sallyport/knox';
import type { Profile } from './documents';
import { toCamelCase, toValue, type System } from './system';
import { whoAmIRoutes } from './whoami';
import type { World } from './world';

/** Shows more of the user than a name. */
class FullUserSerializer extends UserSerializer {
  override get data() {
    const { id, username, email } = this.user as User;
    return { id, username, email };
  }
}

const AUTHENTICATORS: Readonly<Record<string, AuthenticationClasses[number]>> = {
  'rest_framework.authentication.BasicAuthentication': BasicAuthentication,
  'rest_framework.authentication.TokenAuthentication': TokenAuthentication,
  'knox.auth.TokenAuthentication': KnoxTokenAuthentication,
};

const SERIALIZERS: Readonly<Record<string, typeof UserSerializer>> = {
  'knox.serializers.UserSerializer': UserSerializer,
  '@FullUserSerializer': FullUserSerializer,
};

const ALGORITHMS: Readonly<Record<string, HashAlgorithm>> = {
  'hashlib.sha512': 'sha512',
  'hashlib.sha3_512': 'sha3-512',
  'hashlib.blake2b': 'blake2b512',
};

function find<T>(table: Readonly<Record<string, T>>, name: unknown): T {
  const found = table[name as string];
  if (found === undefined) throw new Error(`sallyport offers no ${String(name)}`);
  return found;
}

function toClasses(names: unknown): AuthenticationClasses {
  return (names as readonly string[]).map((name) => find(AUTHENTICATORS, name));
}

/** An option of ours for one of knox. */
function toOption([name, value]: readonly [string, unknown]): readonly [string, unknown] {
  if (name === 'USER_SERIALIZER' && value !== null) return ['userSerializer', find(SERIALIZERS, value)];
  if (name === 'SECURE_HASH_ALGORITHM') return ['secureHashAlgorithm', find(ALGORITHMS, value)];
  return [toCamelCase(name), toValue(value)];
}

function toOptions(settings: Profile['settings']): Partial<KnoxSettings> {
  const { TOKEN_MODEL: model = 'knox.AuthToken', ...given } = settings['REST_KNOX'] ?? {};
  if (model !== 'knox.AuthToken') throw new Error(`sallyport offers no ${String(model)}`);
  const { DATETIME_FORMAT: format } = settings['REST_FRAMEWORK'] ?? {};
  const { TIME_ZONE: timeZone } = settings as Readonly<Record<string, unknown>>;
  return {
    // What knox 5.0 does, and ours only where it is told to.
    tokenLimitCounts: 'expiring',
    ...(format !== undefined && { expiryDatetimeFormat: format as string | null }),
    ...(timeZone !== undefined && { timeZone: timeZone as string }),
    ...(Object.fromEntries(Object.entries(given).map(toOption)) as Partial<KnoxSettings>),
  };
}

function describeToken(auth: unknown): unknown {
  if (auth instanceof AuthToken) return { token_key: auth.tokenKey, expires: auth.expiry !== null };
  return (auth as { readonly key: string }).key;
}

/** django-rest-knox 5.0. */
export const knoxSystem: System = {
  settingsOf({ settings }: Profile, world: World): Settings {
    const { DEFAULT_AUTHENTICATION_CLASSES: defaults = [] } = settings['REST_FRAMEWORK'] ?? {};
    return defineSettings(
      { users: world.users, clock: world.clock, defaultAuthenticationClasses: toClasses(defaults) },
      knox({ store: world.knoxTokens, ...toOptions(settings) }),
      authtoken({ store: world.tokens }),
    );
  },

  routesOf(prefix: string, { whoami }: Profile, settings: Settings): Route[] {
    const authenticationClasses = toClasses(whoami);
    return [
      path(prefix, urls(settings)),
      ...whoAmIRoutes(prefix, { settings, describeAuth: describeToken, authenticationClasses }),
    ];
  },
};
