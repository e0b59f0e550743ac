import type { Command } from 'commander';
import { accessOf, inspectRoutes, nameOfPolicy, originOf } from '../../core/inspection';
import type { Access, Origin, RouteInfo, ViewInfo } from '../../core/inspection';
import type { PolicyClass } from '../../core/policy';
import type { APIView } from '../../core/views';
import { loadApp } from '../app';
import { Failure } from '../errors';
import { configOf } from '../options';
import { columns, print } from '../output';

const POLICIES = [
  'authenticationClasses',
  'permissionClasses',
  'preAuthThrottleClasses',
  'throttleClasses',
  'parserClasses',
  'rendererClasses',
  'contentNegotiationClass',
  'metadataClass',
  'versioningClass',
] as const;
type Printed = (typeof POLICIES)[number];

/** The policies that stand in the table for people. Most views have no throttles; no permissions are worth a line. */
const LINES = [
  { policy: 'authenticationClasses', label: 'authentication', isOptional: false },
  { policy: 'permissionClasses', label: 'permissions', isOptional: false },
  { policy: 'preAuthThrottleClasses', label: 'early throttles', isOptional: true },
  { policy: 'throttleClasses', label: 'throttles', isOptional: true },
] as const;

/** The classes of a policy by name, and where they are declared. */
interface PrintedPolicy {
  readonly classes: readonly string[];
  readonly from: Origin;
}

/** A route as it is printed. */
interface PrintedRoute {
  readonly pattern: string;
  /** The name with its namespaces. */
  readonly name: string | null;
  readonly view: string;
  readonly methods: readonly string[];
  /** Who may pass; `unknown` for a handler that is no view. */
  readonly access: Access | 'unknown';
  /** By the name of the list or field; null for a handler that is no view. */
  readonly policies: Readonly<Record<string, PrintedPolicy>> | null;
}

export function addRoutes(program: Command): void {
  program
    .command('routes')
    .description('List every route with its methods and policies, and where these come from')
    .option('--fail-on-open', 'exit with 1 if a route lets everybody in and nobody has declared so', false)
    .option('--json', 'print the routes as JSON', false)
    .action(async ({ failOnOpen, json }: { failOnOpen: boolean; json: boolean }) => {
      const { urls } = await loadApp(configOf(program));
      const routes = inspectRoutes(urls).map(printed);
      print(json ? JSON.stringify(routes) : routes.map(describe).join('\n\n'));
      if (failOnOpen) refuseOpen(routes);
    });
}

function printed({ pattern, fullName: name, target, view }: RouteInfo): PrintedRoute {
  const about = { pattern, name, view: target };
  if (view === null) return { ...about, methods: [], access: 'unknown', policies: null };
  const policies = Object.fromEntries(
    POLICIES.map((policy) => [policy, { classes: classesOf(view, policy), from: originOf(view, policy) }]),
  );
  const { allowedMethods } = new view.viewClass() as APIView;
  return { ...about, methods: allowedMethods, access: accessOf(view), policies };
}

function classesOf({ policies }: ViewInfo, policy: Printed): string[] {
  const classes: readonly (PolicyClass<object> | null)[] = [policies[policy]].flat();
  return classes.filter((Class) => Class !== null).map(nameOfPolicy);
}

function describe({ pattern, name, view, methods, access, policies }: PrintedRoute): string {
  const head = name === null ? pattern : `${pattern}  ${name}`;
  if (policies === null) return `${head}\n  ${view}: no view, so no policy guards it`;
  const rows = LINES.filter(({ policy, isOptional }) => !isOptional || policies[policy]!.classes.length > 0).map(
    ({ policy, label }) => {
      const { classes, from } = policies[policy]!;
      return [`    ${label}`, classes.length === 0 ? 'none' : classes.join(', '), describeOrigin(from)];
    },
  );
  const open = access === 'open' ? ['    open: everybody gets in, and nobody has declared so'] : [];
  return [head, `  ${view}: ${methods.join(', ')}`, ...columns(rows), ...open].join('\n');
}

function describeOrigin({ kind, name }: Origin): string {
  switch (kind) {
    case 'library':
      return 'default';
    case 'setting':
      return name;
    case 'asView':
      return `${name}.asView()`;
    case 'decorator':
      return `decorator of ${name}`;
    case 'static':
      return `static of ${name}`;
  }
}

/** @throws Failure when somebody could get in by mistake */
function refuseOpen(routes: readonly PrintedRoute[]): void {
  const open = routes.filter(({ access }) => access === 'open' || access === 'unknown');
  if (open.length === 0) return;
  const patterns = open.map(({ pattern }) => pattern).join(', ');
  process.stderr.write(`Open to everybody, and nobody has declared so: ${patterns}\n`);
  throw new Failure();
}
