import type { EntityProperty } from '@mikro-orm/core';
import type { ReplaceOutcome, SessionRow, SessionStore } from '../../auth/session/store';
import { DjangoSession } from '../entities/models';
import { currentManager, execute } from '../orm';
import type { Orm, Row } from '../orm';
import { query } from '../query';
import { metadataOf, propertyOf } from './entity-class';
import { EntityColumns } from './entity-columns';
import { canHold } from './values';

/**
 * Django's table of sessions, on PostgreSQL. Each verb is one statement, past the unit of work: a session is saved with
 * the answer, when the unit of work of its request has ended. What a view saves by itself takes part in the transaction
 * of the request, as in Django; on a connection of its own it would wait for one that other requests hold.
 */
export class MikroOrmSessionStore implements SessionStore {
  readonly #orm: Orm;
  readonly #columns: EntityColumns;
  readonly #key: EntityProperty;
  readonly #expires: EntityProperty;
  readonly #load: string;
  readonly #create: string;
  readonly #replace: string;
  readonly #delete: string;
  readonly #clear: string;

  /** @throws ImproperlyConfigured when `SessionSchema` is not among the entities */
  constructor(orm: Orm) {
    const meta = metadataOf(orm, DjangoSession);
    const columns = new EntityColumns(orm.em, meta, 's');
    const { table } = columns;
    const properties = ['sessionKey', 'sessionData', 'expireDate'].map((name) => propertyOf(meta, name));
    const [key, data, expires] = properties.map((property) => columns.name(property)) as [string, string, string];
    this.#orm = orm;
    this.#columns = columns;
    this.#key = propertyOf(meta, 'sessionKey');
    this.#expires = propertyOf(meta, 'expireDate');
    this.#load = `SELECT ${data} AS "data" FROM ${table} WHERE ${key} = ? AND ${expires} > ?`;
    this.#create =
      `INSERT INTO ${table} (${key}, ${data}, ${expires}) VALUES (?, ?, ?) ` +
      `ON CONFLICT (${key}) DO NOTHING RETURNING ${key}`;
    this.#replace =
      `WITH replaced AS (UPDATE ${table} SET ${key} = ?, ${data} = ?, ${expires} = ? ` +
      `WHERE ${key} = ? AND ${data} = ? RETURNING ${key}) ` +
      `SELECT EXISTS (SELECT FROM replaced) AS "replaced", EXISTS (SELECT FROM ${table} WHERE ${key} = ?) AS "found"`;
    this.#delete = `DELETE FROM ${table} WHERE ${key} = ?`;
    this.#clear =
      `WITH cleared AS (DELETE FROM ${table} WHERE ${expires} < ? RETURNING ${key}) ` +
      `SELECT count(*)::int AS "count" FROM cleared`;
  }

  async load(key: string, now: Date): Promise<string | null> {
    if (!canHold(this.#key, key)) return null;
    const [row] = await query(currentManager(this.#orm), this.#load, [key, this.#moment(now)]);
    return row === undefined ? null : (row['data'] as string);
  }

  async create(row: SessionRow): Promise<boolean> {
    const created = await this.#run(this.#create, ...this.#values(row));
    return created.length === 1;
  }

  async replace(key: string, previous: string, row: SessionRow): Promise<ReplaceOutcome> {
    const [outcome] = await this.#run(this.#replace, ...this.#values(row), key, previous, key);
    if (outcome!['replaced'] === true) return 'replaced';
    // A row that was removed while the statement waited for it is still found by it; who loads it then finds none.
    return outcome!['found'] === true ? 'changed' : 'gone';
  }

  async delete(key: string): Promise<void> {
    await this.#run(this.#delete, key);
  }

  async clearExpired(now: Date): Promise<number> {
    const [row] = await this.#run(this.#clear, this.#moment(now));
    return row!['count'] as number;
  }

  #run(sql: string, ...params: readonly unknown[]): Promise<Row[]> {
    return execute(currentManager(this.#orm), sql, params);
  }

  #values({ key, data, expires }: SessionRow): unknown[] {
    return [key, data, this.#moment(expires)];
  }

  #moment(date: Date): unknown {
    return this.#columns.parameter(this.#expires, date);
  }
}

/**
 * The sessions of an app, for the options of sessions.
 *
 * @throws ImproperlyConfigured when `SessionSchema` is not among the entities
 * @example defineSettings({ users: userStore(orm), secretKey }, session({ store: sessionStore(orm) }))
 */
export function sessionStore(orm: Orm): MikroOrmSessionStore {
  return new MikroOrmSessionStore(orm);
}
