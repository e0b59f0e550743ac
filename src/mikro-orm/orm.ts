import { types } from 'node:util';
import { RequestContext } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/core';
import { DeferredManager, deferredManagerOf } from './deferred-manager';
import type { StatementManager } from './deferred-manager';

/** What the stores need of a `MikroORM`. */
export interface Orm {
  readonly em: EntityManager;
}

/** A row of a raw query. */
export type Row = Readonly<Record<string, unknown>>;

/** An entity manager, or one that is made when somebody asks for it. */
export type Manager = EntityManager | DeferredManager;

/**
 * The entity manager of the request that is being served; outside of requests a fresh one. Either takes part in a
 * transaction that is under way.
 */
export function currentManager({ em }: Orm): Manager {
  const deferred = deferredManagerOf(em);
  if (deferred !== undefined) return deferred;
  if (RequestContext.getEntityManager(em.name) !== undefined) return em;
  if (em.isInTransaction()) return em.fork({ keepTransactionContext: true });
  return new DeferredManager(em, () => em.fork({ disableContextResolution: true }));
}

/** The same where it can't be deferred. */
export function madeManager(manager: Manager): EntityManager {
  return manager instanceof DeferredManager ? manager.em : manager;
}

/** Runs one statement, on the primary server: a replica may not know yet that a token was called back. */
export function execute(em: StatementManager, sql: string, params: readonly unknown[]): Promise<Row[]> {
  const rows = em.getConnection().execute(sql, [...params], 'all', em.getTransactionContext()) as Promise<Row[]>;
  return concealing(textsOf(params), rows);
}

/** The parameters that may be secrets. */
export function textsOf(params: readonly unknown[]): string[] {
  return params.filter((value) => typeof value === 'string');
}

/** Drivers write the whole statement into their errors. Keys and hashes in it must not reach a log. */
export async function concealing<T>(secrets: readonly string[], query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    throw concealed(error, secrets);
  }
}

/** The error, without the secrets. */
export function concealed(error: unknown, secrets: readonly string[]): unknown {
  if (types.isNativeError(error)) {
    error.message = conceal(error.message, secrets);
    if (error.stack !== undefined) error.stack = conceal(error.stack, secrets);
  }
  return error;
}

function conceal(text: string, secrets: readonly string[]): string {
  const written = secrets.flatMap((secret) => [secret.replace(/['\\]/g, '$&$&'), secret]);
  return written.filter((secret) => secret !== '').reduce((left, secret) => left.replaceAll(secret, '…'), text);
}
