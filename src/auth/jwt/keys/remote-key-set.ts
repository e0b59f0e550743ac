import { ImproperlyConfigured } from '../../../core/exceptions';
import { chain, type Awaitable } from '../../../core/policy';
import { readKeySet, type JSONObject, type JWSAlgorithm, type KeySet, type Verifier } from '../protocol';
import { fetchDocument } from './fetch-document';
import type { KeySource, Occasion } from './source';

/** A key set that another server publishes. Times are in seconds. */
export interface RemoteKeySetOptions {
  /** `https://…`, without a name or password in it. */
  readonly url: string;
  /** After this time the set is fetched anew; null: what its `Cache-Control` says, up to a day, else 300. @default 300 */
  readonly maxAge?: number | null;
  /** The least time between two fetches, also where tokens name keys that nobody knows. @default 30 */
  readonly coolDown?: number;
  /** How long keys stay good beyond `maxAge` while the set can't be fetched. @default 3600 */
  readonly staleFor?: number;
  /** The server must have answered by then. @default 5 */
  readonly timeout?: number;
  /** Bytes of the set. @default 262_144 */
  readonly maxSize?: number;
  /** Takes `http://…` too: whoever is on the way can then sign as anybody. @default false */
  readonly allowHttp?: boolean;
  /** Fetches, where the platform's own `fetch` doesn't do: through a proxy, say. @default fetch */
  readonly fetch?: (url: string, init: RequestInit) => Promise<globalThis.Response>;
}

const DAY = 86_400;
const DEFAULT_AGE = 300;
/** After a failure with no key at hand: nobody can get in, so it is tried again soon. */
const RETRY = 1;
const NONE: readonly Verifier[] = Object.freeze([]);

/**
 * The keys of another server, found by the `kid` of a token. A key that is at hand is given at once; for any other the
 * set is fetched, once for all who ask at the same time, and not again before `coolDown` has passed.
 */
export class RemoteKeySet implements KeySource {
  readonly #algorithm: JWSAlgorithm;
  readonly #options: Required<RemoteKeySetOptions>;
  #keys: KeySet['keys'] = new Map();
  /** Seconds since 1970: until then the keys are fresh, good, and not fetched anew. */
  #freshUntil = -Infinity;
  #goodUntil = -Infinity;
  #restUntil = -Infinity;
  #fetching: Promise<void> | undefined;

  /** @throws ImproperlyConfigured for an algorithm with secrets, and for a URL that is not safe */
  constructor(algorithm: JWSAlgorithm, options: RemoteKeySetOptions) {
    if (algorithm.keyType === 'secret') {
      throw new ImproperlyConfigured(
        `The keys of ${algorithm.name} are secrets, which nobody publishes: with 'jwkUrl' set jwt({ algorithm: 'RS256' }) ` +
          'or another one with key pairs.',
      );
    }
    checkUrl(options);
    this.#algorithm = algorithm;
    this.#options = {
      maxAge: DEFAULT_AGE,
      coolDown: 30,
      staleFor: 3600,
      timeout: 5,
      maxSize: 262_144,
      allowHttp: false,
      fetch: (url, init) => fetch(url, init),
      ...options,
    };
  }

  find({ kid }: JSONObject, occasion: Occasion): Awaitable<readonly Verifier[]> {
    if (typeof kid !== 'string') return NONE;
    const { now } = occasion;
    const known = now < this.#freshUntil ? this.#keys.get(kid) : undefined;
    if (known !== undefined) return known;
    return chain(this.#refresh(occasion), () => (now < this.#goodUntil ? (this.#keys.get(kid) ?? NONE) : NONE));
  }

  #refresh(occasion: Occasion): Awaitable<void> {
    if (this.#fetching !== undefined) return this.#fetching;
    if (occasion.now < this.#restUntil) return undefined;
    return (this.#fetching = this.#fetch(occasion).finally(() => (this.#fetching = undefined)));
  }

  /** Never rejects: a server that is down makes tokens bad, and no errors of this one. */
  async #fetch({ now, logger }: Occasion): Promise<void> {
    const { url, coolDown, staleFor } = this.#options;
    try {
      const { bytes, maxAge } = await fetchDocument(this.#options);
      const { keys, refused } = readKeySet(bytes, this.#algorithm);
      if (refused.length > 0) logger.error({ url, refused }, 'Keys of a remote key set were left out.');
      this.#keys = keys;
      this.#freshUntil = now + this.#ageOf(maxAge);
      this.#goodUntil = this.#freshUntil + staleFor;
      this.#restUntil = now + coolDown;
    } catch (error) {
      logger.error({ url, error }, 'A remote key set could not be fetched.');
      this.#restUntil = now + (now < this.#goodUntil ? coolDown : Math.min(RETRY, coolDown));
    }
  }

  #ageOf(announced: number | null): number {
    const { maxAge, coolDown } = this.#options;
    return maxAge ?? Math.min(Math.max(announced ?? DEFAULT_AGE, coolDown), DAY);
  }
}

function checkUrl({ url, allowHttp = false }: RemoteKeySetOptions): void {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const isSafe = parsed?.protocol === 'https:' || (allowHttp && parsed?.protocol === 'http:');
  if (isSafe && parsed.username === '' && parsed.password === '') return;
  throw new ImproperlyConfigured(
    "The option 'jwkUrl' of 'jwt' is the https:// URL of a JWK set, without a name or password in it. For a server within " +
      'your own walls: jwt({ jwkUrl: { url, allowHttp: true } }).',
  );
}
