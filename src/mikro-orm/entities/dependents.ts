import type { EventArgs } from '@mikro-orm/core';
import { BlacklistedToken, OutstandingToken } from '../../auth/jwt/models';
import { AbstractAPIKey } from '../../auth/api-key/models';
import { AbstractAuthToken } from '../../auth/knox/models';
import { BaseToken, Token } from '../../auth/token/models';
import { GroupPermission, UserGroup, UserPermission } from './models';

/** What is nothing without the row that it refers to. */
const DEPENDENTS: ReadonlySet<unknown> = new Set([
  Token,
  BaseToken,
  AbstractAuthToken,
  AbstractAPIKey,
  BlacklistedToken,
  UserGroup,
  UserPermission,
  GroupPermission,
]);

/** What outlives the row that it refers to: a token that was called back must stay so. */
const SURVIVORS: ReadonlySet<unknown> = new Set([OutstandingToken]);

/**
 * For the hook `beforeDelete`: removes the tokens of a user, and the links to groups and permissions, and lets what
 * survives refer to nobody. The database has no rule for it, in Django neither. Tables that the app doesn't map are left
 * alone.
 */
export async function deleteDependents<Entity extends object>({ entity, em, meta }: EventArgs<Entity>): Promise<void> {
  for (const { meta: owner, prop } of meta.referencingProperties) {
    const where = { [prop.name]: entity };
    if (isOneOf(DEPENDENTS, owner.class)) await em.nativeDelete<object>(owner.class, where);
    if (isOneOf(SURVIVORS, owner.class)) await em.nativeUpdate<object>(owner.class, where, { [prop.name]: null });
  }
}

function isOneOf(classes: ReadonlySet<unknown>, entityClass: unknown): boolean {
  if (typeof entityClass !== 'function') return false;
  return classes.has(entityClass) || isOneOf(classes, Object.getPrototypeOf(entityClass));
}
