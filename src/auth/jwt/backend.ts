import type { KeyObject } from 'node:crypto';
import { ImproperlyConfigured } from '../../core/exceptions';
import type { Settings } from '../../core/settings';
import { saltedHmac } from '../../crypto/signing';
import { toPlain, writeJSON, type JSONStyle } from '../../http/json';
import { ExpiredTokenError, TokenError } from './exceptions';
import {
  checkClaims,
  findAlgorithm,
  JWTError,
  JWTExpired,
  parseObject,
  prepareSigningKey,
  prepareVerifyingKey,
  readCompact,
  signCompact,
  UnfitKey,
  verifyCompact,
  type JSONObject,
  type JWSAlgorithm,
  type KeyInput,
} from './protocol';
import { jwt, type JWTSettings } from './settings';

export interface DecodeOptions {
  /** Seconds since 1970. */
  readonly now: number;
  /** Whether signature and claims are checked. @default true */
  readonly verify?: boolean;
}

/** What the releases of simplejwt say of a token that isn't good. */
const TEXTS = {
  '5.2': { expired: 'Token is invalid or expired', invalid: 'Token is invalid or expired' },
  '5.5': { expired: 'Token is expired', invalid: 'Token is invalid' },
} as const;

/** Signs and reads tokens with the keys of one set of options, which are prepared once. */
export class TokenBackend {
  readonly #options: JWTSettings;
  readonly #algorithm: JWSAlgorithm;
  readonly #signingKey: KeyObject | null;
  readonly #verifyingKey: KeyObject;
  readonly #style: JSONStyle;

  /** @throws ImproperlyConfigured for an algorithm that nobody knows, and for keys that are missing or unfit */
  constructor(options: JWTSettings) {
    const algorithm = findAlgorithm(options.algorithm);
    if (algorithm === undefined) {
      throw new ImproperlyConfigured(`Unrecognized algorithm type '${String(options.algorithm)}'`);
    }
    checkLeeway(options.leeway);
    const { signingKey, jsonEncoder, allowShortSigningKey: allowShortSecret } = options;
    const publicKey = algorithm.keyType === 'secret' ? null : options.verifyingKey;
    this.#options = options;
    this.#algorithm = algorithm;
    this.#signingKey =
      signingKey === null
        ? null
        : fit('signingKey', () => prepareSigningKey(algorithm, signingKey, { allowShortSecret }));
    this.#verifyingKey = fit(publicKey === null ? 'signingKey' : 'verifyingKey', () =>
      prepareVerifyingKey(algorithm, required(publicKey ?? signingKey, algorithm), { allowShortSecret }),
    );
    // As Python's json.dumps writes it, so that both sides make the same token of the same claims.
    const style: JSONStyle = { indent: 0, compact: true, ascii: true, strict: true };
    this.#style = jsonEncoder === null ? style : { ...style, toPlain: (value) => jsonEncoder(value) ?? toPlain(value) };
  }

  /** The signed token of these claims, with audience and issuer added. */
  encode(claims: Readonly<JSONObject>): string {
    const { audience, issuer } = this.#options;
    const all: JSONObject = { ...claims };
    if (audience !== null) all['aud'] = audience;
    if (issuer !== null) all['iss'] = issuer;
    const signer = { algorithm: this.#algorithm, key: this.#requireSigningKey() };
    return signCompact(writeJSON(all, this.#style), { alg: this.#algorithm.name, typ: 'JWT' }, signer);
  }

  /**
   * The claims of a token. The signature is checked before any claim: an expired token that was edited is invalid.
   * @throws TokenError, ExpiredTokenError
   */
  decode(token: string, { now, verify = true }: DecodeOptions): JSONObject {
    try {
      if (!verify) return parseObject(readCompact(token).payload);
      const { payload } = verifyCompact(token, { algorithm: this.#algorithm, key: this.#verifyingKey });
      const claims = parseObject(payload);
      const { audience, issuer, leeway } = this.#options;
      checkClaims(claims, { now, audience, issuer, leeway: leeway ?? 0 });
      return claims;
    } catch (cause) {
      if (!(cause instanceof JWTError)) throw cause;
      const { expired, invalid } = TEXTS[this.#options.simplejwtVersion];
      if (cause instanceof JWTExpired) throw new ExpiredTokenError(expired, { cause });
      throw new TokenError(invalid, { cause });
    }
  }

  /** A digest of a text that only those who may sign can make; `purpose` keeps it apart from all others. */
  digest(purpose: string, text: string): string {
    const key = this.#requireSigningKey();
    const secret = key.type === 'secret' ? key.export() : key.export({ format: 'der', type: 'pkcs8' });
    return saltedHmac(purpose, text, { secret }).toString('base64url');
  }

  #requireSigningKey(): KeyObject {
    if (this.#signingKey !== null) return this.#signingKey;
    throw new ImproperlyConfigured("Without a 'signingKey' tokens can only be verified: jwt({ signingKey: … }).");
  }
}

function checkLeeway(leeway: unknown): void {
  if (leeway === null || (typeof leeway === 'number' && Number.isFinite(leeway) && leeway >= 0)) return;
  throw new ImproperlyConfigured(
    `Unrecognized type '${typeof leeway}', 'leeway' must be a number of seconds, 0 or more: jwt({ leeway: 30 }).`,
  );
}

function required(key: KeyInput | null, { name, keyType }: JWSAlgorithm): KeyInput {
  if (key !== null) return key;
  throw new ImproperlyConfigured(
    keyType === 'secret'
      ? `The settings of 'jwt' lack 'signingKey', the secret of ${name}: defineSettings({ … }, jwt({ signingKey: … })).`
      : `The settings of 'jwt' lack a key for ${name}: 'signingKey', or 'verifyingKey' where no token is made.`,
  );
}

function fit(option: string, prepare: () => KeyObject): KeyObject {
  try {
    return prepare();
  } catch (cause) {
    if (!(cause instanceof UnfitKey)) throw cause;
    const cure =
      option === 'signingKey' && cause.message.includes('RFC 7518')
        ? ' Take a longer one, or, while tokens of an older system must count, jwt({ allowShortSigningKey: true }).'
        : '';
    throw new ImproperlyConfigured(`The option '${option}' of 'jwt' does not fit: ${cause.message}${cure}`, { cause });
  }
}

/** Options never change, so neither does what is made of them. */
const backends = new WeakMap<JWTSettings, TokenBackend>();

/**
 * The backend of the options in force in `settings`, made once.
 * @throws ImproperlyConfigured for options that can't work
 */
export function tokenBackend(settings: Settings): TokenBackend {
  const options = jwt.of(settings);
  let backend = backends.get(options);
  if (backend === undefined) {
    checkBlacklist(options);
    backend = new TokenBackend(options);
    backends.set(options, backend);
  }
  return backend;
}

function checkBlacklist({ blacklist, blacklistAfterRotation, jtiClaim }: JWTSettings): void {
  if (blacklistAfterRotation && blacklist === null) {
    throw new ImproperlyConfigured(
      "With 'blacklistAfterRotation' old tokens are called back, which needs a table: " +
        'jwt({ blacklist: blacklistStore(orm) }).',
    );
  }
  if (blacklist !== null && jtiClaim === null) {
    throw new ImproperlyConfigured("The blacklist knows tokens by their number: jwt({ jtiClaim: 'jti' }).");
  }
}
