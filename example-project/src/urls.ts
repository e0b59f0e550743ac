import { path, sessionUrls, type Route } from 'sallyport';
import { NotebookView } from './api';
import { Pages } from './views/home';
import { Login } from './views/login';
import { me } from './views/me';
import { NoteDetail } from './views/note-detail';
import { NoteList } from './views/note-list';
import { UserList } from './views/user-list';

export const urls: readonly Route[] = [
  path('/', Pages.home, { name: 'home' }),
  path('/login', Login.asView(), { name: 'login' }),
  path('/auth', sessionUrls(NotebookView.settings), { namespace: 'auth' }),
  path('/me', me, { name: 'me' }),
  path('/notes', NoteList.asView(), { name: 'notes' }),
  path('/notes/<int:id>', NoteDetail.asView(), { name: 'note' }),
  path('/users', UserList.asView(), { name: 'users' }),
];
