import type { EntityManager, EntityProperty } from '@mikro-orm/core';
import { AuthTokenDetails, type AbstractAuthToken } from '../../auth/knox/models';
import type { NewAuthToken, TokenUse } from '../../auth/knox/store';
import { execute } from '../orm';
import type { Manager, Orm, Row } from '../orm';
import { query } from '../query';
import { findMetadata, metadataOf, propertyOf, userMetadataOf, type AnyClass } from './entity-class';
import { EntityColumns } from './entity-columns';
import { EntityReader } from './entity-reader';
import { newRow } from './new-row';
import { canHold } from './values';

/** The rows of a class of knox's tokens, and the statements that find, write and remove them. */
export class KnoxTable<T extends AbstractAuthToken> {
  readonly #entity: new () => T;
  readonly #tokens: EntityColumns;
  readonly #users: EntityColumns;
  readonly #reader: EntityReader;
  /** Undefined where the app keeps no details. */
  readonly #details: EntityColumns | undefined;
  readonly #key: EntityProperty;
  readonly #user: EntityProperty;
  readonly #expiry: EntityProperty;
  readonly #digest: string;
  readonly #select: string;

  /** @throws ImproperlyConfigured when the class isn't mapped, or can't be one of tokens */
  constructor(orm: Orm, entity: AnyClass<T>) {
    const meta = metadataOf(orm, entity);
    const detailsMeta = findMetadata(orm, AuthTokenDetails);
    this.#entity = entity as unknown as new () => T;
    this.#key = propertyOf(meta, 'tokenKey');
    this.#user = propertyOf(meta, 'user');
    this.#expiry = propertyOf(meta, 'expiry');
    this.#tokens = new EntityColumns(orm.em, meta, 't');
    this.#users = new EntityColumns(orm.em, userMetadataOf(meta), 'u');
    this.#reader = new EntityReader(orm.em, this.#tokens, this.#users);
    this.#details = detailsMeta === undefined ? undefined : new EntityColumns(orm.em, detailsMeta, 'd');
    this.#digest = this.#tokens.name(propertyOf(meta, 'digest'));
    this.#select = this.#selection();
  }

  get keepsDetails(): boolean {
    return this.#details !== undefined;
  }

  #selection(): string {
    const [tokens, users, details] = [this.#tokens, this.#users, this.#details];
    const columns = [tokens, users, ...(details === undefined ? [] : [details])].map(({ selection }) => selection);
    const join =
      details === undefined ? '' : ` LEFT JOIN ${details.table} ON ${this.#ofDetails('digest')} = t.${this.#digest}`;
    return (
      `SELECT ${columns.join(', ')} FROM ${tokens.table} ` +
      `JOIN ${users.table} ON ${users.qualified(users.meta.getPrimaryProp())} = ${tokens.qualified(this.#user)}${join}`
    );
  }

