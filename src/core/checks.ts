import { BaseAuthentication, type SettingsCheck } from './authentication';
import { ImproperlyConfigured } from './errors';
import { finding, type CheckedView, type Finding, type SelfCheck } from './findings';
import type { Handler } from './host';
import { isInMemory } from './in-memory';
import { accessOf, inspectRoutes, methodOf, originOf, placeOf, type RouteInfo, type ViewInfo } from './inspection';
import { checkPermissions } from './permission-findings';
import type { PolicyClass } from './policy';
import { POLICY_NAMES, type PolicyName } from './resolution';
import { checkSecrets } from './secrets';
import type { Settings } from './settings';
import { checkThrottles } from './throttle-findings';
import type { Route } from './urls';

export type { CheckedView, CheckId, Finding, FindingLevel, SelfCheck } from './findings';
export { CHECKS } from './findings';

/** What `runChecks` looks at, and what it reports. */
export interface CheckOptions {
  /** Settings to look at beside those of the views. */
  readonly settings?: Settings | undefined;
  /** Whether to report what matters in production alone. @default false */
  readonly deploy?: boolean | undefined;
}

/**
 * Looks for what is insecure in the set-up of an app, without serving a request. A policy class or view class may bring
 * checks of its own, see `SelfCheck`.
 *
 * @param routes the URL list of the app, as `handle` takes it
 * @throws ImproperlyConfigured for a view whose policies can't be, or that is of another copy of the library
 * @example expect(runChecks(urls, { deploy: true })).toEqual([]);
 */
export function runChecks(
  routes: readonly Route[],
  { settings: more, deploy = false }: CheckOptions = {},
): readonly Finding[] {
  const handlers = groupByHandler(inspectRoutes(routes));
  const inForce = [...(more === undefined ? [] : [more]), ...handlers.flatMap(settingsOf)];
  const all = [...handlers.flatMap(checkHandler), ...inForce.flatMap(checkSettings)];
  const inQuestion = all.filter((found) => deploy || !found.deploy);
  // What is wrong with settings is found once for each view that they serve.
  return [...new Map(inQuestion.map((found) => [JSON.stringify(found), found])).values()];
}

/** A handler may have several routes, as for a format suffix. */
type HandlerRoutes = readonly [RouteInfo, ...RouteInfo[]];

function groupByHandler(routes: readonly RouteInfo[]): HandlerRoutes[] {
  const groups = new Map<Handler, [RouteInfo, ...RouteInfo[]]>();
  for (const route of routes) {
    const group = groups.get(route.handler);
    if (group === undefined) groups.set(route.handler, [route]);
    else group.push(route);
  }
  return [...groups.values()];
}

function settingsOf([{ view }]: HandlerRoutes): Settings[] {
  return view === null ? [] : [view.policies.settings];
}

function checkHandler(routes: HandlerRoutes): Finding[] {
  const [{ view, target }] = routes;
  const where = `${target} at ${routes.map(({ pattern }) => pattern).join(', ')}`;
  if (view !== null) return checkView(view, where);
  return [
    finding('sallyport.W002', where, {
      message: 'The handler is no view: no authentication, permission or throttle stands before it.',
      hint: 'Make it a view. If something is wrapped around a view, wrap it around handle([…]) instead.',
    }),
  ];
}

function checkView(view: ViewInfo, where: string): Finding[] {
  return [
    ...checkPermissions(view, where),
    ...checkAuthentication(view, where),
    ...checkThrottles(view, where),
    ...askClasses(view, where),
  ];
}

// Authentication

function checkAuthentication(view: ViewInfo, where: string): Finding[] {
  const { authenticationClasses, settings } = view.policies;
  const isDefault = originOf(view, 'authenticationClasses').kind === 'library';
  if (isDefault && authenticationClasses.every((policy) => complaintOf(policy, settings) !== null)) {
    return accessOf(view) === 'guarded' ? [nobodyIsRecognised(where)] : [];
  }
  const [first, ...others] = authenticationClasses;
  const challenger = others.find(canChallenge);
  if (first === undefined || settings.challengePolicy === 'all' || canChallenge(first) || challenger === undefined) {
    return [];
  }
  return [
    finding('sallyport.W003', placeOf(view, 'authenticationClasses', where), {
      message: `Who comes without credentials is answered with 403 and not 401, for ${first.name}, the first authenticator, has no challenge.`,
      hint: `Put ${challenger.name} first, or set challengePolicy: 'all'.`,
    }),
  ];
}

