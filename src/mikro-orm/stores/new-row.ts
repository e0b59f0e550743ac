import type { EntityManager, EntityProperty } from '@mikro-orm/core';
import type { Row } from '../orm';
import type { EntityColumns } from './entity-columns';

/** The parts of an INSERT. */
export interface NewRow {
  /** What is given; the other columns are the database's business. */
  readonly properties: readonly EntityProperty[];
  /** The columns, for the list behind the table. */
  readonly names: string;
  /** A question mark for each. */
  readonly marks: string;
  readonly values: readonly unknown[];
}

/** An entity as a row that is to be written, with what its schema fills in. */
export function newRow<Entity extends object>(em: EntityManager, columns: EntityColumns, entity: Entity): NewRow {
  const { props } = columns.meta;
  for (const { name, onCreate } of props) {
    if (onCreate !== undefined && Reflect.get(entity, name) === undefined) {
      Reflect.set(entity, name, onCreate(entity, em));
    }
  }
  const data = em.getComparator().prepareEntity(entity) as Row;
  const properties = props.filter(({ name }) => data[name] !== undefined);
  return {
    properties,
    names: properties.map((property) => columns.name(property)).join(', '),
    marks: properties.map(() => '?').join(', '),
    values: properties.map(({ name }) => data[name]),
  };
}
