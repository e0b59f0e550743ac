import { ReferenceKind } from '@mikro-orm/core';
import type {
  EntityData,
  EntityDictionary,
  EntityManager,
  EntityMetadata,
  EntityProperty,
  IDatabaseDriver,
  Platform,
} from '@mikro-orm/core';
import { madeManager } from '../orm';
import type { Manager, Row } from '../orm';

interface Column {
  readonly name: string;
  /** The name in the result, which no other table's column has. */
  readonly alias: string;
}

/**
 * The columns of a mapped table in raw queries: text that is written once, and the way back from a row to an entity.
 * A query builder costs several times what the database does. Types and identity map stay MikroORM's business.
 */
export class EntityColumns {
  readonly meta: EntityMetadata;
  /** The table and its alias, for FROM. */
  readonly table: string;
  /** All columns, for SELECT and RETURNING. */
  readonly selection: string;
  readonly #columns: readonly Column[];
  readonly #driver: IDatabaseDriver;
  readonly #platform: Platform;
  readonly #alias: string;

  constructor(em: EntityManager, meta: EntityMetadata, alias: string) {
    const columns: Column[] = [];
    const selection: string[] = [];
    this.meta = meta;
    this.#driver = em.getDriver();
    this.#platform = em.getPlatform();
    this.#alias = this.#quote(alias);
    for (const property of meta.props.filter(isLoaded)) {
      for (const name of property.fieldNames) {
        const column = { name, alias: `${alias}${String(columns.length)}` };
        const qualified = `${this.#alias}.${this.#quote(name)}`;
        const expression = property.customType?.convertToJSValueSQL?.(qualified, this.#platform) ?? qualified;
        columns.push(column);
        selection.push(`${expression} AS ${this.#quote(column.alias)}`);
      }
    }
    const schema = meta.schema === undefined ? '' : `${this.#quote(meta.schema)}.`;
    this.table = `${schema}${this.#quote(meta.tableName)} AS ${this.#alias}`;
    this.selection = selection.join(', ');
    this.#columns = columns;
  }

  /** The column of a property as the rest of a statement names it. */
  qualified(property: EntityProperty): string {
    return `${this.#alias}.${this.name(property)}`;
  }

  /** The same where no alias may stand. */
  name(property: EntityProperty): string {
    return this.#quote(property.fieldNames[0]!);
  }

  /** A value of a property as a parameter. */
  parameter(property: EntityProperty, value: unknown): unknown {
    return property.customType === undefined
      ? value
      : property.customType.convertToDatabaseValue(value, this.#platform);
  }

  /** The values of a row by the names of the properties, as MikroORM's factory takes them. */
  data(row: Row): EntityData<object> {
    const own: Record<string, unknown> = {};
    for (const { name, alias } of this.#columns) own[name] = row[alias];
    return this.#driver.mapResult(own as EntityDictionary<object>, this.meta as EntityMetadata<object>)!;
  }

  /** The entity of a row. One that the manager knows already is brought up to date, except for unsaved changes. */
  read<Entity extends object>(manager: Manager, row: Row): Entity {
    const options = { merge: true, convertCustomTypes: true };
    return madeManager(manager).getEntityFactory().create(this.meta.class, this.data(row), options) as Entity;
  }

  /** The name of the column of a property in a row. */
  aliasOf(property: EntityProperty): string {
    const [name] = property.fieldNames;
    return this.#columns.find((column) => column.name === name)!.alias;
  }

  /** Whether a row of an outer join has a row of this table in it. */
  isIn(row: Row): boolean {
    return row[this.aliasOf(this.meta.getPrimaryProp())] !== null;
  }

  #quote(name: string): string {
    return this.#platform.quoteIdentifier(name);
  }
}

/** Whether the property is a column of the table. */
export function isStored({ persist, formula, kind, owner, fieldNames }: EntityProperty): boolean {
  const { SCALAR, MANY_TO_ONE, ONE_TO_ONE } = ReferenceKind;
  if (persist === false || formula !== undefined || fieldNames === undefined) return false;
  return kind === SCALAR || kind === MANY_TO_ONE || (kind === ONE_TO_ONE && owner);
}

/** Whether a find would load the property together with its entity. */
export function isLoaded(property: EntityProperty): boolean {
  return isStored(property) && property.lazy !== true;
}
