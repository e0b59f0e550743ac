import type { KeyObject } from 'node:crypto';
import { ImproperlyConfigured } from '../../core/exceptions';
import { consoleLogger, type Logger } from '../../core/logger';
import { chain, type Awaitable } from '../../core/policy';
import type { Settings } from '../../core/settings';
import { saltedHmac } from '../../crypto/signing';
import { PYTHON_STYLE, toPlain, writeJSON, type JSONStyle } from '../../http/json';
import { ExpiredTokenError, TokenError } from './exceptions';
import { KeyRing, type Signer } from './keys/key-ring';
import { RemoteKeySet } from './keys/remote-key-set';
import type { KeySource } from './keys/source';
import {
  checkClaims,
  findAlgorithm,
  JWTError,
  JWTExpired,
  openCompact,
  parseObject,
  prepareSigningKey,
  prepareVerifyingKey,
  readCompact,
  signCompact,
  UnfitKey,
  verifyOpened,
  type JSONObject,
  type JWSAlgorithm,
  type KeyInput,
} from './protocol';
import { jwt, type JWTSettings } from './settings';

/** How `TokenBackend.decode` reads a token. */
export interface DecodeOptions {
  /** Seconds since 1970. */
  readonly now: number;
  /** Whether signature and claims are checked. @default true */
  readonly verify?: boolean;
  /** Hears where the keys of another server can't be fetched. @default standard error */
  readonly logger?: Logger;
}

/** As Python's json.dumps writes it, so that both sides make the same token of the same claims. */
export const CLAIMS_STYLE: JSONStyle = { ...PYTHON_STYLE, strict: true };

/** What the releases of simplejwt say of a token that isn't good. */
const TEXTS = {
  '5.2': { expired: 'Token is invalid or expired', invalid: 'Token is invalid or expired' },
  '5.5': { expired: 'Token is expired', invalid: 'Token is invalid' },
} as const;

/** Signs and reads tokens with the keys of one set of options, which are prepared once. */
export class TokenBackend {
  readonly #options: JWTSettings;
  readonly #algorithm: JWSAlgorithm;
  readonly #ring: KeyRing | null;
  readonly #signer: Signer | null;
  readonly #keys: KeySource;
  readonly #style: JSONStyle;

  /** @throws ImproperlyConfigured for an algorithm that nobody knows, and for keys that are missing or unfit */
  constructor(options: JWTSettings) {
    const algorithm = findAlgorithm(options.algorithm);
    if (algorithm === undefined) {
      throw new ImproperlyConfigured(`Unrecognized algorithm type '${String(options.algorithm)}'`);
    }
    checkLeeway(options.leeway);
    checkSources(options);
    const { jsonEncoder, keyRing, allowShortSigningKey: allowShortSecret } = options;
    this.#options = options;
    this.#algorithm = algorithm;
    this.#ring = keyRing.length === 0 ? null : new KeyRing(keyRing, { algorithm: options.algorithm, allowShortSecret });
    this.#signer = signerOf(options, algorithm);
    this.#keys = this.#ring ?? keySourceOf(options, algorithm);
    this.#style =
      jsonEncoder === null
        ? CLAIMS_STYLE
        : { ...CLAIMS_STYLE, toPlain: (value) => jsonEncoder(value) ?? toPlain(value) };
  }

  /** The algorithm that tokens are signed with, unless a key of the ring has another one. */
  get algorithm(): JWSAlgorithm {
    return this.#algorithm;
  }

  /** The keys of the option `keyRing`; null where it is empty. */
  get ring(): KeyRing | null {
    return this.#ring;
  }

  /**
   * The signed token of these claims, with audience and issuer added.
   * @param now seconds since 1970: which key of a ring signs
   * @throws ImproperlyConfigured where no key may sign
   */
  encode(claims: Readonly<JSONObject>, now: number): string {
    const { audience, issuer } = this.#options;
    const all: JSONObject = { ...claims };
    if (audience !== null) all['aud'] = audience;
    if (issuer !== null) all['iss'] = issuer;
    const { algorithm, key, kid } = this.#signersAt(now)[0]!;
    const header = { alg: algorithm.name, typ: 'JWT', ...(kid === null ? {} : { kid }) };
    return signCompact(writeJSON(all, this.#style), header, { algorithm, key });
  }

  /**
   * The claims of a token. The signature is checked before any claim: an expired token that was edited is invalid. They
   * are there at once, unless a key must be fetched.
   * @throws TokenError, ExpiredTokenError
   */
  decode(token: string, options: DecodeOptions): Awaitable<JSONObject> {
    const { now, verify = true, logger = consoleLogger } = options;
    if (!verify) return this.#translated(() => parseObject(readCompact(token).payload));
    const opened = this.#translated(() => openCompact(token));
    return chain(this.#keys.find(opened.header, { now, logger }), (verifiers) =>
      this.#translated(() => {
        const claims = parseObject(verifyOpened(opened, verifiers).payload);
        const { audience, issuer, leeway, simplejwtVersion } = this.#options;
        const takesAnyId = simplejwtVersion === '5.2';
        checkClaims(claims, { now, audience, issuer, leeway: leeway ?? 0, takesAnyId });
        return claims;
      }),
    );
  }

