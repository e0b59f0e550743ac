import type { SecretKey } from '../crypto/signing';
import { ImproperlyConfigured } from './errors';
import type { Settings } from './settings';

/** The secret that signs, and all with which signatures may have been made. */
export interface Secrets {
  readonly key: SecretKey;
  readonly fallbackKeys: readonly SecretKey[];
}

/**
 * The secrets of an app.
 * @throws ImproperlyConfigured when it has none
 */
export function secretsOf({ secretKey, secretKeyFallbacks }: Settings): Secrets {
  if (secretKey !== null && secretKey.length > 0) return { key: secretKey, fallbackKeys: secretKeyFallbacks };
  throw new ImproperlyConfigured(
    "Signing needs the setting 'secretKey': defineSettings({ secretKey: process.env.SECRET_KEY }), at best the SECRET_KEY of the Django site.",
  );
}
