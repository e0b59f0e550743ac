import { tmpdir } from 'node:os';
import { BasicAuthentication } from '../auth/basic/authentication';
import { SessionAuthentication } from '../auth/session/authentication';
import { systemRandom, type RandomSource } from '../crypto/random';
import type { SecretKey } from '../crypto/signing';
import type { AuthenticationClasses } from './authentication';
import { MemoryCache, type Cache } from './cache';
import { systemClock, type Clock } from './clock';
import { exceptionHandler, type ExceptionHandler } from './exception-handler';
import { ImproperlyConfigured } from './exceptions';
import type { HostRequest } from './host';
import type { TemplateEngine } from './html-renderers';
import { consoleLogger, type Logger } from './logger';
import { SimpleMetadata, type Metadata } from './metadata';
import { MultiPartParser } from './multipart';
import type { NamespaceValue } from './namespace';
import { DefaultContentNegotiation, type ContentNegotiation } from './negotiation';
import { FormParser, JSONParser, type Parser } from './parsers';
import { defaultPasswordValidators, type PasswordValidator } from './passwords/validation';
import { AllowAny, type PermissionClasses } from './permissions';
import type { PolicyClass } from './policy';
import { JSONRenderer, type Renderer } from './renderers';
import type { Rate, ThrottleClasses } from './throttling';
import { isTimeZone } from './time-zone';
import type { Route } from './urls';
import { AnonymousUser, type UserStore } from './users';
import type { Versioning } from './versioning';
import { getViewDescription, getViewName } from './view-names';
import type { APIView, ViewResult } from './views';

/** A list of parsers, chosen from by the type of the body: DRF's `parser_classes`. */
export type ParserClasses = readonly PolicyClass<Parser>[];
/** A list of renderers, chosen from by `Accept`; the first is the default: DRF's `renderer_classes`. */
export type RendererClasses = readonly PolicyClass<Renderer>[];

/**
 * Runs around a request, from its wrapping to its answer: the place for a unit of work. The answer says by its field
 * `exception` whether an exception handler made it; then writes are rolled back although it is sent.
 */
export type AroundDispatch = (raw: HostRequest, run: () => Promise<ViewResult>) => Promise<ViewResult>;

