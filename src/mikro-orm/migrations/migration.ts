import type { EntityMetadata, IDatabaseDriver } from '@mikro-orm/core';

/** The primary key of a table of users. */
export interface UserKey {
  readonly table: string;
  readonly column: string;
  readonly type: string;
}

/**
 * The base of our migrations: what `@mikro-orm/migrations` asks of one, so that its migrator can run them among those
 * of an app, without a need for that package where `migrate` runs them.
 */
export abstract class SqlMigration {
  readonly #driver: IDatabaseDriver;
  readonly #queries: string[] = [];

  constructor(driver: IDatabaseDriver) {
    this.#driver = driver;
  }

  abstract up(): void;
  abstract down(): void;

  isTransactional(): boolean {
    return true;
  }

  reset(): void {
    this.#queries.length = 0;
  }

  /** The migrator offers its transaction; these migrations ask the database nothing. */
  setTransactionContext(): void {
    // Nothing to keep: the migrator itself runs the queries.
  }

  getQueries(): string[] {
    return this.#queries;
  }

  /** What the app maps to this table; undefined when nothing, and then it isn't made. */
  protected entityOf(table: string): EntityMetadata | undefined {
    for (const meta of this.#driver.getMetadata()) {
      if (meta.tableName === table) return meta;
    }
    return undefined;
  }

  /** The users that a mapped table refers to, whatever class the app maps; undefined when it maps nothing. */
  protected userOf(table: string): UserKey | undefined {
    const user = this.entityOf(table)?.relations.find(({ name }) => name === 'user')?.targetMeta;
    if (user === undefined) return undefined;
    const [column] = user.getPrimaryProp().fieldNames as [string];
    const [type] = user.getPrimaryProp().columnTypes as [string];
    // A column that refers to a number doesn't count by itself.
    return { table: user.tableName, column, type: type.replace(/serial\d?$/, 'int') };
  }

  /** Makes a table, unless there is one: Django may have made it. */
  protected create(table: string, ...statements: string[]): void {
    this.#addIf(`to_regclass('${table}') IS NULL`, statements);
  }

  /** Drops a table, unless the database is one that Django migrates: there the table is Django's. */
  protected drop(table: string): void {
    this.#addIf(`to_regclass('django_migrations') IS NULL`, [`DROP TABLE IF EXISTS "${table}"`]);
  }

  /** Drops a table that Django knows nothing of. */
  protected dropOwn(table: string): void {
    this.#queries.push(`DROP TABLE IF EXISTS "${table}"`);
  }

  #addIf(condition: string, statements: readonly string[]): void {
    this.#queries.push(`DO $$ BEGIN IF ${condition} THEN ${statements.join('; ')}; END IF; END $$`);
  }
}
