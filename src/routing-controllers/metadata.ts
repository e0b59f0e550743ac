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
 * Refuses policies on controllers where nobody would ask them, so that a route which looks guarded is.
 * @throws ImproperlyConfigured
 */
export function refuseUnguarded(): void {
  const { controllers, actions } = getMetadataArgsStorage();
  for (const { target } of controllers) {
    const [policy] = Object.keys(ownRecord(target) ?? {});
    if (policy === undefined || isView(target)) continue;
    throw new ImproperlyConfigured(
      `@${policy} above the controller ${target.name} guards nothing. Write it above its methods, below @apiView.`,
    );
  }
  for (const { target, method } of actions) {
    const value = memberOf(target, method);
    const [policy] = Object.keys((typeof value === 'function' ? ownRecord(value) : undefined) ?? {});
    if (policy === undefined || isView(target)) continue;
    throw new ImproperlyConfigured(
      `@${policy} above ${target.name}.${method} guards nothing. Write @apiView([…]) above it, from ` +
        'sallyport/routing-controllers.',
    );
  }
}

function memberOf(target: { readonly prototype?: unknown }, name: string): unknown {
  return (target.prototype as Readonly<Record<string, unknown>> | undefined)?.[name];
}
