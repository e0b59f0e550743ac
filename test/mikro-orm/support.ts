import { stripVTControlCharacters } from 'node:util';
import { MikroORM, RequestContext } from '@mikro-orm/postgresql';
import type { EntitySchema, Options } from '@mikro-orm/postgresql';
import { baseTokenSchema, migrate, TokenSchema, UserSchema } from 'sallyport/mikro-orm';
import { BaseToken } from '../../src/auth/token/models';
import { createDatabase } from '../support/database';

/** A token class of an app. */
export class ApiToken extends BaseToken {}

export const ApiTokenSchema = baseTokenSchema({ class: ApiToken, tableName: 'api_token' });

/** A database of its own and an ORM over it. */
export interface TestOrm {
  readonly orm: MikroORM;
  readonly url: string;
  /** The statements since the last call, without those that only open and close a transaction. */
  statements(): string[];
  /** Runs a query past the ORM's entities. */
  sql(query: string, params?: unknown[]): Promise<Record<string, unknown>[]>;
  /** Does what one request does. */
  inRequest<T>(work: () => Promise<T>): Promise<T>;
  /** Another ORM with connections of its own over the same database. */
  another(options?: Options): Promise<MikroORM>;
  close(): Promise<void>;
}

/**
 * Opens an empty database.
 * @param entities what is mapped; the tables of the library are made, others by MikroORM's schema generator
 */
export async function openOrm(
  entities: readonly EntitySchema[] = [UserSchema, TokenSchema, ApiTokenSchema],
  options: Options = {},
): Promise<TestOrm> {
  const database = await createDatabase();
  const log: string[] = [];
  const orms: MikroORM[] = [];
  const another = async (more: Options = {}): Promise<MikroORM> => {
    const orm = await MikroORM.init({ clientUrl: database.url, entities: [...entities], ...options, ...more });
    orms.push(orm);
    return orm;
  };
  const close = async (): Promise<void> => {
    await Promise.all(orms.map((each) => each.close(true)));
    await database.drop();
  };
  const orm = await another({ debug: ['query'], logger: (line) => void log.push(line) });
  try {
    await migrate(orm);
    await orm.schema.updateSchema({ dropTables: false });
  } catch (error) {
    await close();
    throw error;
  }
  log.length = 0;
  return {
    orm,
    url: database.url,
    statements: () =>
      log
        .splice(0)
        .map((line) => stripVTControlCharacters(line).replace(/^\[query\] | \[took .*$/g, ''))
        .filter((line) => !/^(begin|commit|rollback)$/.test(line)),
    sql: (query, params = []) => orm.em.getConnection().execute(query, params),
    inRequest: (work) => RequestContext.create(orm.em, work),
    another,
    close,
  };
}
