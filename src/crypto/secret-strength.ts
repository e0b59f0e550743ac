import type { SecretKey } from './signing';

/** Characters of a text, as in Django's check, and bytes: fewer can be found by trying. */
const LEAST = { characters: 50, bytes: 32, different: 5 };

/** What makes a secret easy to guess, as the end of a sentence about it; null for a good one. The text holds none of it. */
export function weaknessOf(secret: SecretKey): string | null {
  const isText = typeof secret === 'string';
  const [least, unit] = isText ? [LEAST.characters, 'characters'] : [LEAST.bytes, 'bytes'];
  if (isText && secret.startsWith('django-insecure-')) {
    return "begins with 'django-insecure-': Django made it for development";
  }
  if (secret.length < least) return `is shorter than ${String(least)} ${unit}`;
  if (new Set<unknown>(secret).size < LEAST.different)
    return `has fewer than ${String(LEAST.different)} different ${unit}`;
  return null;
}
