import type { AuthenticationClasses, SettingsCheck } from './authentication';
import { ImproperlyConfigured } from './exceptions';
import type { Metadata } from './metadata';
import type { ContentNegotiation } from './negotiation';
import type { PermissionClasses } from './permissions';
import type { PolicyClass } from './policy';
import type { ParserClasses, RendererClasses, Settings } from './settings';
import type { ThrottleClasses } from './throttling';
import type { Versioning } from './versioning';
import type { ViewClass } from './views';

/** What a view may declare, by static fields or decorators; each falls back to the settings. */
export interface Policies {
  readonly authenticationClasses: AuthenticationClasses;
  readonly permissionClasses: PermissionClasses;
  readonly throttleClasses: ThrottleClasses;
  /** Throttles that are asked before the authenticators. */
  readonly preAuthThrottleClasses: ThrottleClasses;
  readonly parserClasses: ParserClasses;
  readonly rendererClasses: RendererClasses;
  readonly contentNegotiationClass: PolicyClass<ContentNegotiation>;
  readonly metadataClass: PolicyClass<Metadata> | null;
  readonly versioningClass: PolicyClass<Versioning> | null;
  /** The scope of `ScopedRateThrottle`. */
  readonly throttleScope: string | null;
  /** The view's name for people, in place of one made from the class name. */
  readonly viewName: string | null;
  /** What is added to a name that was made from the class name. */
  readonly viewSuffix: string | null;
  /** What the view does, for people. */
  readonly description: string | null;
}

export type PolicyName = keyof Policies;

/** The policies of one handler, resolved once in `asView()`. */
export interface ResolvedPolicies extends Policies {
  readonly settings: Settings;
  readonly className: string;
  readonly httpMethodNames: readonly string[];
}

const LISTS = [
  'authenticationClasses',
  'permissionClasses',
  'throttleClasses',
  'preAuthThrottleClasses',
  'parserClasses',
  'rendererClasses',
] as const;
const SINGLES = ['contentNegotiationClass', 'metadataClass', 'versioningClass'] as const;
const TEXTS = ['throttleScope', 'viewName', 'viewSuffix', 'description'] as const;
/** Names that must not be members of an instance: they would be ignored there, and what they guard stand open. */
export const GUARDS: readonly PolicyName[] = [...LISTS, ...SINGLES, 'throttleScope'];
/** Everything that a view may declare, and `asView` may override. */
export const POLICY_NAMES: readonly PolicyName[] = [...LISTS, ...SINGLES, ...TEXTS];
const MAY_BE_NULL: ReadonlySet<PolicyName> = new Set<PolicyName>(['metadataClass', 'versioningClass', ...TEXTS]);

/** The record that a policy decorator writes onto what it decorates. */
export type PolicyRecord = Partial<Policies>;
const RECORD: unique symbol = Symbol.for('sallyport.policies') as never;
type Recorded = object & { [RECORD]?: PolicyRecord };

/** The record of a class or function itself, not of what it inherits from. */
export function ownRecord(target: object): PolicyRecord | undefined {
  return Object.hasOwn(target, RECORD) ? (target as Recorded)[RECORD] : undefined;
}

/** Adds to the record of a class or function. */
export function addToRecord(target: object, policies: PolicyRecord): void {
  Object.defineProperty(target, RECORD, { value: { ...ownRecord(target), ...policies }, configurable: true });
}

/** Where a class declares a policy. */
export interface Declaration {
  readonly value: unknown;
  /** The name of the class. */
  readonly declaredBy: string;
  readonly form: 'static' | 'decorator';
}

/**
 * The declaration in force: the nearest class, from the view upwards, that declares the policy decides. Undefined where
 * none does, so that the settings decide.
 * @throws ImproperlyConfigured for a class that declares it twice, or as undefined
 */
export function findDeclaration(view: ViewClass, name: PolicyName): Declaration | undefined {
  for (
    let current: object | null = view;
    typeof current === 'function';
    current = Object.getPrototypeOf(current) as object | null
  ) {
    const className = (current as ViewClass).name;
    const record = ownRecord(current)?.[name];
    const own: unknown = Object.hasOwn(current, name) ? (current as Partial<Policies>)[name] : undefined;
    if (record !== undefined && own !== undefined) {
      throw new ImproperlyConfigured(`${className} declares ${name} twice: static ${name} and @${name}(…). Keep one.`);
    }
    if (record !== undefined) return { value: record, declaredBy: className, form: 'decorator' };
    if (own !== undefined) return { value: own, declaredBy: className, form: 'static' };
    refuseUndefined(current as ViewClass, name);
  }
  return undefined;
}

