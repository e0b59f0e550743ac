import type { EntityManager } from '@mikro-orm/core';
import { DeferredManager } from '../deferred-manager';
import { madeManager } from '../orm';
import type { Manager, Row } from '../orm';
import { Deferral } from './deferral';
import type { EntityColumns } from './entity-columns';

/** The property of an entity that leads to the user who it belongs to. */
const OWNER = 'user';

/** From the row of a look-up to its entity, and to the user whom it belongs to, if its class has one. */
export class EntityReader {
  readonly #columns: EntityColumns;
  readonly #owners: EntityColumns | undefined;
  readonly #entities: Deferral;
  readonly #users: Deferral | undefined;

  constructor(em: EntityManager, columns: EntityColumns, owners?: EntityColumns) {
    this.#columns = columns;
    this.#owners = owners;
    this.#entities = new Deferral(em, columns.meta, owners === undefined ? undefined : OWNER);
    this.#users = owners === undefined ? undefined : new Deferral(em, owners.meta);
  }

  /** The entity, which the manager manages; if it is to be made yet, as soon as it is. */
  read<Entity extends object>(manager: Manager, row: Row): Entity {
    if (manager instanceof DeferredManager && manager.isUntouched && this.#canWait(row)) {
      return this.#defer(manager, row) as Entity;
    }
    const em = madeManager(manager);
    if (this.#owners?.isIn(row) === true) this.#owners.read(em, row); // the manager knows then whom the entity refers to
    return this.#columns.read<Entity>(em, row);
  }

  #canWait(row: Row): boolean {
    const [entities, users] = [this.#entities, this.#users];
    if (!entities.isPossible || entities.isWatched) return false;
    if (users === undefined) return true;
    return users.isPossible && !users.isWatched && this.#owners!.isIn(row);
  }

  #defer(manager: DeferredManager, row: Row): object {
    const owner = this.#users?.make(manager, this.#owners!.data(row));
    const { entity, adopt } = this.#entities.make(manager, this.#columns.data(row), owner?.entity);
    manager.defer((em) => {
      owner?.adopt(em);
      adopt(em);
    });
    return entity;
  }
}
