import { constants, createHmac, sign, timingSafeEqual, verify, type KeyObject } from 'node:crypto';

/** How one algorithm of RFC 7518 or RFC 8037 signs, and which keys it takes. */
export interface JWSAlgorithm {
  readonly name: AlgorithmName;
  /** `secret` for HMAC, else the type of the key pair. */
  readonly keyType: 'secret' | 'rsa' | 'ec' | 'ed25519';
  /** OpenSSL's name of the curve of an `ec` key. */
  readonly curve?: string;
  /** The least length of a key: of HMAC that of the digest (RFC 7518, 3.2), of RSA 2048 (3.3 and 3.5). */
  readonly minimumBits: number;
  readonly sign: (data: string, key: KeyObject) => Buffer;
  readonly verify: (data: string, key: KeyObject, signature: Buffer) => boolean;
}

const NAMES = [
  ...(['HS256', 'HS384', 'HS512'] as const),
  ...(['RS256', 'RS384', 'RS512'] as const),
  ...(['PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512'] as const),
  'EdDSA',
] as const;

/** The names of algorithms that tokens are signed with (RFC 7518, section 3.1; RFC 8037, section 3.1). */
export type AlgorithmName = (typeof NAMES)[number];

/** The algorithms there are. `none` is none. */
export const algorithmNames: readonly AlgorithmName[] = Object.freeze([...NAMES]);

type Bits = '256' | '384' | '512';

/** RFC 7518, section 3.4: the curve goes with the digest. */
const CURVES: Readonly<Record<Bits, string>> = { '256': 'prime256v1', '384': 'secp384r1', '512': 'secp521r1' };

const ALGORITHMS: ReadonlyMap<string, JWSAlgorithm> = new Map(NAMES.map((name) => [name, define(name)]));

/** The algorithm of that name; undefined where there is none. */
export function findAlgorithm(name: string): JWSAlgorithm | undefined {
  return ALGORITHMS.get(name);
}

function define(name: AlgorithmName): JWSAlgorithm {
  const bits = name.slice(2) as Bits;
  switch (name.slice(0, 2)) {
    case 'HS':
      return hmac(name, bits);
    case 'RS':
      return withKeyPair({ name, keyType: 'rsa', minimumBits: 2048 }, bits, { padding: constants.RSA_PKCS1_PADDING });
    case 'PS':
      return withKeyPair({ name, keyType: 'rsa', minimumBits: 2048 }, bits, {
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      });
    case 'ES':
      return withKeyPair({ name, keyType: 'ec', curve: CURVES[bits], minimumBits: 0 }, bits, {
        dsaEncoding: 'ieee-p1363',
      });
    default:
      return withKeyPair({ name, keyType: 'ed25519', minimumBits: 0 }, null, {});
  }
}

function hmac(name: AlgorithmName, bits: Bits): JWSAlgorithm {
  const digest = (data: string, key: KeyObject): Buffer => createHmac(`sha${bits}`, key).update(data).digest();
  return {
    name,
    keyType: 'secret',
    minimumBits: Number(bits),
    sign: digest,
    verify(data, key, signature) {
      const expected = digest(data, key);
      return signature.length === expected.length && timingSafeEqual(signature, expected);
    },
  };
}

interface SignatureOptions {
  readonly padding?: number;
  readonly saltLength?: number;
  readonly dsaEncoding?: 'ieee-p1363';
}

function withKeyPair(
  about: Pick<JWSAlgorithm, 'name' | 'keyType' | 'curve' | 'minimumBits'>,
  bits: Bits | null,
  options: SignatureOptions,
): JWSAlgorithm {
  const digest = bits === null ? null : `sha${bits}`;
  return {
    ...about,
    sign: (data, key) => sign(digest, Buffer.from(data), { key, ...options }),
    verify: (data, key, signature) => verify(digest, Buffer.from(data), { key, ...options }, signature),
  };
}
