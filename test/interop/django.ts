import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MikroORM } from '@mikro-orm/postgresql';
import { createDatabase } from '../support/database';
import { openOrm } from './orm';

const read = (file: string): string => readFileSync(join(__dirname, 'kit', file), 'utf8');

/** A database of Django's, and an ORM over it. */
export interface DjangoDatabase {
  readonly url: string;
  readonly orm: MikroORM;
  sql(query: string, params?: unknown[]): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** Opens a database of its own with the tables and rows of the kit. */
export async function openDjango(): Promise<DjangoDatabase> {
  const database = await createDatabase();
  const orm = await openOrm(database.url);
  const close = async (): Promise<void> => {
    await orm.close(true);
    await database.drop();
  };
  try {
    const connection = orm.em.getConnection();
    await connection.execute(read('schema.postgresql.sql'));
    await connection.execute(read('data.postgresql.sql'));
  } catch (error) {
    await close();
    throw error;
  }
  return { url: database.url, orm, sql: (query, params = []) => orm.em.getConnection().execute(query, params), close };
}
