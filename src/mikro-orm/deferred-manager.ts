import { RequestContext, TransactionContext } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/core';

/** What a statement needs of an entity manager. */
export interface StatementManager {
  readonly config: EntityManager['config'];
  getConnection(): ReturnType<EntityManager['getConnection']>;
  getTransactionContext(): unknown;
  isInTransaction(): boolean;
}

/** Lets a manager manage what was read before there was one. */
export type Adopt = (em: EntityManager) => void;

/**
 * The entity manager of a request, which is made when somebody asks for it. Most views do no more than look at their
 * user: these spare the manager, and the user what MikroORM's bookkeeping adds to each entity.
 *
 * The first look-up may leave here what it read, to be managed from the moment on when somebody asks. So there is never
 * more than one object for a row: a second look-up asks.
 */
export class DeferredManager implements StatementManager {
  readonly #origin: EntityManager;
  readonly #fork: () => EntityManager;
  #em: EntityManager | undefined;
  #isBeingMade = false;
  #adopt: Adopt | undefined;

  constructor(origin: EntityManager, fork: () => EntityManager) {
    this.#origin = origin;
    this.#fork = fork;
  }

  /** Whether nobody has asked, and nothing was left here. */
  get isUntouched(): boolean {
    return this.#em === undefined && this.#adopt === undefined && !this.#isBeingMade;
  }

  get isMade(): boolean {
    return this.#em !== undefined;
  }

  /** The manager; undefined for MikroORM's own question while it makes one. */
  get current(): EntityManager | undefined {
    return this.#isBeingMade ? undefined : this.em;
  }

  get em(): EntityManager {
    return (this.#em ??= this.#make());
  }

  get name(): string {
    return this.#origin.name;
  }

  get config(): EntityManager['config'] {
    return this.#origin.config;
  }

  getConnection(): ReturnType<EntityManager['getConnection']> {
    return this.#origin.getConnection();
  }

  /** Who begins a transaction asks for the manager. */
  getTransactionContext(): unknown {
    return this.#em?.getTransactionContext();
  }

  isInTransaction(): boolean {
    return this.#em?.isInTransaction() === true;
  }

  /** Leaves here what has to be done when the manager is made. */
  defer(adopt: Adopt): void {
    this.#adopt = adopt;
  }

  #make(): EntityManager {
    this.#isBeingMade = true;
    try {
      const em = this.#fork();
      this.#adopt?.(em);
      this.#adopt = undefined;
      return em;
    } finally {
      this.#isBeingMade = false;
    }
  }
}

const DEFERRED = Symbol.for('sallyport.deferredManager');

/**
 * Runs a request in a context of its own, as `RequestContext.create` does, whose manager is made when somebody asks for
 * it. Inside of another context or transaction it is made at once, since it takes filters and more from that one's.
 */
export function inOwnContext<T>(em: EntityManager, run: () => T): T {
  if (RequestContext.currentRequestContext() !== undefined || em.isInTransaction())
    return RequestContext.create(em, run);
  return RequestContext.create([], () => {
    const context = RequestContext.currentRequestContext()!;
    const deferred = new DeferredManager(em, () => em.fork({ useContext: true, disableContextResolution: true }));
    context.map.get = (name) => (name === em.name ? deferred.current : undefined);
    Reflect.set(context, DEFERRED, deferred);
    return run();
  });
}

/** That of the request that is being served; undefined where it is made already, and where a transaction has its own. */
export function deferredManagerOf({ name }: EntityManager): DeferredManager | undefined {
  const context = RequestContext.currentRequestContext();
  if (context === undefined || TransactionContext.getEntityManager(name) !== undefined) return undefined;
  const deferred = Reflect.get(context, DEFERRED) as DeferredManager | undefined;
  return deferred === undefined || deferred.isMade || deferred.name !== name ? undefined : deferred;
}