function nobodyIsRecognised(where: string): Finding {
  return finding('sallyport.W004', where, {
    message:
      'The view asks for users, and the default authenticators have neither a table of users nor one of sessions.',
    hint: 'Set defaultAuthenticationClasses, and what they need: defineSettings({ defaultAuthenticationClasses: […], users: userStore(orm) }).',
  });
}

function canChallenge(policy: PolicyClass<object>): boolean {
  const method = methodOf(policy, 'authenticateHeader');
  return method !== undefined && method !== methodOf(BaseAuthentication, 'authenticateHeader');
}

// What classes find themselves

function askClasses(view: ViewInfo, where: string): Finding[] {
  const classes = new Set<object>([view.viewClass]);
  const found: Finding[] = [];
  for (const name of POLICY_NAMES) {
    const policies = classesOf(view, name);
    policies.forEach((policy) => classes.add(policy));
    // DRF's default authenticators count as "not attempted" where the app has no users.
    if (originOf(view, name).kind === 'library') continue;
    for (const policy of policies) {
      const message = complaintOf(policy, view.policies.settings);
      if (message !== null) found.push(finding('sallyport.E001', placeOf(view, name, where), { message, hint: null }));
    }
  }
  const checked = { where, policies: view.policies };
  return [...found, ...[...classes].flatMap((policy) => askClass(policy as ClassWithCheck, checked))];
}

type ClassWithCheck = SelfCheck & { readonly name: string };

function classesOf({ policies }: ViewInfo, name: PolicyName): object[] {
  return [policies[name]].flat().filter((policy) => typeof policy === 'function');
}

function askClass(policy: ClassWithCheck, checked: CheckedView): readonly Finding[] {
  const found: unknown = policy.check?.(checked.policies.settings, checked) ?? [];
  if (Array.isArray(found)) return found as Finding[];
  throw new ImproperlyConfigured(`${policy.name}.check() must return a list of findings.`);
}

function complaintOf(policy: object, settings: Settings): string | null {
  try {
    (policy as SettingsCheck).checkSettings?.(settings);
    return null;
  } catch (error) {
    if (error instanceof ImproperlyConfigured) return error.message;
    throw error;
  }
}

// Settings

function checkSettings(settings: Settings): Finding[] {
  const found = checkSecrets(settings, {
    prefix: '',
    danger: 'Whoever finds it can sign cookies and links to new passwords in the name of the site.',
  });
  const { allowedHosts } = settings;
  if (allowedHosts === null || allowedHosts.includes('*')) {
    found.push(
      finding('sallyport.W015', 'the setting allowedHosts', {
        message:
          'Wherever the site needs its own name it takes the one that the client sends, so links may lead to a stranger.',
        hint: "Name the hosts that you serve: allowedHosts: ['api.example.com'].",
      }),
    );
  }
  if (settings.passwordValidators.length === 0) {
    found.push(
      finding('sallyport.W026', 'the setting passwordValidators', {
        message: 'There is no rule for new passwords, so that somebody may choose an empty one.',
        hint: 'Leave out passwordValidators to have those of a new Django project.',
      }),
    );
  }
  return [...found, ...checkStores(settings)];
}

/** The word before the options of a scheme: the last one of its symbol. */
function namespaceName({ description = '' }: symbol): string {
  return description.slice(description.lastIndexOf('.') + 1);
}

function checkStores(settings: Settings): Finding[] {
  const stores = [...settings.namespaces].flatMap(([key, values]) =>
    Object.entries(values).map(([option, store]) => [`${namespaceName(key)}.${option}`, store] as const),
  );
  return [['users', settings.users] as const, ...stores]
    .filter(([, store]) => isInMemory(store))
    .map(([name]) =>
      finding('sallyport.W016', `the setting ${name}`, {
        message: 'The store is gone with the process, and each process has one of its own.',
        hint: 'Use a store that all processes share, such as those of sallyport/mikro-orm.',
      }),
    );
}
