import { apiView, IsAuthenticated, Response } from 'sallyport';
import { NotebookView } from '../api';

/** A function view as a plain function: the types of `request.user` and `request.auth` follow from the options. */
export const me = apiView(['GET'], { extends: NotebookView, permissionClasses: [IsAuthenticated] })((request) => {
  const { username, isStaff } = request.user;
  return new Response({ username, staff: isStaff, by: request.auth === null ? 'password' : 'token' });
});
