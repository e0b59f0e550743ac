import {
  and,
  IsAuthenticated,
  or,
  path,
  TokenAuthentication,
  type PermissionClasses,
  type Route,
  type Settings,
} from 'sallyport';
import { apiKey, HasAPIKey } from 'sallyport/api-key';
import { djangoSettings } from './django';
import type { Profile } from './documents';
import type { System } from './system';
import { whoAmIView } from './whoami';
import type { World } from './world';

/** djangorestframework-api-key 2.0. */
export const apiKeySystem: System = {
  settingsOf(profile: Profile, world: World): Settings {
    const { API_KEY_CUSTOM_HEADER: header = null } = profile.settings as Readonly<Record<string, unknown>>;
    const options = [apiKey({ store: world.apiKeys, customHeader: header as string | null })];
    return djangoSettings(profile, { world, authenticators: {}, options });
  },

  routesOf(prefix: string, _profile: Profile, settings: Settings): Route[] {
    const view = whoAmIView((auth) => auth);
    const route = (name: string, permissionClasses: PermissionClasses): Route =>
      path(
        `${prefix}/${name}/`,
        view.asView({ settings, authenticationClasses: [TokenAuthentication], permissionClasses }),
      );
    return [
      route('key', [HasAPIKey]),
      route('key-or-user', [or(HasAPIKey, IsAuthenticated)]),
      route('key-and-user', [and(HasAPIKey, IsAuthenticated)]),
    ];
  },
};
