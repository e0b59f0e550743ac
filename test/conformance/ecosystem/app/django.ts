import {
  authtoken,
  BasicAuthentication,
  defineSettings,
  session,
  SessionAuthentication,
  TokenAuthentication,
  type AuthenticationClasses,
  type NamespaceValue,
  type Settings,
} from 'sallyport';
import type { Profile } from './documents';
import type { World } from './world';

type Table<T> = Readonly<Record<string, T>>;

/** Authentication classes by their paths in Python. */
export type Authenticators = Table<AuthenticationClasses[number]>;

const AUTHENTICATION = 'rest_framework.authentication';

const AUTHENTICATORS: Authenticators = {
  [`${AUTHENTICATION}.BasicAuthentication`]: BasicAuthentication,
  [`${AUTHENTICATION}.SessionAuthentication`]: SessionAuthentication,
  [`${AUTHENTICATION}.TokenAuthentication`]: TokenAuthentication,
};

/** @throws Error for a name that the table doesn't know */
export function find<T>(table: Table<T>, name: unknown): T {
  if (Object.hasOwn(table, name as string)) return table[name as string]!;
  throw new Error(`sallyport offers no ${String(name)}`);
}

/**
 * Classes that a profile names: DRF's, and those of its package.
 * @throws Error for a name that nobody knows
 */
export function toAuthenticationClasses(names: unknown, own: Authenticators): AuthenticationClasses {
  return (names as readonly string[]).map((name) => find({ ...AUTHENTICATORS, ...own }, name));
}

/** What of Django and DRF itself is in force in every profile: the tables, the secret, and what the profile says of them. */
export function djangoSettings(
  { settings }: Profile,
  { world, authenticators, options }: DjangoSettingsInput,
): Settings {
  const { DEFAULT_AUTHENTICATION_CLASSES: classes = [], NON_FIELD_ERRORS_KEY: nonFieldErrorsKey } =
    settings['REST_FRAMEWORK'] ?? {};
  const { TIME_ZONE: timeZone = 'UTC' } = settings as Table<unknown>;
  return defineSettings(
    {
      users: world.users,
      clock: world.clock,
      secretKey: world.fixtures.secret_key,
      timeZone: timeZone as string,
      defaultAuthenticationClasses: toAuthenticationClasses(classes, authenticators),
      ...(nonFieldErrorsKey !== undefined && { nonFieldErrorsKey: nonFieldErrorsKey as string }),
    },
    authtoken({ store: world.tokens }),
    session({ store: world.sessions }),
    ...options,
  );
}

interface DjangoSettingsInput {
  readonly world: World;
  /** Those of the package. */
  readonly authenticators: Authenticators;
  /** The options of the package. */
  readonly options: readonly NamespaceValue[];
}
