import { randomBytes } from 'node:crypto';
import { AnonymousUser, authtoken, defineSettings, extendSettings, session } from 'sallyport';
import type { Logger, Settings, SettingsInput } from 'sallyport';
import type { Names } from './definitions';
import type { RestFrameworkSettings } from './documents';
import type { World } from './world';

type Option = (value: never, names: Names) => SettingsInput;

const lists =
  <Name extends string>(name: Name, find: (names: Names, item: string) => unknown) =>
  (value: readonly string[], names: Names): SettingsInput => ({ [name]: value.map((item) => find(names, item)) });

const classOrNull =
  (name: keyof SettingsInput, type: 'negotiation' | 'metadata' | 'versioning') =>
  (value: string | null, names: Names): SettingsInput => ({ [name]: value === null ? null : names.find(type, value) });

const same =
  (name: keyof SettingsInput) =>
  (value: unknown): SettingsInput => ({ [name]: value });

/** DRF's settings in the words of ours. */
const OPTIONS: Readonly<Record<string, Option>> = {
  DEFAULT_AUTHENTICATION_CLASSES: lists('defaultAuthenticationClasses', (names, name) =>
    names.find('authenticator', name),
  ),
  DEFAULT_PERMISSION_CLASSES: lists('defaultPermissionClasses', (names, name) => names.permission(name)),
  DEFAULT_THROTTLE_CLASSES: lists('defaultThrottleClasses', (names, name) => names.find('throttle', name)),
  DEFAULT_PARSER_CLASSES: lists('defaultParserClasses', (names, name) => names.find('parser', name)),
  DEFAULT_RENDERER_CLASSES: lists('defaultRendererClasses', (names, name) => names.find('renderer', name)),
  DEFAULT_CONTENT_NEGOTIATION_CLASS: classOrNull('defaultContentNegotiationClass', 'negotiation'),
  DEFAULT_METADATA_CLASS: classOrNull('defaultMetadataClass', 'metadata'),
  DEFAULT_VERSIONING_CLASS: classOrNull('defaultVersioningClass', 'versioning'),
  DEFAULT_THROTTLE_RATES: same('defaultThrottleRates'),
  DEFAULT_VERSION: same('defaultVersion'),
  ALLOWED_VERSIONS: same('allowedVersions'),
  VERSION_PARAM: same('versionParam'),
  NUM_PROXIES: same('numProxies'),
  URL_FORMAT_OVERRIDE: same('urlFormatOverride'),
  FORMAT_SUFFIX_KWARG: same('formatSuffixKwarg'),
  NON_FIELD_ERRORS_KEY: same('nonFieldErrorsKey'),
  UNAUTHENTICATED_USER: (value: UserValue) => ({ unauthenticatedUser: toUserFactory(value) }),
  UNAUTHENTICATED_TOKEN: (value: unknown) => ({
    unauthenticatedToken: value === null ? null : () => structuredClone(value),
  }),
  EXCEPTION_HANDLER: (value: string, names: Names) => ({ exceptionHandler: names.exceptionHandler(value) }),
};

type UserValue = 'AnonymousUser' | { readonly username: string; readonly is_authenticated: boolean } | null;

function toUserFactory(value: UserValue): (() => unknown) | null {
  if (value === null) return null;
  if (value === 'AnonymousUser') return () => new AnonymousUser();
  return () => ({ username: value.username, isAuthenticated: value.is_authenticated, isStaff: false });
}

/** What stands behind all views: the tables, and the server in front. */
export function baseSettings(world: World, logger?: Logger): Settings {
  return defineSettings(
    {
      users: world.users,
      cache: world.cache,
      secureProxySslHeader: ['X-Forwarded-Proto', 'https'],
      ...(logger === undefined ? {} : { logger }),
    },
    authtoken({ store: world.tokens }),
    session({ store: world.sessions, secretKey: randomBytes(32).toString('hex') }),
  );
}

/** DRF's own list; ours leaves the second one to the app. */
const DRF_RENDERERS = ['JSONRenderer', 'BrowsableAPIRenderer'];

/**
 * The settings of a view: DRF's defaults with what the project changes, and over that what the view does.
 * @throws NotOffered
 */
export function viewSettings(base: Settings, given: RestFrameworkSettings, names: Names): Settings {
  return extendSettings(base, toOptions({ DEFAULT_RENDERER_CLASSES: DRF_RENDERERS, ...given }, names));
}

function toOptions(given: RestFrameworkSettings, names: Names): SettingsInput {
  const options = Object.entries(given).map(([name, value]) => {
    const option = OPTIONS[name];
    if (option === undefined) throw new Error(`There is no setting '${name}'.`);
    return option(value as never, names);
  });
  return Object.assign({}, ...options) as SettingsInput;
}