/** The options of the core, under DRF's names in camelCase. Schemes bring their own, see `namespace`. */
export interface CoreSettings {
  /**
   * Authenticators of views that name none. As the first of them has no challenge, refusals are 403 by default, as in
   * DRF. @default [SessionAuthentication, BasicAuthentication]
   */
  readonly defaultAuthenticationClasses: AuthenticationClasses;
  /** Permissions of views that name none. @default [AllowAny] */
  readonly defaultPermissionClasses: PermissionClasses;
  /** Throttles of views that name none. @default [] */
  readonly defaultThrottleClasses: ThrottleClasses;
  /** Throttles of views that name none, asked before authentication: DRF has nothing of the kind. @default [] */
  readonly defaultPreAuthThrottleClasses: ThrottleClasses;
  /** Parsers of views that name none. @default [JSONParser, FormParser, MultiPartParser] */
  readonly defaultParserClasses: ParserClasses;
  /** Renderers of views that name none. @default [JSONRenderer] */
  readonly defaultRendererClasses: RendererClasses;
  /** Chooses parser and renderer. @default DefaultContentNegotiation */
  readonly defaultContentNegotiationClass: PolicyClass<ContentNegotiation>;
  /** Answers OPTIONS; null refuses it with 405. @default SimpleMetadata */
  readonly defaultMetadataClass: PolicyClass<Metadata> | null;
  /** Finds the version of a request; null: there are none. @default null */
  readonly defaultVersioningClass: PolicyClass<Versioning> | null;
  /** Rates by scope; null is no limit. @default { user: null, anon: null } */
  readonly defaultThrottleRates: Readonly<Record<string, Rate | null>>;
  /** Proxies in front, for the identity of clients; null: believe the whole `X-Forwarded-For`. @default null */
  readonly numProxies: number | null;
  /**
   * Bits of an IPv6 address that stand for one client, as a provider gives each customer a whole network: 64, say. With
   * it, IPv4 addresses in the form of IPv6 (`::ffff:192.0.2.1`) are IPv4 addresses again. Null: each address is a
   * client. @default null
   */
  readonly ipv6PrefixLength: number | null;
  /** Answers of throttled views carry `RateLimit` and `RateLimit-Policy`, for the tightest limit. @default false */
  readonly rateLimitHeaders: boolean;
  /**
   * What becomes of a request that can't be counted because the cache fails. `closed`: the error is answered with 500.
   * `open`: the logger is told, and the request passes. @default 'closed'
   */
  readonly onCacheError: 'open' | 'closed';
  /** The version of requests that name none. @default null */
  readonly defaultVersion: string | null;
  /** The versions there are; null allows any. @default null */
  readonly allowedVersions: readonly (string | null)[] | null;
  /** The name of the version in paths, queries and media types. @default 'version' */
  readonly versionParam: string;
  /** `eager`: the user is known before the view runs. `lazy`: when somebody asks. @default 'eager' */
  readonly authenticationMode: 'eager' | 'lazy';
  /**
   * Whether a view with a permission for objects fails when it answers with an object that nobody checked: a help for
   * developers, off in production. @default whether NODE_ENV is 'development'
   */
  readonly assertObjectPermissions: boolean;
  /**
   * Whose challenge a 401 carries. `first`: the first authenticator's alone, and a refusal is 403 where it has none
   * (DRF's rule). `all`: every one's, and 401 where any has one.
   * @default 'first'
   */
  readonly challengePolicy: 'first' | 'all';
  /** Makes the user of a request that nobody was recognised in; null: there is none. @default AnonymousUser */
  readonly unauthenticatedUser: (() => unknown) | null;
  /** Makes the `auth` of such a request; null: there is none. @default null */
  readonly unauthenticatedToken: (() => unknown) | null;
  /** Turns an exception into an answer; null from it means "not handled". @default exceptionHandler */
  readonly exceptionHandler: ExceptionHandler;
  /** The field of errors that belong to none. @default 'non_field_errors' */
  readonly nonFieldErrorsKey: string;
  /** The query parameter that overrides the format; null: none does. @default 'format' */
  readonly urlFormatOverride: string | null;
  /** The route parameter of a format suffix; null: there is none. @default 'format' */
  readonly formatSuffixKwarg: string | null;
  /** Names a view for people. @default getViewName */
  readonly viewNameFunction: (view: APIView) => string;
  /** Describes a view for people. @default getViewDescription */
  readonly viewDescriptionFunction: (view: APIView, html?: boolean) => string;
  /** JSON holds characters outside ASCII as they are. @default true */
  readonly unicodeJson: boolean;
  /** JSON has no blanks between its parts. @default true */
  readonly compactJson: boolean;
  /** NaN and infinities are errors in JSON. @default true */
  readonly strictJson: boolean;
  /** Bytes of a body that may be held in memory; null: no limit. @default 2_621_440 */
  readonly dataUploadMaxMemorySize: number | null;
  /** Fields of a form or query; null: no limit. @default 1000 */
  readonly dataUploadMaxNumberFields: number | null;
  /** Files of a form; null: no limit. @default 100 */
  readonly dataUploadMaxNumberFiles: number | null;
  /** How deep lists and objects of a JSON body may be nested. @default 200 */
  readonly dataUploadMaxDepth: number;
  /** Bytes of all files of a request that may be held in memory; the others rest on disk. @default 2_621_440 */
  readonly fileUploadMaxMemorySize: number;
  /**
   * Bytes of a body with files; null: no limit. DRF has none, but then one request can fill the disk.
   * @default 1_073_741_824
   */
  readonly fileUploadMaxSize: number | null;
  /** The folder for temporary files; null: files that are too large for memory are refused. @default the system's */
  readonly fileUploadTempDir: string | null;
  /** Fills in a template of `TemplateHTMLRenderer`, or gives null when there is none of that name. @default null */
  readonly templateEngine: TemplateEngine | null;
  /**
   * The hosts that the site answers for, wherever it needs its own name: `api.example.com`, `.example.com` with
   * everything below it, or `*`; null: whatever the client says. @default null
   */
  readonly allowedHosts: readonly string[] | null;
  /** A trusted proxy says in `X-Forwarded-Host` which host the client asked for. @default false */
  readonly useXForwardedHost: boolean;
  /** A header and its value by which a trusted proxy says that the client's connection is encrypted. @default null */
  readonly secureProxySslHeader: readonly [name: string, value: string] | null;
  /** The URL list of an app whose host routes by itself, for `reverse`. @default null */
  readonly urls: readonly Route[] | null;
  /** The user table; schemes that check passwords ask it. Without it they count as not attempted. @default null */
  readonly users: UserStore | null;
  /** The rules for new passwords; without any, every password will do. @default those of a new project of Django */
  readonly passwordValidators: readonly PasswordValidator[];
  /** Seconds for which a link that resets a password is good. @default 259_200, three days */
  readonly passwordResetTimeout: number;
  /**
   * Django's `SECRET_KEY`, which signs sessions, cookies and links. Whoever knows it can log in as anybody; null: nothing
   * can be signed. @default null
   */
  readonly secretKey: SecretKey | null;
  /** Secrets of before: what was signed with them still counts. @default [] */
  readonly secretKeyFallbacks: readonly SecretKey[];
  /**
   * The time zone of a Django site with the same secret, its `TIME_ZONE`: such as `Europe/Berlin` or
   * `+05:30`. The links that reset a password hold a local time, and knox writes one. @default 'UTC'
   */
  readonly timeZone: string;
  /** Counters of the throttles. @default a MemoryCache for each settings value */
  readonly cache: Cache;
  /** Tells the time; a fixed one makes tests repeatable. @default the system's */
  readonly clock: Clock;
  /** Where keys and secrets come from; a fixed one is for tests alone. @default the system's */
  readonly random: RandomSource;
  /** Where errors are reported that have no host to go to. @default standard error */
  readonly logger: Logger;
  /** Runs around each request. @default null */
  readonly aroundDispatch: AroundDispatch | null;
}

