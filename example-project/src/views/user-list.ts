import { IsAdminUser, permissionClasses, Response, User } from 'sallyport';
import { NotebookView } from '../api';
import { orm } from '../database';

/** Who has a notebook; for the staff. */
@permissionClasses([IsAdminUser])
export class UserList extends NotebookView {
  override async get(): Promise<Response> {
    const users = await orm.em.find(User, {}, { orderBy: { username: 'asc' } });
    return new Response(users.map(({ id, username, isStaff }) => ({ id, username, staff: isStaff })));
  }
}
