import { createHash, type JsonWebKey } from 'node:crypto';

/** The members that make a key, in the order of their names (RFC 7638, section 3.2; RFC 8037, section 2). */
const MEMBERS: Readonly<Record<string, readonly (keyof JsonWebKey)[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
  oct: ['k', 'kty'],
};

/**
 * The name that follows from a key itself: the SHA-256 thumbprint of RFC 7638, in base64url.
 * @throws TypeError when it is no key of a type that is known
 */
export function jwkThumbprint(jwk: JsonWebKey): string {
  const members = MEMBERS[jwk.kty ?? ''];
  if (members === undefined || members.some((name) => typeof jwk[name] !== 'string')) {
    throw new TypeError('This is no complete JWK of the type EC, OKP, RSA or oct.');
  }
  const canonical = JSON.stringify(Object.fromEntries(members.map((name) => [name, jwk[name]])));
  return createHash('sha256').update(canonical).digest('base64url');
}
