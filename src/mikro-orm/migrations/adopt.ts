import type { EntityManager, EntityMetadata } from '@mikro-orm/core';
import { execute } from '../orm';
import type { Orm } from '../orm';
import { isStored } from '../stores/entity-columns';
import { listMigrations, withLedger } from './ledger';
import { migrations } from './migrations';
import type { NamedMigration } from './migrations';

/**
 * - `adopted`: it is there as the app maps it, and its migration counts as done now;
 * - `known`: its migration counted as done before;
 * - `missing`: Django hasn't made it;
 * - `different`: the app couldn't work on it.
 */
export type AdoptionState = 'adopted' | 'known' | 'missing' | 'different';

/** A table of Django that the app maps, and what has become of it. */
export interface AdoptedTable {
  readonly table: string;
  readonly state: AdoptionState;
  /** Sentences about the columns of a table that is `different`. */
  readonly differences: readonly string[];
}

/** What `adopt` has done. */
export interface Adoption {
  readonly tables: readonly AdoptedTable[];
  /** The migrations that have made tables of ours, of which Django knows nothing. */
  readonly applied: readonly string[];
}

/**
 * Takes over a database that Django has made. Its tables are recognised: their migrations count as done, and neither
 * columns nor rows are changed. Tables of ours are made beside them; a table that Django lacks is not. Where one differs
 * from what the app maps, or none is there, nothing at all is done.
 */
export async function adopt(orm: Orm): Promise<Adoption> {
  const tables = await examineAll(orm);
  const isFit = tables.some(({ state }) => state !== 'missing') && tables.every(({ state }) => state !== 'different');
  if (!isFit) return { tables, applied: [] };
  const adopted = new Set(tables.filter(({ state }) => state === 'adopted').map(({ table }) => table));
  return withLedger(orm, async (ledger) => {
    for (const migration of migrations) {
      if (adopted.has(tableOf(migration)) && !ledger.done.has(migration.name)) await ledger.add(migration.name);
    }
    return { tables, applied: await ledger.apply(migrations.filter(isOurs)) };
  });
}

async function examineAll(orm: Orm): Promise<AdoptedTable[]> {
  const done = new Set((await listMigrations(orm)).filter(({ applied }) => applied).map(({ name }) => name));
  const em = orm.em.fork();
  const tables: AdoptedTable[] = [];
  for (const migration of migrations.filter((each) => !isOurs(each))) {
    const found = await examine(em, tableOf(migration), done.has(migration.name));
    if (found !== null) tables.push(found);
  }
  return tables;
}

/** The table that a migration makes; its name says so. */
function tableOf({ name }: NamedMigration): string {
  return name.replace(/^sallyport_\d+_/, '');
}

function isOurs(migration: NamedMigration): boolean {
  return tableOf(migration).startsWith('sallyport_');
}

/** A column as the catalog has it. */
interface Column {
  readonly name: string;
  readonly type: string;
  /** Whether a row can't be written without a value for it. */
  readonly required: boolean;
}

/** Null for a table that the app maps no class to. */
async function examine(em: EntityManager, table: string, isKnown: boolean): Promise<AdoptedTable | null> {
  const classes = [...em.getMetadata()].filter(({ tableName }) => tableName === table);
  if (classes.length === 0) return null;
  if (isKnown) return { table, state: 'known', differences: [] };
  const columns = await columnsOf(em, table);
  if (columns.length === 0) return { table, state: 'missing', differences: [] };
  const differences = compare(columns, await mappedColumns(em, classes));
  return { table, state: differences.length === 0 ? 'adopted' : 'different', differences };
}

async function columnsOf(em: EntityManager, table: string): Promise<Column[]> {
  const rows = await execute(
    em,
    `SELECT attname AS name, format_type(atttypid, NULL) AS type,
        attnotnull AND adbin IS NULL AND attidentity = '' AS required
       FROM pg_attribute LEFT JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attnum)
      WHERE attrelid = to_regclass(?) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [table],
  );
  return rows as unknown as Column[];
}

/** The columns that the app maps, with PostgreSQL's names of their types. */
async function mappedColumns(em: EntityManager, classes: readonly EntityMetadata[]): Promise<Map<string, string>> {
  const columns = new Map<string, string>();
  for (const property of classes.flatMap(({ props }) => props).filter(isStored)) {
    const [name, type] = [property.fieldNames[0]!, property.columnTypes[0]!];
    const written = type.replace(/serial\d?$/, 'int');
    const [row] = await execute(em, 'SELECT format_type(to_regtype(?), NULL) AS type', [written]);
    columns.set(name, row!['type'] as string);
  }
  return columns;
}

function compare(columns: readonly Column[], mapped: ReadonlyMap<string, string>): string[] {
  const there = new Map(columns.map((column) => [column.name, column.type]));
  const differences: string[] = [];
  for (const [name, type] of mapped) {
    const found = there.get(name);
    if (found === undefined) differences.push(`The column ${name} is missing.`);
    else if (!isAlike(found, type)) differences.push(`The column ${name} is of type ${found}, and ${type} is mapped.`);
  }
  for (const { name, required } of columns) {
    if (required && !mapped.has(name)) differences.push(`The column ${name} must have a value, and isn't mapped.`);
  }
  return differences;
}

const TEXTS: ReadonlySet<string> = new Set(['text', 'character varying']);

/** Releases of Django differ in how long a text may be. */
function isAlike(found: string, mapped: string): boolean {
  return found === mapped || (TEXTS.has(found) && TEXTS.has(mapped));
}