/** A list that a cycle of imports left undefined must not count as none: then the inherited one would guard, or nothing. */
function refuseUndefined(view: ViewClass, name: PolicyName): void {
  if (!GUARDS.includes(name) || !Object.hasOwn(view, name)) return;
  if (Object.hasOwn(view.prototype as object, ROOT)) return; // APIView itself declares all of them without a value
  throw new ImproperlyConfigured(`${view.name}.${name} is undefined. Do two modules import each other?`);
}

/** The setting that a policy falls back to. */
export function settingName(name: PolicyName): keyof Settings {
  return `default${name[0]!.toUpperCase()}${name.slice(1)}` as keyof Settings;
}

/**
 * Finds and checks the policies of a view class.
 * @throws ImproperlyConfigured for anything that would silently not guard
 */
export function resolvePolicies(view: ViewClass): ResolvedPolicies {
  refuseInstanceMembers(view);
  const { settings } = view;
  if ((settings as Settings | undefined) === undefined) {
    throw new ImproperlyConfigured(`The settings of ${view.name} are undefined. Do two modules import each other?`);
  }
  const resolved: Record<string, unknown> = {};
  for (const name of [...LISTS, ...SINGLES]) {
    const found = findDeclaration(view, name);
    const value = found === undefined ? settings[settingName(name)] : found.value;
    const owner = found === undefined ? `the setting ${settingName(name)}` : `${found.declaredBy}.${name}`;
    if ((LISTS as readonly string[]).includes(name)) checkList(value, owner);
    else checkSingle(value, owner, MAY_BE_NULL.has(name));
    if (found !== undefined) checkSettings(value, settings);
    resolved[name] = value;
  }
  for (const name of TEXTS) resolved[name] = findDeclaration(view, name)?.value ?? null;
  return Object.freeze({
    ...(resolved as unknown as Policies),
    settings,
    className: view.name,
    httpMethodNames: view.httpMethodNames.map((method) => method.toLowerCase()),
  });
}

function checkList(value: unknown, owner: string): void {
  if (!Array.isArray(value)) {
    throw new ImproperlyConfigured(`${owner} must be a list of classes: [IsAuthenticated], not ${describe(value)}.`);
  }
  value.forEach((item, i) => {
    if (typeof item === 'function') return;
    throw new ImproperlyConfigured(
      `${owner}[${String(i)}] is ${describe(item)}, not a class.` +
        (item === undefined ? ' Do two modules import each other?' : ' Write the class itself, without new or ().'),
    );
  });
}

function checkSingle(value: unknown, owner: string, mayBeNull: boolean): void {
  if (typeof value === 'function' || (mayBeNull && value === null)) return;
  throw new ImproperlyConfigured(`${owner} must be a class${mayBeNull ? ' or null' : ''}, not ${describe(value)}.`);
}

function checkSettings(value: unknown, settings: Settings): void {
  for (const policy of Array.isArray(value) ? (value as SettingsCheck[]) : [value as SettingsCheck | null]) {
    policy?.checkSettings?.(settings);
  }
}

function describe(value: unknown): string {
  if (typeof value === 'function') return `the class ${value.name}`;
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** Policies of the prototype: nobody would read a getter, or what is decorated onto a method, so the view would stand open. */
function refuseInstanceMembers(view: ViewClass): void {
  let prototype = view.prototype as object;
  while (!Object.hasOwn(prototype, ROOT)) {
    for (const name of GUARDS) if (Object.hasOwn(prototype, name)) throw notStatic(view, name);
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      const record = typeof value === 'function' && name !== 'constructor' ? ownRecord(value as object) : undefined;
      if (record !== undefined) throw notOnMethod(view, name, Object.keys(record)[0]!);
    }
    prototype = Object.getPrototypeOf(prototype) as object;
  }
}

function notOnMethod(view: ViewClass, method: string, policy: string): ImproperlyConfigured {
  return new ImproperlyConfigured(
    `@${policy} above the method ${view.name}.${method} would be ignored: policies are those of the whole view. ` +
      `Write it above the class, or override the getter of the policy's instances and look at request.method there.`,
  );
}

/** The mark of the prototype that all views inherit from. */
export const ROOT: unique symbol = Symbol.for('sallyport.APIView') as never;

/**
 * Refuses fields of an instance under the name of a policy.
 * @throws ImproperlyConfigured
 */
export function refuseInstanceFields(instance: object, view: ViewClass): void {
  for (const name of GUARDS) if (Object.hasOwn(instance, name)) throw notStatic(view, name);
}

/** What is said to a developer who declares a policy on an instance. */
export function notStatic(view: ViewClass, name: PolicyName): ImproperlyConfigured {
  return new ImproperlyConfigured(
    `${view.name}.${name} belongs to the instance, where it would be ignored. Write \`static override ${name} = …\`.`,
  );
}
