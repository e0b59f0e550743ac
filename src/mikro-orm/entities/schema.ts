import { EntitySchema } from '@mikro-orm/core';
import type { EntityClass, EntityKey, EntitySchemaMetadata } from '@mikro-orm/core';
import type { Clock } from '../../core/clock';
import { djangoName } from './django-names';

/** The part of an `EntitySchema` that describes the columns. */
export type SchemaProperties<Entity> = NonNullable<EntitySchemaMetadata<Entity>['properties']>;

/** No entity. */
abstract class Unmapped {}

/**
 * A schema that stands for itself alone. Where a class derives from another, MikroORM would hand down the other's
 * indexes, and map it although the app hasn't listed it, because an import has registered it.
 */
export function standaloneSchema<Entity>(
  meta: EntitySchemaMetadata<Entity> & { readonly class: EntityClass<Entity> },
): EntitySchema<Entity> {
  const schema = new EntitySchema<Entity>({ ...meta, extends: Unmapped });
  EntitySchema.REGISTRY.delete(meta.class);
  return schema;
}

/** How Django numbers rows. Not for tables of an app: in a diff, MikroORM 6 makes such a column without its primary key. */
export const identity = { generated: 'by default as identity' } as const;

/** A moment, to the microsecond as Django keeps it. */
export const moment = { type: 'datetime', columnType: 'timestamptz' } as const;

/** The moment at which the row is made. */
export function creationMoment(clock: Clock): typeof moment & { onCreate: () => Date } {
  return { ...moment, onCreate: () => new Date(clock.now()) };
}

/**
 * A column without a default in the database, as all of Django's are. MikroORM would else make one of the initial value
 * in the class, and propose to change tables that Django has made.
 */
export function text(length: number): { type: 'string'; length: number; default: null } {
  return { type: 'string', length, default: null };
}

/** See `text`. */
export const flag = { type: 'boolean', default: null } as const;

/**
 * A reference as Django makes it: checked at the end of the transaction, and without a rule for what becomes of the row
 * when the other goes.
 */
export function foreignKey(table: string, column: string, target: EntitySchema | EntityClass<unknown>): object {
  return {
    entity: () => target,
    fieldName: column,
    ...(target instanceof EntitySchema && {
      foreignKeyName: djangoName(table, column, `_fk_${target.meta.tableName}_id`),
    }),
    deferMode: 'deferred',
    deleteRule: 'no action',
    updateRule: 'no action',
  };
}

/** A foreign key of which many rows may hold the same one, with the index that Django gives to it. */
export function manyToOne(table: string, column: string, target: EntitySchema | EntityClass<unknown>): object {
  return { kind: 'm:1', ...foreignKey(table, column, target), index: djangoName(table, column, '') };
}

/** Two columns, by property, of which no two rows hold the same values. */
export function uniqueTogether<Entity>(
  table: string,
  columns: Readonly<Record<string, string>>,
): { name: string; properties: EntityKey<Entity>[] } {
  return {
    name: djangoName(table, Object.values(columns), '_uniq'),
    properties: Object.keys(columns) as EntityKey<Entity>[],
  };
}

/**
 * The second index that Django gives to a unique text, for `LIKE 'x%'`.
 * @param property the property that holds the text; its column has the same name unless it says otherwise
 */
export function likeIndex(
  table: string,
  property: string,
  properties: Readonly<Record<string, object | undefined>>,
): { name: string; expression: string } {
  const { fieldName: column = property } = (properties[property] ?? {}) as { fieldName?: string };
  const name = djangoName(table, column, '_like');
  return { name, expression: `CREATE INDEX "${name}" ON "${table}" ("${column}" varchar_pattern_ops)` };
}
