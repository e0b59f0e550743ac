import { apiView, IsAuthenticated, Response, SessionAuthentication } from 'sallyport';
import { NotebookView } from '../api';

/** A function view as a plain function: the types of `request.user` and `request.auth` follow from the options. */
export const me = apiView(['GET'], { extends: NotebookView, permissionClasses: [IsAuthenticated] })((request) => {
  const { username, isStaff } = request.user;
  const bySession = request.successfulAuthenticator instanceof SessionAuthentication;
  const by = request.auth !== null ? 'token' : bySession ? 'session' : 'password';
  return new Response({ username, staff: isStaff, by });
});
