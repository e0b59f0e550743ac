import { UniqueConstraintViolationException } from '@mikro-orm/core';
import type { EntityProperty, RequiredEntityData } from '@mikro-orm/core';
import { authenticate, ModelBackend } from '../../core/backends';
import type { AuthenticationBackend, LoginFailedHook, PermissionTable, RemoteUserTable } from '../../core/backends';
import type { Request } from '../../core/request';
import { rememberStore, splitPermission } from '../../core/user-permissions';
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
import { makePassword } from '../../crypto/hashers';
import type { PasswordHashers, RawPassword } from '../../crypto/hashers';
import { concealing, currentManager, execute } from '../orm';
import type { Manager, Orm, Row } from '../orm';
import { query } from '../query';
import { assertUserClass, metadataOf, propertyOf } from './entity-class';
import { EntityColumns } from './entity-columns';
import { EntityReader } from './entity-reader';
import { permissionTableOf } from './permission-table';
import type { MikroOrmPermissionTable } from './permission-table';
import { canHold } from './values';

/** Which users a `userStore` keeps, and how it checks their passwords. */
export interface UserStoreOptions<U extends AbstractBaseUser> {
  /** The class of the users. @default User */
  readonly entity?: UserClass<U>;
  /** @default Django's list */
  readonly hashers?: PasswordHashers;
  /** How credentials are checked. @default a `ModelBackend` over this store */
  readonly backends?: (store: MikroOrmUserStore<U>) => readonly AuthenticationBackend<U>[];
  /** Django's signal `user_login_failed`. */
  readonly onLoginFailed?: LoginFailedHook;
}

/** What `createUser` takes: any field of the class. */
export type NewEntityUser<U extends AbstractBaseUser> = NewUser & Partial<Omit<U, keyof NewUser>>;

/** Which users `withPerm` lists. */
export interface WithPermOptions {
  /** Only active users, or only inactive ones; null for both. @default true */
  readonly isActive?: boolean | null;
  /** Superusers too, who may do everything. @default true */
  readonly includeSuperusers?: boolean;
}

/** The new value of a column. */
interface Change {
  readonly value: unknown;
  readonly previous?: string;
}

/**
 * The table of users. A user that it finds is an entity like any other: managed by the entity manager of the request,
 * so that `em.flush()` saves what a view changes on it, and fit to be the owner of a new row. MikroORM's filters are
 * not applied; whom the app refuses is said by `isActive`.
 */
