import type { User } from 'sallyport';
import { createPermissions, Group, GroupPermission, Permission, UserGroup, UserPermission } from 'sallyport/mikro-orm';
import type { Manifest } from './manifest';
import type { Project } from './project';

/** Users to whom something was granted in person, by a group, by being a superuser, or not at all. */
export async function writePermissions(project: Project): Promise<Manifest['permissions']> {
  await createPermissions(project.orm);
  const em = project.orm.em.fork();
  const find = (codename: string): Promise<Permission> =>
    em.findOneOrFail(Permission, { codename, contentType: { appLabel: 'auth' } });
  const [add, view] = [await find('add_user'), await find('view_group')];

  const [nobody, person, member, both, root, gone] = await createUsers(project);
  const group = em.create(Group, { name: project.name('Gruppe ☃') });
  em.create(GroupPermission, { group, permission: view });
  for (const user of [member, both]) em.create(UserGroup, { user, group });
  for (const user of [person, both, gone]) em.create(UserPermission, { user, permission: add });
  await em.flush();

  const may = (user: User, ...granted: string[]) =>
    ['auth.add_user', 'auth.view_group', 'auth.change_user', 'notes.add_note'].map((permission) => ({
      user_id: user.id,
      permission,
      has: granted.includes(permission) || granted.includes('everything'),
    }));
  return [
    ...may(nobody),
    ...may(person, 'auth.add_user'),
    ...may(member, 'auth.view_group'),
    ...may(both, 'auth.add_user', 'auth.view_group'),
    ...may(root, 'everything'),
    ...may(gone),
  ];
}

async function createUsers(project: Project): Promise<[User, User, User, User, User, User]> {
  const create = (purpose: string, fields = {}): Promise<User> => project.createUser(`may_${purpose}`, fields);
  return [
    await create('nothing'),
    await create('in_person'),
    await create('by_group'),
    await create('by_both'),
    await create('everything', { isSuperuser: true }),
    await create('nothing_any_more', { isActive: false }),
  ];
}
