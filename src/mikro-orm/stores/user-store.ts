import type { EntityData, EntityProperty, FilterQuery, RequiredEntityData } from '@mikro-orm/core';
import { authenticate, ModelBackend } from '../../core/backends';
import type { AuthenticationBackend, LoginFailedHook, UserTable } from '../../core/backends';
import type { Request } from '../../core/request';
import { prepareSuperuser, prepareUser, User, userMessages } from '../../core/users';
import type {
  AbstractBaseUser,
  BaseUser,
  Credentials,
  NewUser,
  PreparedUser,
  UserClass,
  UserStore,
} from '../../core/users';
import type { PasswordHashers } from '../../crypto/hashers';
import { concealing, currentManager, execute } from '../orm';
import type { Orm } from '../orm';
import { assertUserClass, metadataOf, propertyOf } from './entity-class';
import { EntityColumns } from './entity-columns';
import { canHold } from './values';

export interface UserStoreOptions<U extends AbstractBaseUser> {
  /** The class of the users. @default User */
  readonly entity?: UserClass<U>;
  /** @default Django's list */
  readonly hashers?: PasswordHashers;
  /** How credentials are checked. @default a `ModelBackend` over this store */
  readonly backends?: (store: MikroOrmUserStore<U>) => readonly AuthenticationBackend<U>[];
  readonly onLoginFailed?: LoginFailedHook;
}

/** What `createUser` takes: any field of the class. */
export type NewEntityUser<U extends AbstractBaseUser> = NewUser & Partial<Omit<U, keyof NewUser>>;

/**
 * The table of users. A user that it finds is an entity like any other: managed by the entity manager of the request,
 * so that `em.flush()` saves what a view changes on it, and fit to be the owner of a new row. MikroORM's filters are
 * not applied; whom the app refuses is said by `isActive`.
 */
export class MikroOrmUserStore<U extends AbstractBaseUser = User> implements UserStore<U>, UserTable<U> {
  readonly #orm: Orm;
  readonly #entity: UserClass<U>;
  readonly #hashers: PasswordHashers | undefined;
  readonly #backends: readonly AuthenticationBackend<U>[];
  readonly #onLoginFailed: LoginFailedHook | undefined;
  readonly #columns: EntityColumns;
  readonly #primaryKey: EntityProperty;
  readonly #username: EntityProperty;

  /** @throws ImproperlyConfigured when the class isn't mapped, or can't be one of users */
  constructor(orm: Orm, options: UserStoreOptions<U> = {}) {
    const entity = options.entity ?? (User as unknown as UserClass<U>);
    const meta = metadataOf(orm, entity);
    assertUserClass(meta);
    this.#orm = orm;
    this.#entity = entity;
    this.#hashers = options.hashers;
    this.#onLoginFailed = options.onLoginFailed;
    this.#columns = new EntityColumns(orm.em, meta, 'u');
    this.#primaryKey = meta.getPrimaryProp();
    this.#username = propertyOf(meta, entity.USERNAME_FIELD);
    this.#backends = options.backends?.(this) ?? [
      new ModelBackend<U>(this, { hashers: options.hashers, usernameField: entity.USERNAME_FIELD }),
    ];
  }

  get(pk: unknown): Promise<U | null> {
    return this.#find(this.#primaryKey, pk);
  }

  getByNaturalKey(username: string): Promise<U | null> {
    return this.#find(this.#username, username);
  }

  authenticate(credentials: Credentials, request?: Request<BaseUser, unknown>): Promise<U | null> {
    return authenticate(this.#backends, credentials, { request, onLoginFailed: this.#onLoginFailed });
  }

  async savePassword(user: U, encoded: string, previous: string): Promise<void> {
    const where = { [this.#primaryKey.name]: user.pk, password: previous } as FilterQuery<AbstractBaseUser>;
    const change: EntityData<AbstractBaseUser> = { password: encoded };
    const em = currentManager(this.#orm);
    const update = em.nativeUpdate<AbstractBaseUser>(this.#entity, where, change);
    const changed = await concealing([encoded, previous], update);
    if (changed === 0) return;
    await this.get(user.pk); // else the next flush would see a change of the entity, and save it without that condition
    user.password = encoded;
  }

  /**
   * Makes a user, at once and past the unit of work of a request.
   * @throws RangeError when the name is empty or taken
   */
  async createUser(fields: NewEntityUser<U>): Promise<U> {
    return this.#insert(await prepareUser(this.#entity, fields, this.#hashers));
  }

  /** @throws RangeError as `createUser`, and when a field says that this is no superuser */
  async createSuperuser(fields: NewEntityUser<U>): Promise<U> {
    return this.#insert(await prepareSuperuser(this.#entity, fields, this.#hashers));
  }

  async #find(property: EntityProperty, value: unknown): Promise<U | null> {
    if (!canHold(property, value)) return null;
    const em = currentManager(this.#orm);
    const { selection, table } = this.#columns;
    const sql = `SELECT ${selection} FROM ${table} WHERE ${this.#columns.qualified(property)} = ?`;
    const [row] = await execute(em, sql, [this.#columns.parameter(property, value)]);
    return row === undefined ? null : this.#columns.read<U>(em, row);
  }

  async #insert(fields: PreparedUser<NewEntityUser<U>>): Promise<U> {
    if ((await this.getByNaturalKey(fields.username)) !== null) throw new RangeError(userMessages.usernameTaken);
    // A manager of its own: creating a user is no reason to save whatever else the request has begun.
    const em = this.#orm.em.fork({ keepTransactionContext: true });
    const user = em.create<U>(this.#entity, fields as unknown as RequiredEntityData<U>);
    await concealing([fields.password], em.persist(user).flush());
    return user;
  }
}

/**
 * The users of an app, for the setting `users`.
 *
 * @throws ImproperlyConfigured when the class isn't mapped, or can't be one of users
 * @example defineSettings({ users: userStore(orm) })
 */
export function userStore<U extends AbstractBaseUser = User>(
  orm: Orm,
  options: UserStoreOptions<U> = {},
): MikroOrmUserStore<U> {
  return new MikroOrmUserStore<U>(orm, options);
}
