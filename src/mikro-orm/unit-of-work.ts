import { RequestContext } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/core';
import type { AroundDispatch } from '../core/settings';
import type { ViewResult } from '../core/views';
import { inOwnContext } from './deferred-manager';
import type { Orm } from './orm';

/** What a unit of work does for each request. */
export interface UnitOfWorkOptions {
  /**
   * Whether all that a request writes is one transaction. It is committed, with what is not flushed yet, before the
   * answer is sent, and rolled back when the view fails, or an exception handler makes the answer.
   * @default false
   */
  readonly atomicRequests?: boolean;
}

/**
 * Gives each request an entity manager of its own, for the setting `aroundDispatch`: in a view, `orm.em` is that one,
 * with an empty identity map, and what it holds is forgotten with the request. It is made when somebody asks for it, and
 * manages then what was looked up before. Without `atomicRequests` each `flush()` commits by itself.
 *
 * @example defineSettings({ aroundDispatch: unitOfWork(orm, { atomicRequests: true }) })
 */
export function unitOfWork(orm: Orm, { atomicRequests = false }: UnitOfWorkOptions = {}): AroundDispatch {
  const { em } = orm;
  return (_raw, run) => inOwnContext(em, atomicRequests ? () => inTransaction(em, run) : run);
}

const ROLLBACK = Symbol.for('sallyport.rollback');

/**
 * Lets the transaction of the request be rolled back at its end, whatever the answer will be (Django's function of that
 * name). Without a transaction it does nothing.
 */
export function setRollback({ em: { name } }: Orm): void {
  const em = RequestContext.getEntityManager(name);
  if (em !== undefined) Reflect.set(em, ROLLBACK, true);
}

async function inTransaction(em: EntityManager, run: () => Promise<ViewResult>): Promise<ViewResult> {
  await em.begin();
  try {
    const answer = await run();
    if (isToBeUndone(em, answer)) await em.rollback();
    else await em.commit();
    return answer;
  } catch (error) {
    // Where this fails too, the connection is lost, and with it the transaction; the first error tells why.
    if (em.isInTransaction()) await em.rollback().catch(() => undefined);
    throw error;
  }
}

function isToBeUndone({ name }: EntityManager, answer: ViewResult): boolean {
  if ('exception' in answer && answer.exception) return true;
  return Reflect.get(RequestContext.getEntityManager(name)!, ROLLBACK) === true;
}