  #ofDetails(name: keyof AuthTokenDetails): string {
    const { meta } = this.#details!;
    return this.#details!.qualified(propertyOf(meta, name));
  }

  /** The tokens with one of these keys. */
  async findByKeys(em: Manager, keys: readonly string[]): Promise<T[]> {
    const possible = keys.filter((key) => canHold(this.#key, key));
    if (possible.length === 0) return [];
    const marks = possible.map(() => '?').join(', ');
    const rows = await query(em, `${this.#select} WHERE ${this.#tokens.qualified(this.#key)} IN (${marks})`, possible);
    return rows.map((row) => this.#read(em, row));
  }

  /** The tokens of a user, oldest first. */
  async findByUser(em: Manager, user: T['user']): Promise<T[]> {
    const order = `${this.#tokens.qualified(propertyOf(this.#tokens.meta, 'created'))}, t.${this.#digest}`;
    const sql = `${this.#select} WHERE ${this.#tokens.qualified(this.#user)} = ? ORDER BY ${order}`;
    return (await execute(em, sql, [this.#userParameter(user)])).map((row) => this.#read(em, row));
  }

  #read(em: Manager, row: Row): T {
    const token = this.#reader.read<T>(em, row);
    token.details = this.#details?.isIn(row) === true ? this.#details.read<AuthTokenDetails>(em, row) : null;
    return token;
  }

  /** Lets nobody else make tokens for the user until the transaction ends. */
  async lockUser(em: EntityManager, user: T['user']): Promise<void> {
    const key = this.#users.qualified(this.#users.meta.getPrimaryProp());
    // Weaker than FOR UPDATE, which would hold up whoever writes a row that refers to the user.
    const sql = `SELECT 1 FROM ${this.#users.table} WHERE ${key} = ? FOR NO KEY UPDATE`;
    await execute(em, sql, [this.#userParameter(user)]);
  }

  async insert(em: EntityManager, { details, fields, ...columns }: NewAuthToken<T['user']>): Promise<T> {
    const token = Object.assign(new this.#entity(), fields, columns) as T;
    const { names, marks, values } = newRow(em, this.#tokens, token);
    const sql = `INSERT INTO ${this.#tokens.table} (${names}) VALUES (${marks}) RETURNING ${this.#tokens.selection}`;
    const [row] = await execute(em, sql, values);
    const written = this.#tokens.read<T>(em, row!);
    written.user = columns.user;
    written.details = details === null ? null : await this.#insertDetails(em, { digest: columns.digest, ...details });
    return written;
  }

  async #insertDetails(em: EntityManager, fields: object): Promise<AuthTokenDetails> {
    const { table, selection } = this.#details!;
    const { names, marks, values } = newRow(
      em,
      this.#details!,
      Object.assign(new AuthTokenDetails(), { tokenTable: this.#tokens.meta.tableName }, fields),
    );
    const sql = `INSERT INTO ${table} (${names}) VALUES (${marks}) RETURNING ${selection}`;
    const [row] = await execute(em, sql, values);
    return this.#details!.read<AuthTokenDetails>(em, row!);
  }

  /** Puts the end of a token off, unless the row says that it is later already. */
  async renew(em: Manager, token: T, expiry: Date): Promise<void> {
    const end = this.#tokens.parameter(this.#expiry, expiry);
    const name = this.#tokens.name(this.#expiry);
    const sql = `UPDATE ${this.#tokens.table} SET ${name} = ? WHERE t.${this.#digest} = ? AND t.${name} < ? RETURNING ${this.#tokens.selection}`;
    const [row] = await execute(em, sql, [end, token.digest, end]);
    if (row === undefined) return;
    // Where the manager knows the token, it must know as well that there is nothing to save.
    const renewed = this.#tokens.read<T>(em, row);
    if (renewed !== token) token.expiry = renewed.expiry;
  }

  /** Notes a use, if the token is still there. */
  async noteUse(em: Manager, token: T, { at, passwordDigest }: TokenUse): Promise<void> {
    const details = this.#details!;
    const of = (name: keyof AuthTokenDetails): EntityProperty => propertyOf(details.meta, name);
    const [used, mark] = [details.name(of('lastUsedAt')), details.name(of('passwordDigest'))];
    const [digest, table] = [details.name(of('digest')), details.name(of('tokenTable'))];
    const sql =
      `INSERT INTO ${details.table} (${digest}, ${table}, ${used}, ${mark}) SELECT ?, ?, ?::timestamptz, ? ` +
      `WHERE EXISTS (SELECT 1 FROM ${this.#tokens.table} WHERE t.${this.#digest} = ?) ` +
      `ON CONFLICT (${digest}) DO UPDATE SET ${used} = GREATEST(d.${used}, EXCLUDED.${used}), ` +
      `${mark} = COALESCE(d.${mark}, EXCLUDED.${mark}) RETURNING ${details.selection}`;
    const moment = at === null ? null : details.parameter(of('lastUsedAt'), at);
    const [row] = await execute(em, sql, [
      token.digest,
      this.#tokens.meta.tableName,
      moment,
      passwordDigest,
      token.digest,
    ]);
    if (row !== undefined) token.details = details.read<AuthTokenDetails>(em, row);
  }

  deleteOne(em: Manager, digest: string): Promise<number> {
    return this.#remove(em, `t.${this.#digest} = ?`, digest);
  }

  deleteOfUser(em: Manager, user: T['user']): Promise<number> {
    return this.#remove(em, `${this.#tokens.qualified(this.#user)} = ?`, this.#userParameter(user));
  }

  /** Removes the tokens that have ended, of everybody or of one user. */
  deleteExpired(em: Manager, now: Date, user?: T['user']): Promise<number> {
    const ended = `${this.#tokens.qualified(this.#expiry)} <= ?`;
    const moment = this.#tokens.parameter(this.#expiry, now);
    if (user === undefined) return this.#remove(em, ended, moment);
    const ofUser = `${this.#tokens.qualified(this.#user)} = ?`;
    return this.#remove(em, `${ended} AND ${ofUser}`, moment, this.#userParameter(user));
  }

  async #remove(em: Manager, condition: string, ...params: readonly unknown[]): Promise<number> {
    const details = this.#details;
    const ofThem =
      details === undefined
        ? ''
        : `, forgotten AS (DELETE FROM ${details.table} WHERE ${this.#ofDetails('digest')} IN (SELECT digest FROM gone))`;
    const sql =
      `WITH gone AS (DELETE FROM ${this.#tokens.table} WHERE ${condition} RETURNING t.${this.#digest} AS digest)${ofThem} ` +
      `SELECT count(*)::int AS "count" FROM gone`;
    const [row] = await execute(em, sql, params);
    return row!['count'] as number;
  }

  /** Forgets the details of tokens that somebody else has removed, such as Django. */
  async deleteStrayDetails(em: Manager): Promise<void> {
    if (this.#details === undefined) return;
    const digest = this.#ofDetails('digest');
    await execute(
      em,
      `DELETE FROM ${this.#details.table} WHERE ${this.#ofDetails('tokenTable')} = ? ` +
        `AND NOT EXISTS (SELECT 1 FROM ${this.#tokens.table} WHERE t.${this.#digest} = ${digest})`,
      [this.#tokens.meta.tableName],
    );
  }

  #userParameter(user: T['user']): unknown {
    return this.#tokens.parameter(this.#user, user.pk);
  }
}
