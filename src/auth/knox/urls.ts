import type { Settings } from '../../core/settings';
import { path, type Route } from '../../core/urls';
import { LoginView, LogoutAllView, LogoutView } from './views';

/**
 * Knox's routes, under its names: `login/`, `logout/` and `logoutall/`.
 *
 * @throws ImproperlyConfigured without a table of tokens, and for options that can't work
 * @example handle([path('/auth', urls(AppView.settings))])
 */
export function urls(settings: Settings): Route[] {
  return [
    path('/login/', LoginView.asView({ settings }), { name: 'knox_login' }),
    path('/logout/', LogoutView.asView({ settings }), { name: 'knox_logout' }),
    path('/logoutall/', LogoutAllView.asView({ settings }), { name: 'knox_logoutall' }),
  ];
}
