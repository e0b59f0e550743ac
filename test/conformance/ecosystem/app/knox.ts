import { path, type Route, type Settings, type User } from 'sallyport';
import {
  knox,
  TokenAuthentication,
  urls,
  UserSerializer,
  type AuthToken,
  type HashAlgorithm,
  type KnoxSettings,
} from 'sallyport/knox';
import { djangoSettings, find, toAuthenticationClasses, type Authenticators } from './django';
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

const AUTHENTICATORS: Authenticators = { 'knox.auth.TokenAuthentication': TokenAuthentication };

const SERIALIZERS: Readonly<Record<string, typeof UserSerializer>> = {
  'knox.serializers.UserSerializer': UserSerializer,
  '@FullUserSerializer': FullUserSerializer,
};

const ALGORITHMS: Readonly<Record<string, HashAlgorithm>> = {
  'hashlib.sha512': 'sha512',
  'hashlib.sha3_512': 'sha3-512',
  'hashlib.blake2b': 'blake2b512',
};

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
  return {
    // What knox 5.0 does, and ours only where it is told to.
    tokenLimitCounts: 'expiring',
    ...(format !== undefined && { expiryDatetimeFormat: format as string | null }),
    ...(Object.fromEntries(Object.entries(given).map(toOption)) as Partial<KnoxSettings>),
  };
}

function describeToken(auth: unknown): unknown {
  const { tokenKey, expiry } = auth as AuthToken;
  return { token_key: tokenKey, expires: expiry !== null };
}

/** django-rest-knox 5.0. */
export const knoxSystem: System = {
  settingsOf(profile: Profile, world: World): Settings {
    const options = [knox({ store: world.knoxTokens, ...toOptions(profile.settings) })];
    return djangoSettings(profile, { world, authenticators: AUTHENTICATORS, options });
  },

  routesOf(prefix: string, { whoami = [] }: Profile, settings: Settings): Route[] {
    const authenticationClasses = toAuthenticationClasses(whoami, AUTHENTICATORS);
    return [
      path(prefix, urls(settings)),
      ...whoAmIRoutes(prefix, { settings, describeAuth: describeToken, authenticationClasses }),
    ];
  },
};
