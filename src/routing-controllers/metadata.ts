import { getMetadataArgsStorage } from 'routing-controllers';
import { ImproperlyConfigured } from '../core/errors';
import { ownRecord, ROOT } from '../core/resolution';

/** A class and all that it inherits from. */
export function ancestry(type: unknown): readonly unknown[] {
  const found: unknown[] = [];
  for (let current = type; typeof current === 'function'; current = Object.getPrototypeOf(current)) found.push(current);
  return found;
}

/** Whether a class is a view, of this copy of the package or another. */
export function isView(type: { readonly prototype?: unknown }): boolean {
  const { prototype } = type;
  return typeof prototype === 'object' && prototype !== null && ROOT in prototype;
}

/**
 * Refuses policies of controllers where nobody would ask them, so that a route which looks guarded is.
 * @throws ImproperlyConfigured
 */
export function refuseUnguarded(): void {
  const { controllers, actions } = getMetadataArgsStorage();
  for (const { target } of controllers) {
    if (isView(target)) continue;
    const policy = policyOn(target);
    if (policy !== undefined) {
      throw new ImproperlyConfigured(
        `@${policy} above the controller ${target.name} guards nothing. Write it above its methods, below @apiView.`,
      );
    }
    refuseInherited(target);
  }
  for (const { target, method } of actions) {
    const policy = isView(target) ? undefined : policyOn(memberOf(target, method));
    if (policy === undefined) continue;
    throw new ImproperlyConfigured(
      `@${policy} above ${target.name}.${method} guards nothing. Write @apiView([…]) above it, from ` +
        'sallyport/routing-controllers.',
    );
  }
}

/** Routing-controllers gives a class the routes that it inherits, but neither their middleware nor their parameters. */
function refuseInherited(controller: Controller): void {
  const { actions } = getMetadataArgsStorage();
  const bases = ancestry(controller).slice(1);
  const own = new Set(actions.filter(({ target }) => target === controller).map(({ method }) => method));
  const inherited = actions.find(
    ({ target, method }) => bases.includes(target) && !own.has(method) && isGuarded(memberOf(controller, method)),
  );
  if (inherited === undefined) return;
  throw new ImproperlyConfigured(
    `${controller.name} inherits the route of ${inherited.target.name}.${inherited.method}, but not its policies. ` +
      'Override the method there, and decorate it again.',
  );
}

interface Controller {
  readonly name: string;
  readonly prototype?: unknown;
}

function memberOf(controller: Controller, name: string): unknown {
  return (controller.prototype as Readonly<Record<string, unknown>> | undefined)?.[name];
}

function isGuarded(method: unknown): boolean {
  return typeof method === 'function' && 'viewClass' in method;
}

/** The name of a policy that a helper has written onto a class or method. */
function policyOn(decorated: unknown): string | undefined {
  return typeof decorated === 'function' ? Object.keys(ownRecord(decorated) ?? {})[0] : undefined;
}
