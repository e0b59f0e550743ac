import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MikroORM } from '@mikro-orm/postgresql';
import { permissionSchemas, SessionSchema, TokenSchema, UserSchema } from 'sallyport/mikro-orm';
import { createDatabase } from '../support/database';

/** A value that Django was given, and what it made of it. */
export interface Sample<Input, Expected> {
  readonly id: string;
  readonly kind: string;
  readonly input: Input;
  readonly expect: Expected;
  /** Only a version of Django accepts it that is no longer maintained. */
  readonly optional?: boolean;
}

export interface SessionCredential {
  readonly session_key: string;
  /** The primary key of the user; null for nobody. */
  readonly user: number | null;
  /** In a form that only a version of Django reads that is no longer maintained. */
  readonly legacy?: boolean;
  readonly note?: string;
}

export interface TokenCredential {
  readonly key: string;
  readonly user: number;
  readonly active: boolean;
}

interface Samples {
  readonly secret_key: string;
  /** Seconds; the time of all of it. */
  readonly now: number;
  readonly clear_passwords: Readonly<Record<string, string | null>>;
  readonly credentials: { readonly sessions: readonly SessionCredential[]; readonly drf: readonly TokenCredential[] };
  readonly samples: readonly Sample<unknown, unknown>[];
}

const read = (file: string): string => readFileSync(join(__dirname, 'kit', file), 'utf8');

export const django = JSON.parse(read('samples.json')) as Samples;

/** The samples of a kind that Django still accepts. */
export function samplesOf<Input, Expected>(kind: string): readonly Sample<Input, Expected>[] {
  const found = django.samples.filter((sample) => sample.kind === kind && sample.optional !== true);
  return found as readonly Sample<Input, Expected>[];
}

/** A database of Django's, and an ORM over it. */
export interface DjangoDatabase {
  readonly orm: MikroORM;
  sql(query: string, params?: unknown[]): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** Opens a database of its own with the tables and rows of the kit. */
export async function openDjango(): Promise<DjangoDatabase> {
  const database = await createDatabase();
  const orm = await MikroORM.init({
    clientUrl: database.url,
    entities: [UserSchema, TokenSchema, SessionSchema, ...permissionSchemas()],
  });
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
  return { orm, sql: (query, params = []) => orm.em.getConnection().execute(query, params), close };
}
