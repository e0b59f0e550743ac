import type { EntityClass, EntitySchema } from '@mikro-orm/core';
import type { User } from '../../core/users';
import { deleteDependents } from './dependents';
import { ContentType, Group, GroupPermission, Permission, UserGroup, UserPermission } from './models';
import { identity, likeIndex, manyToOne, standaloneSchema, text, uniqueTogether } from './schema';
import type { SchemaProperties } from './schema';
import { UserSchema } from './user';

const number = { type: 'integer', primary: true, autoincrement: true } as const;
const id = { ...number, ...identity } as const;

/** The table `django_content_type`: the models that permissions are about. */
export const ContentTypeSchema: EntitySchema<ContentType> = standaloneSchema<ContentType>({
  class: ContentType,
  tableName: 'django_content_type',
  uniques: [uniqueTogether<ContentType>('django_content_type', { appLabel: 'app_label', model: 'model' })],
  properties: { id, appLabel: text(100), model: text(100) },
});

/** The table `auth_permission`. */
export const PermissionSchema: EntitySchema<Permission> = standaloneSchema<Permission>({
  class: Permission,
  tableName: 'auth_permission',
  uniques: [uniqueTogether<Permission>('auth_permission', { contentType: 'content_type_id', codename: 'codename' })],
  properties: {
    id,
    name: text(255),
    contentType: manyToOne('auth_permission', 'content_type_id', ContentTypeSchema),
    codename: text(100),
  } as SchemaProperties<Permission>,
  hooks: { beforeDelete: [deleteDependents] },
});

const groupColumns = { id, name: { ...text(150), unique: 'auth_group_name_key' } };

/** The table `auth_group`, with the permissions of each group. */
export const GroupSchema: EntitySchema<Group> = standaloneSchema<Group>({
  class: Group,
  tableName: 'auth_group',
  indexes: [likeIndex('auth_group', 'name', groupColumns)],
  properties: groupColumns,
  hooks: { beforeDelete: [deleteDependents] },
});

/** How the tables of groups and permissions are mapped. */
export interface PermissionSchemasOptions {
  /** The users whose permissions these are. @default UserSchema */
  readonly user?: EntitySchema;
  /** The column of the user in the tables of links. @default the last word of the users' table, with `_id` */
  readonly userColumn?: string;
}

/**
 * Maps Django's tables of permissions and groups, for the list of entities of an app: what `user.hasPerm` is answered
 * from. With a class of users of your own, the tables that link its users to groups and permissions are named after its
 * own table, as in Django.
 *
 * @example MikroORM.init({ entities: [UserSchema, TokenSchema, SessionSchema, ...permissionSchemas()] })
 */
export function permissionSchemas(options: PermissionSchemasOptions = {}): readonly EntitySchema[] {
  const user = options.user ?? UserSchema;
  const { tableName } = user.meta;
  const userColumn = options.userColumn ?? `${tableName.split('_').at(-1)!}_id`;
  const toUser: LinkEnd = { property: 'user', column: userColumn, schema: user };
  return [
    ContentTypeSchema,
    PermissionSchema,
    GroupSchema,
    linkSchema(UserGroup<User>, `${tableName}_groups`, [toUser, toGroup]),
    linkSchema(UserPermission<User>, `${tableName}_user_permissions`, [toUser, toPermission]),
    linkSchema(GroupPermission, 'auth_group_permissions', [toGroup, toPermission]),
  ];
}

/** One of the two rows that a link ties together. */
interface LinkEnd {
  readonly property: string;
  readonly column: string;
  readonly schema: EntitySchema;
}
const toGroup: LinkEnd = { property: 'group', column: 'group_id', schema: GroupSchema };
const toPermission: LinkEnd = { property: 'permission', column: 'permission_id', schema: PermissionSchema };

/** The tables of links that our migrations make; others belong to the app. */
const DJANGO_LINKS = new Set(['auth_user_groups', 'auth_user_user_permissions', 'auth_group_permissions']);

function linkSchema<Link>(
  link: EntityClass<Link>,
  tableName: string,
  ends: readonly [LinkEnd, LinkEnd],
): EntitySchema<Link> {
  const columns = Object.fromEntries(ends.map(({ property, column }) => [property, column]));
  const references = ends.map(({ property, column, schema }) => [property, manyToOne(tableName, column, schema)]);
  return standaloneSchema<Link>({
    class: link,
    tableName,
    uniques: [uniqueTogether<Link>(tableName, columns)],
    properties: {
      id: DJANGO_LINKS.has(tableName) ? id : number,
      ...Object.fromEntries(references),
    } as SchemaProperties<Link>,
  });
}
