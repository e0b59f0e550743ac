import { secretsOf, type Secrets } from '../../core/secrets';
import type { Settings } from '../../core/settings';
import { session } from './settings';

/**
 * What signs sessions, and proves which password they were opened with: their own secret, else that of the app.
 * @throws ImproperlyConfigured where there is neither
 */
export function sessionSecrets(settings: Settings): Secrets {
  const own = session.of(settings);
  if (own.secretKey !== null) return secretsOf(own);
  const { secretKey } = settings;
  return secretsOf({ secretKey, secretKeyFallbacks: [...own.secretKeyFallbacks, ...settings.secretKeyFallbacks] });
}