/** All options in force: one frozen value, a static field of the view class. */
export interface Settings extends CoreSettings {
  /** The options of schemes by the key of their namespace. */
  readonly namespaces: ReadonlyMap<symbol, object>;
}

type AnyClass = abstract new () => unknown;
/** What `defineSettings` takes: any of the options; classes where a value is made for each request. */
export type SettingsInput = Partial<
  Omit<CoreSettings, 'unauthenticatedUser' | 'unauthenticatedToken'> & {
    readonly unauthenticatedUser: AnyClass | (() => unknown) | null;
    readonly unauthenticatedToken: AnyClass | (() => unknown) | null;
  }
>;

const defaults: Omit<CoreSettings, 'cache'> = Object.freeze({
  defaultAuthenticationClasses: [SessionAuthentication, BasicAuthentication],
  defaultPermissionClasses: [AllowAny],
  defaultThrottleClasses: [],
  defaultPreAuthThrottleClasses: [],
  defaultParserClasses: [JSONParser, FormParser, MultiPartParser],
  defaultRendererClasses: [JSONRenderer],
  defaultContentNegotiationClass: DefaultContentNegotiation,
  defaultMetadataClass: SimpleMetadata,
  defaultVersioningClass: null,
  defaultThrottleRates: { user: null, anon: null },
  numProxies: null,
  ipv6PrefixLength: null,
  rateLimitHeaders: false,
  onCacheError: 'closed',
  defaultVersion: null,
  allowedVersions: null,
  versionParam: 'version',
  authenticationMode: 'eager',
  assertObjectPermissions: process.env['NODE_ENV'] === 'development',
  challengePolicy: 'first',
  unauthenticatedUser: () => new AnonymousUser(),
  unauthenticatedToken: null,
  exceptionHandler,
  nonFieldErrorsKey: 'non_field_errors',
  urlFormatOverride: 'format',
  formatSuffixKwarg: 'format',
  viewNameFunction: getViewName,
  viewDescriptionFunction: getViewDescription,
  unicodeJson: true,
  compactJson: true,
  strictJson: true,
  dataUploadMaxMemorySize: 2_621_440,
  dataUploadMaxNumberFields: 1000,
  dataUploadMaxNumberFiles: 100,
  dataUploadMaxDepth: 200,
  fileUploadMaxMemorySize: 2_621_440,
  fileUploadMaxSize: 1_073_741_824,
  fileUploadTempDir: tmpdir(),
  templateEngine: null,
  allowedHosts: null,
  useXForwardedHost: false,
  secureProxySslHeader: null,
  urls: null,
  users: null,
  passwordValidators: defaultPasswordValidators,
  passwordResetTimeout: 259_200,
  secretKey: null,
  secretKeyFallbacks: [],
  timeZone: 'UTC',
  clock: systemClock,
  random: systemRandom,
  logger: consoleLogger,
  aroundDispatch: null,
});

