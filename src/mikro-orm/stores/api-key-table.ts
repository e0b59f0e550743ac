import type { EntityManager, EntityProperty } from '@mikro-orm/core';
import type { AbstractAPIKey } from '../../auth/api-key/models';
import type { APIKeyClass, NewAPIKey } from '../../auth/api-key/store';
import { execute } from '../orm';
import type { Manager, Orm } from '../orm';
import { query } from '../query';
import { metadataOf, propertyOf, userMetadataOf } from './entity-class';
import { EntityColumns } from './entity-columns';
import { EntityReader } from './entity-reader';
import { newRow } from './new-row';
import { canHold } from './values';

/** The rows of one class of API keys, and the statements that find and write them. */
export class APIKeyTable<K extends AbstractAPIKey> {
  readonly #entity: new () => K;
  readonly #keys: EntityColumns;
  /** Undefined for a class whose keys belong to nobody. */
  readonly #users: EntityColumns | undefined;
  readonly #reader: EntityReader;
  readonly #prefix: EntityProperty;
  readonly #find: string;

  /** @throws ImproperlyConfigured when the class isn't mapped, or its `user` leads to a class that can't be one of users */
  constructor(orm: Orm, entity: APIKeyClass<K>) {
    const meta = metadataOf(orm, entity);
    this.#entity = entity as unknown as new () => K;
    this.#prefix = propertyOf(meta, 'prefix');
    this.#keys = new EntityColumns(orm.em, meta, 'k');
    const isOwned = meta.props.some(({ name }) => name === 'user');
    this.#users = isOwned ? new EntityColumns(orm.em, userMetadataOf(meta), 'u') : undefined;
    this.#reader = new EntityReader(orm.em, this.#keys, this.#users);
    this.#find = `${this.#selection()} WHERE ${this.#keys.qualified(this.#prefix)} = ?`;
  }

  #selection(): string {
    const [keys, users] = [this.#keys, this.#users];
    if (users === undefined) return `SELECT ${keys.selection} FROM ${keys.table}`;
    const owner = keys.qualified(propertyOf(keys.meta, 'user'));
    return (
      `SELECT ${keys.selection}, ${users.selection} FROM ${keys.table} ` +
      `LEFT JOIN ${users.table} ON ${users.qualified(users.meta.getPrimaryProp())} = ${owner}`
    );
  }

  /** The key with this prefix, with its user. */
  async find(em: Manager, prefix: string): Promise<K | null> {
    if (!canHold(this.#prefix, prefix)) return null;
    const [row] = await query(em, this.#find, [prefix]);
    return row === undefined ? null : this.#reader.read<K>(em, row);
  }

  /** Writes a key; null where its prefix is taken. */
  async insert(em: EntityManager, { fields, ...columns }: NewAPIKey): Promise<K | null> {
    const key = Object.assign(new this.#entity(), { revoked: false }, fields, columns);
    const { names, marks, values } = newRow(em, this.#keys, key);
    const sql =
      `INSERT INTO ${this.#keys.table} (${names}) VALUES (${marks}) ` +
      `ON CONFLICT (${this.#name('prefix')}) DO NOTHING RETURNING ${this.#keys.selection}`;
    const [row] = await execute(em, sql, values);
    if (row === undefined) return null;
    const written = this.#keys.read<K>(em, row);
    if (key.user !== undefined) written.user = key.user;
    return written;
  }

  /** Writes another hash, unless the row holds another one by now. */
  async rehash(em: Manager, key: K, hashedKey: string): Promise<void> {
    const name = this.#name('hashedKey');
    const sql =
      `UPDATE ${this.#keys.table} SET ${name} = ? WHERE ${this.#keys.qualified(this.#prefix)} = ? ` +
      `AND k.${name} = ? RETURNING ${this.#keys.selection}`;
    const [row] = await execute(em, sql, [hashedKey, key.prefix, key.hashedKey]);
    // Where the manager knows the key, it must know as well that there is nothing to save.
    if (row !== undefined) this.#keys.read<K>(em, row);
  }

  /** Calls a key back; false where there is none that still counts. */
  async revoke(em: Manager, prefix: string): Promise<boolean> {
    if (!canHold(this.#prefix, prefix)) return false;
    const name = this.#name('revoked');
    const sql =
      `UPDATE ${this.#keys.table} SET ${name} = true WHERE ${this.#keys.qualified(this.#prefix)} = ? ` +
      `AND NOT k.${name} RETURNING ${this.#keys.selection}`;
    const [row] = await execute(em, sql, [prefix]);
    if (row !== undefined) this.#keys.read<K>(em, row);
    return row !== undefined;
  }

  #name(property: keyof AbstractAPIKey): string {
    return this.#keys.name(propertyOf(this.#keys.meta, property));
  }
}
