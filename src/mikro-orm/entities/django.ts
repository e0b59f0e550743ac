import type { EntityClass, EntitySchema } from '@mikro-orm/core';
import { Token } from '../../auth/token/models';
import { User } from '../../core/users';
import { permissionSchemas } from './permission';
import { SessionSchema } from './session';
import { tokenSchema, TokenSchema } from './token';
import { userSchema, UserSchema } from './user';

/** What a MikroORM takes as its `entities`. */
export type EntityList = readonly (EntityClass<object> | EntitySchema)[];

/**
 * Maps the tables that every project with Django REST framework has: users, their tokens, groups and permissions, and
 * sessions.
 *
 * @param userClass the class of the users, mapped to the columns of `auth_user`
 * @example MikroORM.init({ entities: [...djangoSchemas(), Note] })
 */
export function djangoSchemas(userClass: EntityClass<User> = User): readonly EntitySchema[] {
  if (userClass === User) return [UserSchema, TokenSchema, SessionSchema, ...permissionSchemas()];
  const user: EntitySchema = userSchema({ class: userClass });
  return [user, tokenSchema<Token>({ class: Token, user }), SessionSchema, ...permissionSchemas({ user })];
}
