import { BasePermission, type Permission } from '../../core/permissions';
import { chain, type Awaitable, type PolicyClass } from '../../core/policy';
import type { Request } from '../../core/request';
import type { Settings } from '../../core/settings';
import { AbstractAuthToken } from './models';
import { knoxRules, requireDetails } from './settings';

/**
 * Requests with a token of knox that may be used for all of these. A token that was made without scopes may be used for
 * anything. Who comes without such a token is refused: say what else will do with `or`.
 *
 * @throws TypeError without a scope, which would let every token in
 * @example static override permissionClasses = [or(tokenHasScopes('notes:write'), IsAdminUser)];
 */
export function tokenHasScopes(...scopes: readonly string[]): PolicyClass<Permission> {
  if (scopes.length === 0) throw new TypeError('tokenHasScopes() takes scopes, and got none.');
  return class TokenHasScopes extends BasePermission {
    /** @throws ImproperlyConfigured where no table keeps scopes, and every token would seem to have none */
    static checkSettings(settings: Settings): void {
      requireDetails(knoxRules(settings).store, 'tokenHasScopes()');
    }

    override hasPermission(request: Request): Awaitable<boolean> {
      TokenHasScopes.checkSettings(this.settings); // within `or`, nobody has asked before
      return chain(request.loadUser(), () => {
        const { auth } = request;
        return auth instanceof AbstractAuthToken && auth.hasScopes(scopes);
      });
    }
  };
}
