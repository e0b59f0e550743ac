import type { Settings } from '../../core/settings';
import { path, type Route } from '../../core/urls';
import { CsrfView, LoginView, LogoutView } from './views';

/**
 * The routes `/login/`, `/logout/` and `/csrf/`, with these names: DRF's `rest_framework.urls`, and a token for pages
 * that are scripts.
 *
 * @throws ImproperlyConfigured without a session store, a secret or a user store
 * @example handle([path('/api-auth', sessionUrls(settings), { namespace: 'rest_framework' })])
 */
export function sessionUrls(settings: Settings): Route[] {
  return [
    path('/login/', LoginView.asView({ settings }), { name: 'login' }),
    path('/logout/', LogoutView.asView({ settings }), { name: 'logout' }),
    path('/csrf/', CsrfView.asView({ settings }), { name: 'csrf' }),
  ];
}
