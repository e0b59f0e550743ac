import { KeyObject } from 'node:crypto';
import { finding, type Finding } from '../../core/findings';
import type { Settings } from '../../core/settings';
import { weaknessOf } from '../../crypto/secret-strength';
import { findAlgorithm, type AlgorithmName, type KeyInput } from './protocol';
import { jwt, type JWTSettings } from './settings';

/** What is insecure about the options of JSON web tokens. */
export function checkTokens(settings: Settings): Finding[] {
  const { algorithm, signingKey, keyRing, jwkUrl } = jwt.of(settings);
  return [
    // What the app signs with is looked at there.
    ...(signingKey === settings.secretKey ? [] : checkSecret('jwt.signingKey', signingKey, algorithm)),
    ...keyRing.flatMap(({ key, algorithm: own = algorithm }, i) => checkSecret(`jwt.keyRing[${String(i)}]`, key, own)),
    ...checkKeySet(jwkUrl),
  ];
}

function checkKeySet(jwkUrl: JWTSettings['jwkUrl']): Finding[] {
  const url = typeof jwkUrl === 'object' ? jwkUrl?.url : jwkUrl;
  if (url === undefined || !/^http:/i.test(url)) return [];
  return [
    finding('sallyport.W028', 'the setting jwt.jwkUrl', {
      message: 'Whoever is on the way to the key set can put a key of their own into it, and then log in as anybody.',
      hint: 'Have the key set served with TLS: an https:// URL.',
    }),
  ];
}

/** What is wrong with the secret of an HMAC algorithm. Keys of pairs are checked when they are prepared. */
export function checkSecret(option: string, secret: KeyInput | null, algorithm: AlgorithmName): Finding[] {
  const { keyType, minimumBits } = findAlgorithm(algorithm) ?? {};
  const content = secret === null || keyType !== 'secret' ? null : contentOf(secret);
  if (content === null) return [];
  const weakness =
    Buffer.byteLength(content) * 8 < minimumBits!
      ? `is shorter than the ${String(minimumBits! / 8)} bytes of ${algorithm} (RFC 7518, section 3.2)`
      : weaknessOf(content);
  if (weakness === null) return [];
  return [
    finding('sallyport.W010', `the setting ${option}`, {
      message: `The secret ${weakness}. Whoever has a token can look for it at home, and then log in as anybody.`,
      hint: 'Make one: node -p "crypto.randomBytes(48).toString(\'base64\')". It belongs into the environment, not the code.',
    }),
  ];
}

/** The characters or the bytes of a secret; null for what can't be one. */
function contentOf(secret: KeyInput): string | Uint8Array | null {
  if (typeof secret === 'string' || secret instanceof Uint8Array) return secret;
  if (secret instanceof KeyObject) return secret.type === 'secret' ? secret.export() : null;
  return typeof secret.k === 'string' ? Buffer.from(secret.k, 'base64url') : null;
}
