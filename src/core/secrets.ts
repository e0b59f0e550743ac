import { weaknessOf } from '../crypto/secret-strength';
import type { SecretKey } from '../crypto/signing';
import { ImproperlyConfigured } from './errors';
import { finding, type Finding } from './findings';
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

/** Secrets that are to be looked at, under the names of settings. */
export interface SecretOptions {
  readonly secretKey: SecretKey | null;
  readonly secretKeyFallbacks: readonly SecretKey[];
}

/**
 * What is wrong with secrets.
 *
 * @param prefix what stands before the names of these options
 * @param danger what becomes of a secret that is found out, as a sentence
 */
export function checkSecrets(
  { secretKey, secretKeyFallbacks }: SecretOptions,
  { prefix, danger }: { readonly prefix: string; readonly danger: string },
): Finding[] {
  const secrets = [
    ['secretKey', secretKey] as const,
    ...secretKeyFallbacks.map((secret, i) => [`secretKeyFallbacks[${String(i)}]`, secret] as const),
  ];
  return secrets.flatMap(([option, secret]) => {
    const weakness = secret === null ? null : weaknessOf(secret);
    if (weakness === null) return [];
    return finding('sallyport.W010', `the setting ${prefix}${option}`, {
      message: `The secret ${weakness}. ${danger}`,
      hint: 'Make one: node -p "crypto.randomBytes(48).toString(\'base64\')". It belongs into the environment, not the code.',
    });
  });
}
