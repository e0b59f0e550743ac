import { namespace } from '../../core/namespace';
import type { TokenStore } from './store';

/** The settings of DRF's tokens, under `authtoken`. */
export interface AuthTokenSettings {
  /** The table of tokens. */
  readonly store: TokenStore;
  /**
   * How keys lie in the table. `clear`: as DRF has it, so that whoever reads the table can log in as anybody. `hashed`: as
   * digests; a key that rests in clear goes on working, and is changed into its digest when it is used. The real Django
   * doesn't take hashed keys. @default 'clear'
   */
  readonly keysAtRest: 'clear' | 'hashed';
}

/** The options of DRF's token scheme: `defineSettings({ … }, authtoken({ store: tokenStore(orm) }))`. */
export const authtoken = namespace<AuthTokenSettings>('authtoken', { keysAtRest: 'clear' }, ['store']);
