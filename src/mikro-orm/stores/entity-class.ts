import type { EntityMetadata, EntityProperty } from '@mikro-orm/core';
import { ImproperlyConfigured } from '../../core/errors';
import type { Orm } from '../orm';

/** Any class, abstract ones too. */
export type AnyClass<T = object> = abstract new (...args: never[]) => T;

/**
 * What MikroORM knows of an entity class.
 * @throws ImproperlyConfigured when it isn't mapped
 */
export function metadataOf(orm: Orm, entity: AnyClass): EntityMetadata {
  const meta = findMetadata(orm, entity);
  if (meta !== undefined) return meta;
  throw new ImproperlyConfigured(
    `The class ${entity.name} is not among the entities of MikroORM. Add its schema: MikroORM.init({ entities: [ … ] }).`,
  );
}

/** The same; undefined for a class that isn't mapped. */
export function findMetadata({ em }: Orm, entity: AnyClass): EntityMetadata | undefined {
  for (const meta of em.getMetadata()) {
    if (meta.class === entity && !meta.abstract) return meta;
  }
  return undefined;
}

/**
 * The class of the users that a class refers to.
 * @throws ImproperlyConfigured when its property 'user' is no relation, or leads to a class that can't be one of users
 */
export function userMetadataOf(meta: EntityMetadata): EntityMetadata {
  const { targetMeta } = propertyOf(meta, 'user');
  if (targetMeta === undefined) {
    throw new ImproperlyConfigured(
      `The property 'user' of ${meta.className} is no relation. Map it as one to the class of the users.`,
    );
  }
  assertUserClass(targetMeta);
  return targetMeta;
}

/** @throws ImproperlyConfigured when the class has no such property */
export function propertyOf(meta: EntityMetadata, name: string): EntityProperty {
  const property = (meta.properties as Record<string, EntityProperty>)[name];
  if (property !== undefined) return property;
  throw new ImproperlyConfigured(`The entity ${meta.className} lacks the property '${name}'. Map it in its schema.`);
}

/** @throws ImproperlyConfigured for a class whose users the cycle would take for nobody */
export function assertUserClass({ className, class: { prototype } }: EntityMetadata): void {
  if ('isAuthenticated' in prototype) return;
  throw new ImproperlyConfigured(
    `MikroORM makes entities without their constructor, so a field 'isAuthenticated' of ${className} would be undefined, ` +
      `and every user refused. Derive the class from AbstractBaseUser, or write: get isAuthenticated(): true { return true; }`,
  );
}
