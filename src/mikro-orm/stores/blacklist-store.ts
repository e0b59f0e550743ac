import type { EntityProperty } from '@mikro-orm/core';
import { BlacklistedToken, OutstandingToken } from '../../auth/jwt/models';
import type { BlacklistStore, OutstandingEntry } from '../../auth/jwt/store';
import { systemClock } from '../../core/clock';
import type { Clock } from '../../core/clock';
import { currentManager, execute } from '../orm';
import type { Orm, Row } from '../orm';
import { query } from '../query';
import { metadataOf, propertyOf } from './entity-class';
import { EntityColumns } from './entity-columns';
import { canHold } from './values';

/** How many rows one statement of `flushExpired` looks at. */
const PAGE = 5000;

/** How a `blacklistStore` dates its rows. */
export interface BlacklistStoreOptions {
  /** Dates the calling back. @default the system's */
  readonly clock?: Clock;
}

/**
 * The tables of simplejwt's blacklist, on PostgreSQL. What it writes takes part in the transaction of the request, if
 * there is one.
 */
export class MikroOrmBlacklistStore implements BlacklistStore {
  readonly #orm: Orm;
  readonly #clock: Clock;
  readonly #columns: EntityColumns;
  readonly #expiresAt: EntityProperty;
  readonly #userKey: EntityProperty;
  readonly #outstand: string;
  readonly #blacklist: string;
  readonly #isBlacklisted: string;
  readonly #flush: string;

  /** @throws ImproperlyConfigured when `blacklistSchemas()` are not among the entities */
  constructor(orm: Orm, { clock = systemClock }: BlacklistStoreOptions = {}) {
    const meta = metadataOf(orm, OutstandingToken);
    const listedMeta = metadataOf(orm, BlacklistedToken);
    const userMeta = propertyOf(meta, 'user').targetMeta!;
    const tokens = new EntityColumns(orm.em, meta, 't');
    const listed = new EntityColumns(orm.em, listedMeta, 'b');
    const users = new EntityColumns(orm.em, userMeta, 'u');
    this.#orm = orm;
    this.#clock = clock;
    this.#columns = tokens;
    this.#expiresAt = propertyOf(meta, 'expiresAt');
    this.#userKey = userMeta.getPrimaryProp();
    const name = (property: string): string => tokens.name(propertyOf(meta, property));
    const [id, jti] = [name('id'), name('jti')];
    const tokenId = listed.name(propertyOf(listedMeta, 'token'));
    const userId = users.qualified(this.#userKey);
    // The user may have been deleted since: then there is none.
    this.#outstand =
      `INSERT INTO ${tokens.table} (${['token', 'createdAt', 'expiresAt', 'user', 'jti'].map(name).join(', ')}) ` +
      `VALUES (?, ?, ?, (SELECT ${userId} FROM ${users.table} WHERE ${userId} = ?), ?) ON CONFLICT (${jti}) DO NOTHING`;
    this.#blacklist =
      `INSERT INTO ${listed.table} (${listed.name(propertyOf(listedMeta, 'blacklistedAt'))}, ${tokenId}) ` +
      `SELECT ?, ${id} FROM ${tokens.table} WHERE ${jti} = ? ON CONFLICT (${tokenId}) DO NOTHING RETURNING ${tokenId}`;
    this.#isBlacklisted = `SELECT 1 FROM ${listed.table} JOIN ${tokens.table} ON t.${id} = b.${tokenId} WHERE t.${jti} = ?`;
    // Django has no index of expiries, and no rule in the database that deletes the one row with the other.
    this.#flush =
      `WITH page AS (SELECT ${id} FROM ${tokens.table} WHERE ${id} > ? ORDER BY ${id} LIMIT ${String(PAGE)}), ` +
      `ended AS (DELETE FROM ${tokens.table} WHERE ${id} IN (SELECT ${id} FROM page) AND ${name('expiresAt')} <= ? ` +
      `RETURNING ${id}), unlisted AS (DELETE FROM ${listed.table} WHERE ${tokenId} IN (SELECT ${id} FROM ended)) ` +
      `SELECT (SELECT max(${id}) FROM page) AS "last", (SELECT count(*)::int FROM ended) AS "count"`;
  }

  async outstand({ token, createdAt, expiresAt, userPk, jti }: OutstandingEntry): Promise<void> {
    const user = canHold(this.#userKey, userPk) ? userPk : null;
    const created = createdAt === null ? null : this.#moment(createdAt);
    await this.#run(this.#outstand, token, created, this.#moment(expiresAt), user, jti);
  }

  async blacklist(entry: OutstandingEntry): Promise<boolean> {
    // Two statements, since one would not see a row that another caller adds while it runs; either may be repeated.
    await this.outstand(entry);
    const added = await this.#run(this.#blacklist, this.#moment(new Date(this.#clock.now())), entry.jti);
    return added.length === 1;
  }

  async isBlacklisted(jti: string): Promise<boolean> {
    const rows = await query(currentManager(this.#orm), this.#isBlacklisted, [jti]);
    return rows.length > 0;
  }

  async flushExpired(now: Date): Promise<number> {
    let total = 0;
    let last: unknown = 0;
    // Page by page, so that no other request waits for long.
    while (last !== null) {
      const [row] = await this.#run(this.#flush, last, this.#moment(now));
      total += row!['count'] as number;
      last = row!['last'];
    }
    return total;
  }

  #run(sql: string, ...params: readonly unknown[]): Promise<Row[]> {
    return execute(currentManager(this.#orm), sql, params);
  }

  #moment(date: Date): unknown {
    return this.#columns.parameter(this.#expiresAt, date);
  }
}

/**
 * The blacklist of an app, for the options of JSON web tokens.
 *
 * @throws ImproperlyConfigured when `blacklistSchemas()` are not among the entities
 * @example defineSettings({ users: userStore(orm), secretKey }, jwt({ blacklist: blacklistStore(orm) }))
 */
export function blacklistStore(orm: Orm, options: BlacklistStoreOptions = {}): MikroOrmBlacklistStore {
  return new MikroOrmBlacklistStore(orm, options);
}
