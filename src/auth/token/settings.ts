import { namespace } from '../../core/namespace';
import type { TokenStore } from './store';

export interface AuthTokenSettings {
  /** The table of tokens. */
  readonly store: TokenStore;
}

/** The options of DRF's token scheme: `defineSettings({ … }, authtoken({ store: tokenStore(orm) }))`. */
export const authtoken = namespace<AuthTokenSettings>('authtoken', {}, ['store']);
