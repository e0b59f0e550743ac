import { RequestContext } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/core';
import type { AroundDispatch } from '../core/settings';
import type { ViewResult } from '../core/views';
import type { Orm } from './orm';

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
 * with an empty identity map, and what it holds is forgotten with the request. Without `atomicRequests` each `flush()`
 * commits by itself.
 *
 * @example defineSettings({ aroundDispatch: unitOfWork(orm, { atomicRequests: true }) })
 */
export function unitOfWork(orm: Orm, { atomicRequests = false }: UnitOfWorkOptions = {}): AroundDispatch {
  return (_raw, run) => RequestContext.create(orm.em, () => (atomicRequests ? inTransaction(orm.em, run) : run()));
}

async function inTransaction(em: EntityManager, run: () => Promise<ViewResult>): Promise<ViewResult> {
  await em.begin();
  try {
    const answer = await run();
    if ('exception' in answer && answer.exception) await em.rollback();
    else await em.commit();
    return answer;
  } catch (error) {
    if (em.isInTransaction()) await em.rollback();
    throw error;
  }
}