const NAMES: ReadonlySet<string> = new Set([...Object.keys(defaults), 'cache']);
const IS_CLASS = /Class(?:es)?$/;

/**
 * Makes the settings of an app, usually in one place: a static field of its base view.
 *
 * @param options options of the core; those left out have DRF's defaults
 * @param namespaces options of schemes, such as `authtoken({ store })`
 * @throws ImproperlyConfigured for an option that nobody knows, or a value that can't be
 *
 * @example static override settings = defineSettings({ defaultPermissionClasses: [IsAuthenticated] });
 */
export function defineSettings(options: SettingsInput = {}, ...namespaces: readonly NamespaceValue[]): Settings {
  const cache = new MemoryCache(options.clock === undefined ? {} : { clock: options.clock });
  return extendSettings({ ...defaults, cache, namespaces: new Map() }, options, ...namespaces);
}

/**
 * Settings with some options changed; the cache stays the same one.
 * @throws ImproperlyConfigured for an option that nobody knows, or a value that can't be
 */
export function extendSettings(
  base: Settings,
  options: SettingsInput,
  ...namespaces: readonly NamespaceValue[]
): Settings {
  for (const [name, value] of Object.entries(options)) {
    if (!NAMES.has(name)) {
      throw new ImproperlyConfigured(`Unknown setting '${name}'. Settings are: ${[...NAMES].join(', ')}.`);
    }
    if (value === undefined && IS_CLASS.test(name)) {
      // Taken for "left out", a list that a cycle of imports lost would leave every view open.
      throw new ImproperlyConfigured(`The setting '${name}' is undefined. Do two modules import each other?`);
    }
  }
  checkPrefixLength(options.ipv6PrefixLength ?? null);
  checkTimeZone(options.timeZone ?? 'UTC');
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return Object.freeze({
    ...base,
    ...(given as Partial<CoreSettings>),
    unauthenticatedUser: toFactory(options.unauthenticatedUser, base.unauthenticatedUser),
    unauthenticatedToken: toFactory(options.unauthenticatedToken, base.unauthenticatedToken),
    namespaces: new Map([...base.namespaces, ...namespaces.map(({ key, values }) => [key, values] as const)]),
  });
}

function checkPrefixLength(length: number | null): void {
  if (length === null || (Number.isInteger(length) && length >= 1 && length <= 128)) return;
  throw new ImproperlyConfigured(
    `The setting 'ipv6PrefixLength' is ${String(length)}. It is a whole number from 1 to 128, such as 64, or null.`,
  );
}

function checkTimeZone(timeZone: string): void {
  if (isTimeZone(timeZone)) return;
  throw new ImproperlyConfigured(
    `The setting 'timeZone' is '${timeZone}'. It is the name of a time zone, such as 'Europe/Berlin', or '+05:30'.`,
  );
}

function toFactory(
  given: SettingsInput['unauthenticatedUser'] | undefined,
  otherwise: (() => unknown) | null,
): (() => unknown) | null {
  if (given === undefined) return otherwise;
  if (given === null) return null;
  // The prototype of a class can't be replaced, that of a function can: the one is made with `new`, the other called.
  if (Object.getOwnPropertyDescriptor(given, 'prototype')?.writable === false) {
    const Class = given as new () => unknown;
    return () => new Class();
  }
  return given as () => unknown;
}

/** The settings of views that name none. */
export const defaultSettings: Settings = defineSettings();
