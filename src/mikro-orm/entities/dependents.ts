import type { EventArgs } from '@mikro-orm/core';
import { BaseToken, Token } from '../../auth/token/models';
import { GroupPermission, UserGroup, UserPermission } from './models';

/** What is nothing without the row that it refers to. */
const DEPENDENTS: ReadonlySet<unknown> = new Set([Token, BaseToken, UserGroup, UserPermission, GroupPermission]);

/**
 * For the hook `beforeDelete`: removes the tokens of a user, and the links to groups and permissions. The database has
 * no rule for it, in Django neither. Tables that the app doesn't map are left alone.
 */
export async function deleteDependents<Entity extends object>({ entity, em, meta }: EventArgs<Entity>): Promise<void> {
  for (const { meta: owner, prop } of meta.referencingProperties) {
    if (isDependent(owner.class)) await em.nativeDelete<object>(owner.class, { [prop.name]: entity });
  }
}

function isDependent(entityClass: unknown): boolean {
  if (typeof entityClass !== 'function') return false;
  return DEPENDENTS.has(entityClass) || isDependent(Object.getPrototypeOf(entityClass));
}
