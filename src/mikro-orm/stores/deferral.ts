import { EntityFactory, EventType, ReferenceKind, wrap } from '@mikro-orm/core';
import type { EntityData, EntityManager, EntityMetadata, EntityProperty } from '@mikro-orm/core';
import type { DeferredManager } from '../deferred-manager';
import { isLoaded } from './entity-columns';

const MANAGER = Symbol.for('sallyport.manager');

/**
 * Where MikroORM keeps its books of an entity. Whatever it does with one begins with a look at them: then the entity
 * gets its manager, and with it books of MikroORM's own, in place of this property.
 */
const BOOKS = '__helper';
const askForBooks: PropertyDescriptor & ThisType<object> = {
  get() {
    void (Reflect.get(this, MANAGER) as DeferredManager).em;
    return Reflect.get(this, BOOKS) as unknown;
  },
  configurable: true,
};

type Fields = Record<string, unknown>;

interface Made {
  readonly entity: Fields;
  /** The properties as they were at first. */
  readonly given: Fields;
  /** The same as MikroORM compares them. */
  readonly snapshot: Fields;
}

/** An entity that waits for its manager. */
export interface DeferredEntity {
  readonly entity: object;
  /** Lets the manager manage it, as if it had read the row. What was changed meanwhile is a change. */
  readonly adopt: (em: EntityManager) => void;
}

/** Makes the entities of a class before there is a manager for them. */
export class Deferral {
  /** Whether the entities have plain columns only: all else needs a manager, such as references and collections. */
  readonly isPossible: boolean;
  readonly #em: EntityManager;
  readonly #meta: EntityMetadata;
  readonly #key: string;
  /** Whether MikroORM defines the key after all other properties, as version 6 does. */
  readonly #isKeyLast: boolean;
  readonly #owner: string | undefined;
  readonly #hydrator: ReturnType<EntityManager['getHydrator']>;
  readonly #factory: EntityFactory;

  /** @param owner the relation to another entity that is made together with this one */
  constructor(em: EntityManager, meta: EntityMetadata, owner?: string) {
    this.isPossible = isPlain(meta, owner);
    this.#em = em;
    this.#meta = meta;
    this.#key = meta.primaryKeys[0]!;
    this.#isKeyLast = meta.trackingProps.some(({ primary }) => primary === true);
    this.#owner = owner;
    this.#hydrator = em.getHydrator();
    this.#factory = new EntityFactory(em);
  }

  /** Whether somebody wants to see each entity at once, when it is made. */
  get isWatched(): boolean {
    return this.#em.getEventManager().hasListeners(EventType.onInit, this.#meta);
  }

  make(manager: DeferredManager, data: EntityData<object>, owner?: object): DeferredEntity {
    const entity: Fields = {};
    const snapshot: Fields = { ...data };
    this.#hydrate(entity, snapshot, owner);
    const given = { ...entity };
    Object.defineProperty(entity, MANAGER, { value: manager, configurable: true });
    Object.defineProperty(entity, BOOKS, askForBooks);
    // Last: the prototype has a setter for each property, which keeps books, and V8 is slow to define what comes after.
    Object.setPrototypeOf(entity, this.#meta.class.prototype as object);
    return { entity, adopt: (em) => this.#adopt(em, { entity, given, snapshot }) };
  }

  /** Gives the properties their values, in MikroORM's order. As with MikroORM, `snapshot` is in comparable form then. */
  #hydrate(entity: Fields, snapshot: Fields, owner: object | undefined): void {
    if (owner === undefined) return this.#hydrateColumns(entity, snapshot);
    const name = this.#owner!;
    const foreignKey = snapshot[name];
    snapshot[name] = null; // else MikroORM would make a reference
    this.#hydrateColumns(entity, snapshot);
    snapshot[name] = foreignKey;
    entity[name] = owner;
  }

  #hydrateColumns(entity: Fields, snapshot: Fields): void {
    const key = snapshot[this.#key];
    if (this.#isKeyLast) snapshot[this.#key] = undefined;
    this.#hydrator.hydrate(entity, this.#meta, snapshot, this.#factory, 'full', false, true);
    if (!this.#isKeyLast) return;
    snapshot[this.#key] = key;
    this.#hydrator.hydrateReference(entity, this.#meta, snapshot, this.#factory, true);
  }

  #adopt(em: EntityManager, { entity, given, snapshot }: Made): void {
    const current = { ...entity };
    delete entity[BOOKS];
    Reflect.deleteProperty(entity, MANAGER);
    entity[this.#key] = given[this.#key];
    wrap(entity, true).setSchema(this.#meta.schema);
    em.getUnitOfWork(false).register(entity, snapshot, { refresh: true, loaded: true });
    // Once more, for the books, where it was changed.
    for (const name of Object.keys(given)) {
      if (current[name] !== given[name]) entity[name] = current[name];
    }
  }
}

function isPlain(meta: EntityMetadata, owner: string | undefined): boolean {
  // By class: MikroORM 7 gives out several objects of metadata for one.
  const isOfOneClass = meta.root.class === meta.class && meta.root.discriminatorColumn === undefined;
  const isMadeByFactory = meta.virtual === true || meta.forceConstructor === true || meta.compositePK;
  return isOfOneClass && !isMadeByFactory && meta.props.every((property) => isPlainProperty(property, owner));
}

function isPlainProperty(property: EntityProperty, owner: string | undefined): boolean {
  const { name, kind, ref, persist } = property;
  if (ref === true) return false;
  if (persist === false) return kind === ReferenceKind.SCALAR; // no column
  if (!isLoaded(property)) return false;
  return name === owner ? isPlainRelation(property) : kind === ReferenceKind.SCALAR && !isComputed(property);
}

function isPlainRelation({ inversedBy, customType, mapToPk, primary }: EntityProperty): boolean {
  return inversedBy === undefined && customType === undefined && mapToPk !== true && primary !== true;
}

function isComputed({ getter, setter, accessor, serializedPrimaryKey }: EntityProperty): boolean {
  return getter === true || setter === true || accessor !== undefined || serializedPrimaryKey === true;
}
