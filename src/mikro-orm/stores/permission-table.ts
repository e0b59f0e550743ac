import type { EntityMetadata } from '@mikro-orm/core';
import type { GrantedPermissions, PermissionTable } from '../../core/backends';
import type { BaseUser } from '../../core/users';
import { ContentType, GroupPermission, Permission, UserGroup, UserPermission } from '../entities/models';
import { currentManager, execute } from '../orm';
import type { Orm } from '../orm';
import { metadataOf, propertyOf } from './entity-class';
import type { AnyClass } from './entity-class';
import { EntityColumns } from './entity-columns';

/**
 * Django's tables of permissions and groups, for one class of users. One statement tells what a user may do; the answer
 * is remembered for that object, as in Django: load the user anew to see what was granted meanwhile.
 */
export class MikroOrmPermissionTable implements PermissionTable {
  readonly #orm: Orm;
  readonly #userClasses: ReadonlySet<unknown>;
  readonly #ofUser: string;
  readonly #all: string;
  readonly #isGranted: (userKey: string) => string;
  readonly #known = new WeakMap<BaseUser, Promise<GrantedPermissions>>();

  /** @throws ImproperlyConfigured when one of the tables isn't mapped */
  constructor(orm: Orm, users: EntityMetadata) {
    const permissions = tableOf(orm, Permission, 'p');
    const contentTypes = tableOf(orm, ContentType, 'c');
    const personal = tableOf(orm, UserPermission, 'up');
    const memberships = tableOf(orm, UserGroup, 'ug');
    const ofGroups = tableOf(orm, GroupPermission, 'gp');
    const text = `${contentTypes.column('appLabel')} || '.' || ${permissions.column('codename')} AS "permission"`;
    const contentType = contentTypes.join('id', permissions.column('contentType'));
    this.#orm = orm;
    this.#userClasses = new Set(classesOf(orm, users));
    this.#all = `SELECT ${text} FROM ${permissions.table} ${contentType}`;
    const permissionId = permissions.column('id');
    this.#isGranted = (userKey) =>
      `EXISTS (SELECT 1 FROM ${permissions.table} ${contentType} ` +
      `WHERE ${contentTypes.column('appLabel')} = ? AND ${permissions.column('codename')} = ? AND (` +
      `EXISTS (SELECT 1 FROM ${personal.table} ` +
      `WHERE ${personal.column('permission')} = ${permissionId} AND ${personal.column('user')} = ${userKey}) ` +
      `OR EXISTS (SELECT 1 FROM ${memberships.table} ${ofGroups.join('group', memberships.column('group'))} ` +
      `WHERE ${ofGroups.column('permission')} = ${permissionId} AND ${memberships.column('user')} = ${userKey})))`;
    this.#ofUser =
      `SELECT ${text}, false AS "of_group" FROM ${personal.table} ` +
      `${permissions.join('id', personal.column('permission'))} ${contentType} ` +
      `WHERE ${personal.column('user')} = ? ` +
      `UNION SELECT ${text}, true FROM ${memberships.table} ` +
      `${ofGroups.join('group', memberships.column('group'))} ` +
      `${permissions.join('id', ofGroups.column('permission'))} ${contentType} ` +
      `WHERE ${memberships.column('user')} = ?`;
  }

  of(user: BaseUser): Promise<GrantedPermissions> {
    const known = this.#known.get(user);
    if (known !== undefined) return known;
    const granted = this.#ask(user);
    this.#known.set(user, granted);
    granted.catch(() => this.#known.delete(user)); // the next question tries again
    return granted;
  }

  async all(): Promise<ReadonlySet<string>> {
    const rows = await execute(currentManager(this.#orm), this.#all, []);
    return new Set(rows.map(({ permission }) => permission as string));
  }

  /**
   * The condition of a statement that somebody has a permission, in person or by a group. Its parameters are the label
   * of the app and the codename.
   * @param userKey the column with the key of the user
   */
  condition(userKey: string): string {
    return this.#isGranted(userKey);
  }

  async #ask(user: BaseUser): Promise<GrantedPermissions> {
    const granted = { user: new Set<string>(), group: new Set<string>() };
    // A user of another table may have the same key, and must not have what this one has.
    if (!this.#userClasses.has(user.constructor)) return granted;
    const em = currentManager(this.#orm);
    for (const { permission, of_group: ofGroup } of await execute(em, this.#ofUser, [user.pk, user.pk])) {
      granted[ofGroup === true ? 'group' : 'user'].add(permission as string);
    }
    return granted;
  }
}

/** The permissions of a class of users; undefined where the app maps no tables for them. */
export function permissionTableOf(orm: Orm, users: EntityMetadata): MikroOrmPermissionTable | undefined {
  for (const meta of orm.em.getMetadata()) {
    // By class: MikroORM 7 gives out several objects of metadata for one.
    if (meta.class === UserGroup && propertyOf(meta, 'user').targetMeta?.class === users.class) {
      return new MikroOrmPermissionTable(orm, users);
    }
  }
  return undefined;
}

/** The class of the users, and those that it shares its table with. */
function classesOf(orm: Orm, users: EntityMetadata): unknown[] {
  const all = [...orm.em.getMetadata()].filter((meta) => meta.root.class === users.root.class);
  return all.map((meta) => meta.class);
}

/** A table as a statement names it. */
interface NamedTable {
  /** With its alias, for FROM. */
  readonly table: string;
  column(property: string): string;
  /** The join by which its property is equal to a column of another table. */
  join(property: string, other: string): string;
}

function tableOf(orm: Orm, entity: AnyClass, alias: string): NamedTable {
  const meta = metadataOf(orm, entity);
  const columns = new EntityColumns(orm.em, meta, alias);
  const column = (property: string): string => columns.qualified(propertyOf(meta, property));
  return {
    table: columns.table,
    column,
    join: (property, other) => `JOIN ${columns.table} ON ${column(property)} = ${other}`,
  };
}
