import type { EntityManager, EntityMetadata, EntityProperty } from '@mikro-orm/core';
import type { TokenClass, TokenRecord } from '../../auth/token/store';
import { ImproperlyConfigured } from '../../core/errors';
import { execute } from '../orm';
import type { Manager, Orm, Row } from '../orm';
import { query } from '../query';
import { metadataOf, propertyOf, userMetadataOf } from './entity-class';
import { EntityColumns, isStored } from './entity-columns';
import { EntityReader } from './entity-reader';
import { newRow } from './new-row';
import { canHold } from './values';

/** What becomes of the token that the user has already. */
export type OnConflict = 'keep' | 'replace';

/** The rows of one class of tokens, and the statements that find and write them. */
export class TokenTable<T extends TokenRecord> {
  readonly #key: EntityProperty;
  readonly #user: EntityProperty;
  readonly #tokens: EntityColumns;
  readonly #users: EntityColumns;
  readonly #reader: EntityReader;
  readonly #findByKey: string;
  readonly #findByEither: string;
  readonly #changeKey: string;
  readonly #findByUser: string;
  readonly #findWithout: string;

  /** @throws ImproperlyConfigured when the class isn't mapped, or can't be one of tokens */
  constructor(orm: Orm, entity: TokenClass<T>) {
    const meta = metadataOf(orm, entity);
    this.#key = propertyOf(meta, 'key');
    this.#user = propertyOf(meta, 'user');
    const tokens = new EntityColumns(orm.em, meta, 't');
    const users = new EntityColumns(orm.em, userMetadataOf(meta), 'u');
    const ofUser = tokens.qualified(this.#user);
    this.#tokens = tokens;
    this.#users = users;
    this.#reader = new EntityReader(orm.em, tokens, users);
    const key = tokens.qualified(this.#key);
    const withUser =
      `SELECT ${tokens.selection}, ${users.selection} FROM ${tokens.table} ` +
      `JOIN ${users.table} ON ${users.qualified(users.meta.getPrimaryProp())} = ${ofUser}`;
    this.#findByKey = `${withUser} WHERE ${key} = ?`;
    this.#findByEither = `${withUser} WHERE ${key} IN (?, ?)`;
    this.#changeKey = `UPDATE ${tokens.table} SET ${tokens.name(this.#key)} = ? WHERE ${key} = ?`;
    this.#findByUser = `SELECT ${tokens.selection} FROM ${tokens.table} WHERE ${ofUser} = ?`;
    const userKey = users.qualified(users.meta.getPrimaryProp());
    this.#findWithout =
      `SELECT ${users.selection} FROM ${users.table} ` +
      `WHERE NOT EXISTS (SELECT 1 FROM ${tokens.table} WHERE ${ofUser} = ${userKey}) ORDER BY ${userKey} LIMIT ?`;
  }

  /** The token with this key, with its user. */
  async findByKey(em: Manager, key: string, hashed?: string): Promise<T | null> {
    if (!canHold(this.#key, key)) return null;
    const [row] =
      hashed === undefined ? await query(em, this.#findByKey, [key]) : await this.#findInEitherForm(em, key, hashed);
    return row === undefined ? null : this.#reader.read<T>(em, row);
  }

  async #findInEitherForm(em: Manager, key: string, hashed: string): Promise<Row[]> {
    const rows = await query(em, this.#findByEither, [key, hashed]);
    const column = this.#tokens.aliasOf(this.#key);
    if (rows.length === 0 || rows[0]![column] === hashed) return rows;
    // Of several uses at once one changes the row, and the others find it changed.
    await execute(em, this.#changeKey, [hashed, key]);
    return [{ ...rows[0]!, [column]: hashed }];
  }

  /** Changes all keys that rest in clear; the statement makes the same text as `hashKey`. */
  async hashKeys(em: Manager): Promise<number> {
    const key = this.#tokens.name(this.#key);
    const digest = `left(translate(encode(sha256(convert_to(t.${key}, 'UTF8')), 'base64'), '+/', '-_'), 39)`;
    const sql =
      `WITH hashed AS (UPDATE ${this.#tokens.table} SET ${key} = '$' || ${digest} WHERE ${this.#isClear} RETURNING 1) ` +
      `SELECT count(*)::int AS "count" FROM hashed`;
    const [row] = await execute(em, sql, []);
    return row!['count'] as number;
  }

  async countClearKeys(em: Manager): Promise<number> {
    const sql = `SELECT count(*)::int AS "count" FROM ${this.#tokens.table} WHERE ${this.#isClear}`;
    const [row] = await execute(em, sql, []);
    return row!['count'] as number;
  }

  get #isClear(): string {
    return `${this.#tokens.qualified(this.#key)} !~ '^[$][A-Za-z0-9_-]{39}$'`;
  }

  /** The token of this user. */
  async findByUser(em: EntityManager, user: T['user']): Promise<T | null> {
    const [row] = await execute(em, this.#findByUser, [this.#tokens.parameter(this.#user, user.pk)]);
    return row === undefined ? null : this.#tokenOf(user, em, row);
  }

  /** Users who have no token. */
  async findUsersWithout(em: EntityManager, limit: number): Promise<T['user'][]> {
    const rows = await execute(em, this.#findWithout, [limit]);
    return rows.map((row) => this.#users.read<T['user']>(em, row));
  }

  /**
   * Writes a new token, by a single statement, so that nobody comes between the look and the change.
   * @returns the token as it was written; null where the user keeps another one
   */
  async insert(em: EntityManager, token: T, onConflict: OnConflict): Promise<T | null> {
    const { meta, table, selection } = this.#tokens;
    assertOneForEachUser(meta, this.#user);
    const { properties, names, marks, values } = newRow(em, this.#tokens, token);
    const sql =
      `INSERT INTO ${table} (${names}) VALUES (${marks}) ON CONFLICT (${this.#tokens.name(this.#user)}) ` +
      `DO ${onConflict === 'keep' ? 'NOTHING' : this.#update(properties)} RETURNING ${selection}`;
    const [row] = await execute(em, sql, values);
    return row === undefined ? null : this.#tokenOf(token.user, em, row);
  }

  /** Nothing of the old row may live on, except for a number that the database gave it. */
  #update(given: readonly EntityProperty[]): string {
    const replaced = this.#tokens.meta.props.filter(
      (property) =>
        isStored(property) && property !== this.#user && (property.primary !== true || given.includes(property)),
    );
    const changes = replaced.map((property) => this.#tokens.name(property)).map((name) => `${name} = EXCLUDED.${name}`);
    return `UPDATE SET ${changes.join(', ')}`;
  }

  #tokenOf(user: T['user'], em: EntityManager, row: Row): T {
    const token = this.#tokens.read<T>(em, row);
    token.user = user;
    return token;
  }
}

function assertOneForEachUser({ className, uniques }: EntityMetadata, { name, unique }: EntityProperty): void {
  if (Boolean(unique) || uniques.some(({ properties }) => [properties].flat().join() === name)) return;
  throw new ImproperlyConfigured(
    `A user may have many rows of ${className}, so none is theirs. Map its property 'user' as 1:1, or as unique.`,
  );
}
