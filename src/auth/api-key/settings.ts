import { finding, type Finding } from '../../core/findings';
import { namespace } from '../../core/namespace';
import type { Settings } from '../../core/settings';
import type { PasswordHashers } from '../../crypto/hashers';
import { apiKeyHashers } from './protocol';
import type { APIKeyStore } from './store';

/** The options of API keys. */
export interface APIKeySettings {
  /** The tables of keys. */
  readonly store: APIKeyStore;
  /**
   * The header that holds a key and nothing else, under its WSGI name: `HTTP_X_API_KEY`; null: `Authorization: Api-Key
   * <key>`. The package's `API_KEY_CUSTOM_HEADER`. @default null
   */
  readonly customHeader: string | null;
  /** Seconds until a new key ends, unless it is made with a date of its own; null: never. @default null */
  readonly keyLifetime: number | null;
  /**
   * The first makes new hashes, and an unknown prefix costs one run of it; all of them may verify stored ones. Slow
   * hashes of other versions give way to the first at the next use of their key. @default apiKeyHashers
   */
  readonly hashers: PasswordHashers;
}

/** The options of API keys: `defineSettings({ … }, apiKey({ store: apiKeyStore(orm) }))`. */
export const apiKey = namespace<APIKeySettings>(
  'apiKey',
  { customHeader: null, keyLifetime: null, hashers: apiKeyHashers },
  ['store'],
);

/** Whether keys are good for ever. */
export function checkKeyLifetime(settings: Settings): Finding[] {
  if (apiKey.find(settings)?.keyLifetime !== null) return [];
  return [
    finding('sallyport.W020', 'the setting apiKey.keyLifetime', {
      message: 'New API keys never end, so one that was lost is good until somebody notices.',
      hint: 'Let them end after a year, say: apiKey({ keyLifetime: 365 * 86_400 }). A key may still be made with a date of its own.',
    }),
  ];
}