  #translated<T>(read: () => T): T {
    try {
      return read();
    } catch (cause) {
      if (!(cause instanceof JWTError)) throw cause;
      const { expired, invalid } = TEXTS[this.#options.simplejwtVersion];
      if (cause instanceof JWTExpired) throw new ExpiredTokenError(expired, { cause });
      throw new TokenError(invalid, { cause });
    }
  }

  /**
   * Digests of a text that only those who may sign can make; `purpose` keeps them apart from all others. The first is
   * by the key that signs now, the others by keys that have signed.
   * @param now seconds since 1970
   * @throws ImproperlyConfigured where no key may sign
   */
  digests(purpose: string, text: string, now: number): readonly string[] {
    return this.#signersAt(now).map(({ key }) => {
      const secret = key.type === 'secret' ? key.export() : key.export({ format: 'der', type: 'pkcs8' });
      return saltedHmac(purpose, text, { secret }).toString('base64url');
    });
  }

  #signersAt(now: number): readonly Signer[] {
    if (this.#signer !== null) return [this.#signer];
    const signers = this.#ring?.signers(now) ?? [];
    if (signers.length > 0) return signers;
    throw new ImproperlyConfigured(
      "Without a 'signingKey', or a key of 'keyRing' that signs now, tokens can only be verified: jwt({ signingKey: … }).",
    );
  }
}

/** Several places where a key may come from would leave it open which one counts. */
function checkSources({ signingKey, verifyingKey, keyRing, jwkUrl }: JWTSettings): void {
  const isRing = keyRing.length > 0;
  if (isRing && (signingKey !== null || verifyingKey !== null || jwkUrl !== null)) {
    throw new ImproperlyConfigured(
      "With 'keyRing' all keys stand there: leave out 'signingKey', 'verifyingKey' and 'jwkUrl', and put the key that there " +
        'was behind the new one: jwt({ keyRing: [{ key: newKey }, { key: oldKey }] }).',
    );
  }
  if (jwkUrl !== null && verifyingKey !== null) {
    throw new ImproperlyConfigured("With 'jwkUrl' the keys come from there: leave out 'verifyingKey'.");
  }
}

function signerOf({ signingKey, allowShortSigningKey }: JWTSettings, algorithm: JWSAlgorithm): Signer | null {
  if (signingKey === null) return null;
  const key = fit('signingKey', () =>
    prepareSigningKey(algorithm, signingKey, { allowShortSecret: allowShortSigningKey }));
  return { algorithm, key, kid: null };
}

function keySourceOf(options: JWTSettings, algorithm: JWSAlgorithm): KeySource {
  const { signingKey, verifyingKey, jwkUrl, allowShortSigningKey: allowShortSecret } = options;
  if (jwkUrl !== null) return new RemoteKeySet(algorithm, typeof jwkUrl === 'string' ? { url: jwkUrl } : jwkUrl);
  const publicKey = algorithm.keyType === 'secret' ? null : verifyingKey;
  const key = fit(publicKey === null ? 'signingKey' : 'verifyingKey', () =>
    prepareVerifyingKey(algorithm, required(publicKey ?? signingKey, algorithm), { allowShortSecret }),
  );
  const verifiers = [{ algorithm, key }];
  return { find: () => verifiers };
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
      ? `The settings of 'jwt' lack 'signingKey', the secret of ${name}: defineSettings({ secretKey: process.env.SECRET_KEY }), or jwt({ signingKey: … }).`
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

/** By the options, or by the settings where their secret counts. Neither ever changes, so neither does what is made of them. */
const backends = new WeakMap<JWTSettings | Settings, TokenBackend>();

/**
 * The backend of the options in force in `settings`, made once.
 * @throws ImproperlyConfigured for options that can't work
 */
export function tokenBackend(settings: Settings): TokenBackend {
  const options = jwt.of(settings);
  const owner = usesSecretOfApp(options) ? settings : options;
  let backend = backends.get(owner);
  if (backend === undefined) {
    checkBlacklist(options);
    backend = new TokenBackend(owner === options ? options : { ...options, signingKey: settings.secretKey });
    backends.set(owner, backend);
  }
  return backend;
}

/** Whether no key is named where one secret would do: simplejwt takes `SECRET_KEY` then. */
function usesSecretOfApp({ algorithm, signingKey, keyRing, jwkUrl }: JWTSettings): boolean {
  const isSecret = findAlgorithm(algorithm)?.keyType === 'secret';
  return isSecret && signingKey === null && keyRing.length === 0 && jwkUrl === null;
}

function checkBlacklist({ blacklist, blacklistAfterRotation, families, jtiClaim }: JWTSettings): void {
  if (blacklistAfterRotation && blacklist === null) {
    throw new ImproperlyConfigured(
      "With 'blacklistAfterRotation' old tokens are called back, which needs a table: " +
        'jwt({ blacklist: blacklistStore(orm) }).',
    );
  }
  if ((blacklist !== null || families !== null) && jtiClaim === null) {
    throw new ImproperlyConfigured("Blacklist and families know tokens by their number: jwt({ jtiClaim: 'jti' }).");
  }
}
