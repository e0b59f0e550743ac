import { weaknessOf } from '../crypto/secret-strength';
import type { SecretKey } from '../crypto/signing';
import { ImproperlyConfigured } from './errors';
import { finding, type Finding } from './findings';

/** The secret that signs, and all with which signatures may have been made. */
export interface Secrets {
  readonly key: SecretKey;
  readonly fallbackKeys: readonly SecretKey[];
}

/** Secrets under the names that they have in settings. */
export interface SecretOptions {
  readonly secretKey: SecretKey | null;
  readonly secretKeyFallbacks: readonly SecretKey[];
}

/**
 * The secrets of an app, or of a part of it that has its own.
 * @throws ImproperlyConfigured when there is none
 */
export function secretsOf({ secretKey, secretKeyFallbacks }: SecretOptions): Secrets {
  if (secretKey !== null && secretKey.length > 0) return { key: secretKey, fallbackKeys: secretKeyFallbacks };
  throw new ImproperlyConfigured(
    "Signing needs the setting 'secretKey': defineSettings({ secretKey: process.env.SECRET_KEY }), at best the SECRET_KEY of the Django site.",
  );
}

export interface SecretCheckOptions {
  /** What stands before the names of these options. */
  readonly prefix: string;
  /** What becomes of a secret that is found out, as a sentence. */
  readonly danger: string;
  /** Secrets that are looked at elsewhere, and are not to be named twice. @default none */
  readonly except?: SecretOptions;
}

/** What is wrong with secrets. */
export function checkSecrets(
  { secretKey, secretKeyFallbacks }: SecretOptions,
  { prefix, danger, except }: SecretCheckOptions,
): Finding[] {
  const secrets = [
    ['secretKey', secretKey] as const,
    ...secretKeyFallbacks.map((secret, i) => [`secretKeyFallbacks[${String(i)}]`, secret] as const),
  ];
  return secrets.flatMap(([option, secret]) => {
    const weakness = secret === null ? null : weaknessOf(secret);
    if (weakness === null || isAmong(except, secret!)) return [];
    return finding('sallyport.W010', `the setting ${prefix}${option}`, {
      message: `The secret ${weakness}. ${danger}`,
      hint: 'Make one: node -p "crypto.randomBytes(48).toString(\'base64\')". It belongs into the environment, not the code.',
    });
  });
}

function isAmong(options: SecretOptions | undefined, secret: SecretKey): boolean {
  if (options === undefined) return false;
  const sought = Buffer.from(secret);
  return [options.secretKey ?? [], ...options.secretKeyFallbacks].some((one) => sought.equals(Buffer.from(one)));
}