export class MikroOrmUserStore<U extends AbstractBaseUser = User> implements UserStore<U>, RemoteUserTable<U> {
  /** How credentials are checked, and who knows what users may do. */
  readonly backends: readonly AuthenticationBackend<U>[];
  /** What users and groups may do; undefined where the app doesn't map `permissionSchemas()` for this class of users. */
  readonly permissions: (PermissionTable & Pick<MikroOrmPermissionTable, 'condition'>) | undefined;
  readonly #orm: Orm;
  readonly #entity: UserClass<U>;
  readonly #hashers: PasswordHashers | undefined;
  readonly #onLoginFailed: LoginFailedHook | undefined;
  readonly #columns: EntityColumns;
  readonly #reader: EntityReader;
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
    this.#reader = new EntityReader(orm.em, this.#columns);
    this.#primaryKey = meta.getPrimaryProp();
    this.#username = propertyOf(meta, entity.USERNAME_FIELD);
    this.permissions = permissionTableOf(orm, meta);
    this.backends = options.backends?.(this) ?? [
      new ModelBackend<U>(this, { hashers: options.hashers, usernameField: entity.USERNAME_FIELD }),
    ];
  }

  get(pk: unknown): Promise<U | null> {
    return this.#find(this.#primaryKey, pk);
  }

  getByNaturalKey(username: string): Promise<U | null> {
    return this.#find(this.#username, username);
  }

  /** @throws ImproperlyConfigured when the class has no such field */
  async findBy(field: string, value: string): Promise<U | null> {
    return this.#find(propertyOf(this.#columns.meta, field), value);
  }

  authenticate(credentials: Credentials, request?: Request<BaseUser, unknown>): Promise<U | null> {
    return authenticate(this.backends, credentials, { request, onLoginFailed: this.#onLoginFailed });
  }

  savePassword(user: U, encoded: string, previous: string): Promise<void> {
    return this.#save(user, 'password', { value: encoded, previous });
  }

  /** Stores another password, whatever the old one was; null makes it unusable. Sessions of the old one end. */
  async setPassword(user: U, raw: RawPassword | null): Promise<void> {
    await this.#save(user, 'password', { value: await makePassword(raw, this.#hashers) });
  }

  async updateLastLogin(user: U, at: Date): Promise<void> {
    if ('lastLogin' in this.#columns.meta.properties) await this.#save(user, 'lastLogin', { value: at });
  }

  async getOrCreateByNaturalKey(username: string): Promise<readonly [user: U, created: boolean]> {
    const known = await this.getByNaturalKey(username);
    return known === null ? this.#insert(username, { [this.#username.name]: username }) : [known, false];
  }

  /**
   * Makes a user, at once and past the unit of work of a request.
   * @throws RangeError when the name is empty or taken
   */
  async createUser(fields: NewEntityUser<U>): Promise<U> {
    return this.#create(await prepareUser(this.#entity, fields, this.#hashers));
  }

  /** @throws RangeError as `createUser`, and when a field says that this is no superuser */
  async createSuperuser(fields: NewEntityUser<U>): Promise<U> {
    return this.#create(await prepareSuperuser(this.#entity, fields, this.#hashers));
  }

  /**
   * The users who have a permission, in person or by a group: Django's `with_perm`. Backends of your own aren't asked.
   *
   * @param perm as `app_label.codename`
   * @throws RangeError for another text
   * @throws ImproperlyConfigured when `isActive` is asked for and not mapped
   * @example await users.withPerm('notes.change_note', { includeSuperusers: false })
   */
  async withPerm(perm: string, { isActive = true, includeSuperusers = true }: WithPermOptions = {}): Promise<U[]> {
    const names = splitPermission(perm);
    const columns = this.#columns;
    const key = columns.qualified(this.#primaryKey);
    const column = (name: string): string => columns.qualified(propertyOf(columns.meta, name));
    const ways = [this.permissions?.condition(key) ?? 'false'];
    if (includeSuperusers && 'isSuperuser' in columns.meta.properties) ways.push(column('isSuperuser'));
    const params: unknown[] = this.permissions === undefined ? [] : [...names];
    let sql = `SELECT ${columns.selection} FROM ${columns.table} WHERE (${ways.join(' OR ')})`;
    if (isActive !== null) {
      sql += ` AND ${column('isActive')} = ?`;
      params.push(isActive);
    }
    const em = currentManager(this.#orm);
    const rows = await execute(em, `${sql} ORDER BY ${key}`, params);
    return rows.map((row) => this.#read(em, row));
  }

  async #find(property: EntityProperty, value: unknown): Promise<U | null> {
    if (!canHold(property, value)) return null;
    const em = currentManager(this.#orm);
    const { selection, table } = this.#columns;
    const sql = `SELECT ${selection} FROM ${table} WHERE ${this.#columns.qualified(property)} = ? LIMIT 2`;
    const [row, another] = await query(em, sql, [this.#columns.parameter(property, value)]);
    return row === undefined || another !== undefined ? null : this.#read(em, row);
  }

  /** Changes one column, in the row and in `user`; where `previous` is given, only if the row still holds that. */
  async #save(user: U, name: 'password' | 'lastLogin', { value, previous }: Change): Promise<void> {
    const columns = this.#columns;
    const property = propertyOf(columns.meta, name);
    const condition = previous === undefined ? '' : ` AND ${columns.qualified(property)} = ?`;
    const sql =
      `UPDATE ${columns.table} SET ${columns.name(property)} = ? ` +
      `WHERE ${columns.qualified(this.#primaryKey)} = ?${condition} RETURNING ${columns.selection}`;
    const values = [columns.parameter(property, value), columns.parameter(this.#primaryKey, user.pk)];
    if (previous !== undefined) values.push(previous);
    const em = currentManager(this.#orm);
    const [row] = await execute(em, sql, values);
    if (row === undefined) return;
    this.#read(em, row); // else the next flush would see a change of the entity, and save it again
    Reflect.set(user, name, value);
  }

  async #create(fields: PreparedUser<NewEntityUser<U>>): Promise<U> {
    const [user, created] = await this.#insert(fields.username, fields);
    if (created) return user;
    throw new RangeError(userMessages.usernameTaken);
  }

  /** Writes a row, unless somebody has that name. */
  async #insert(username: string, fields: object): Promise<readonly [user: U, created: boolean]> {
    // A manager of its own: creating a user is no reason to save whatever else the request has begun. And a transaction,
    // within that of the request if there is one: that one must go on when the name is taken.
    const writing = this.#orm.em.fork({ keepTransactionContext: true }).transactional(async (em) => {
      const user = em.create<U>(this.#entity, fields as RequiredEntityData<U>);
      await em.persist(user).flush();
      return user;
    });
    try {
      const user = await concealing(secretsOf(fields), writing);
      rememberStore(user, this);
      return [user, true];
    } catch (error) {
      const known = error instanceof UniqueConstraintViolationException ? await this.getByNaturalKey(username) : null;
      if (known === null) throw error; // none of the name: another column is unique too
      return [known, false];
    }
  }

  #read(em: Manager, row: Row): U {
    const user = this.#reader.read<U>(em, row);
    rememberStore(user, this);
    return user;
  }
}

function secretsOf(fields: { readonly password?: string }): string[] {
  return fields.password === undefined ? [] : [fields.password];
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
