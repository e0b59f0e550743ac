import { DjangoModelPermissions, User } from 'sallyport';
import type { AnonymousUser, BaseUser, ModelSource, PermissionTable, PermissionUser, PermsMap } from 'sallyport';
import { permissionSchemas, userSchema, userStore } from 'sallyport/mikro-orm';
import type { ModelDeclaration, Orm } from 'sallyport/mikro-orm';
import type { Equals, Expect } from './support';

/** An entity class that carries its names. */
class Note {
  static readonly appLabel = 'notes';
  static readonly modelName = 'note';
  static readonly verboseName = 'sticky note';
}

export const source: ModelSource = Note;
export const declaration: ModelDeclaration = Note;
// @ts-expect-error -- a class without names is no model
export const nameless: ModelSource = class {};

export type OfPermissions = [
  Expect<Equals<PermissionUser, BaseUser | AnonymousUser>>,
  Expect<Equals<ReturnType<(User | AnonymousUser)['hasPerm']>, Promise<boolean>>>,
  Expect<Equals<ReturnType<User['getAllPermissions']>, Promise<Set<string>>>>,
];

export function forgotten(user: User | AnonymousUser): string {
  /* eslint-disable @typescript-eslint/no-misused-promises, @typescript-eslint/strict-boolean-expressions -- as the compiler does */
  // @ts-expect-error -- a promise is true in any case
  if (user.hasPerm('notes.add_note')) return 'always';
  return 'never';
}

export class Strict extends DjangoModelPermissions {
  override readonly permsMap: PermsMap = { GET: ['%(app_label)s.view_%(model_name)s'] };
  override readonly authenticatedUsersOnly = false;
}

class Member extends User {}
export const schemas = permissionSchemas({ user: userSchema({ class: Member, tableName: 'club_member' }) });
export const tableOf = (orm: Orm): PermissionTable | undefined => userStore(orm).permissions;
