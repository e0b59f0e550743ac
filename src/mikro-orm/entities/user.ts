import type { EntityClass, EntitySchema } from '@mikro-orm/core';
import { systemClock } from '../../core/clock';
import type { Clock } from '../../core/clock';
import { User } from '../../core/users';
import { deleteDependents } from './dependents';
import { creationMoment, flag, identity, likeIndex, moment, standaloneSchema, text } from './schema';
import type { SchemaProperties } from './schema';

const DJANGO_TABLE = 'auth_user';

/** How a class of users is mapped to the columns of Django's table. */
export interface UserSchemaOptions<U extends User> {
  /** A class derived from `User`. */
  readonly class: EntityClass<U>;
  /** @default 'auth_user' */
  readonly tableName?: string;
  /** Columns of your own, or another form of Django's. */
  readonly properties?: Partial<SchemaProperties<U>>;
  /** Dates the rows. @default the system's */
  readonly clock?: Clock;
}

/**
 * Maps a class of users to the columns of Django's `auth_user`, for the list of entities of an app.
 *
 * MikroORM's schema generator finds nothing to change in a table that Django 4.1 or later has made, or our migrations.
 * Earlier versions made the key a `serial`: let `schemaGenerator.skipTables` of MikroORM name such a table. The table of a
 * class of your own is made by your own migrations.
 *
 * @example userSchema({ class: Member, tableName: 'members', properties: { phone: { type: 'string', length: 20 } } })
 */
export function userSchema<U extends User = User>(options: UserSchemaOptions<U>): EntitySchema<U> {
  const { class: entityClass, tableName = DJANGO_TABLE, clock = systemClock } = options;
  const all = {
    id: { type: 'integer', primary: true, autoincrement: true, ...(tableName === DJANGO_TABLE && identity) },
    password: { ...text(128), hidden: true },
    lastLogin: { ...moment, nullable: true },
    isSuperuser: flag,
    username: { ...text(150), unique: `${tableName}_username_key` },
    firstName: text(150),
    lastName: text(150),
    email: text(254),
    isStaff: flag,
    isActive: flag,
    dateJoined: creationMoment(clock),
    ...options.properties,
  };
  return standaloneSchema<U>({
    class: entityClass,
    tableName,
    indexes: [likeIndex(tableName, 'username', all)],
    properties: all as unknown as SchemaProperties<U>,
    hooks: { beforeDelete: [deleteDependents] },
  });
}

/** Django's own users. */
export const UserSchema: EntitySchema<User> = userSchema({ class: User });
