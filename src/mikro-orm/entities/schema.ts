import type { EntitySchemaMetadata } from '@mikro-orm/core';
import type { Clock } from '../../core/clock';
import { djangoName } from './django-names';

/** The part of an `EntitySchema` that describes the columns. */
export type SchemaProperties<Entity> = NonNullable<EntitySchemaMetadata<Entity>['properties']>;

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

/** The second index that Django gives to a unique text, for `LIKE 'x%'`. */
export function likeIndex(table: string, column: string): { name: string; expression: string } {
  const name = djangoName(table, column, '_like');
  return { name, expression: `CREATE INDEX "${name}" ON "${table}" ("${column}" varchar_pattern_ops)` };
}
