import { BadRequest, ImproperlyConfigured } from '../../core/exceptions';
import { chain, type Awaitable } from '../../core/policy';
import type { Settings } from '../../core/settings';
import { randomString } from '../../crypto/random';
import { applyChanges, findChanges, SessionCodec, toPythonISO } from './protocol/session-data';
import type { SessionData } from './protocol/session-data';
import { sessionSecrets } from './secrets';
import { Session } from './session';
import { session as namespace, type SessionSettings } from './settings';
import type { HostSessions, SessionRow, SessionStore } from './store';

/**
 * The session was ended elsewhere while this request was changing it; the answer is a bare 400. Making the session again
 * would undo the log out.
 */
export class SessionInterrupted extends BadRequest {
  override name = 'SessionInterrupted';

  constructor() {
    super(
      "The request's session was deleted before the request completed. " +
        'The user may have logged out in a concurrent request, for example.',
    );
  }
}

const EXPIRY = '_session_expiry';
const KEY_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
/** Each attempt to save fails only when another request saved meanwhile, so this many never come together. */
const MAX_ATTEMPTS = 100;

/** The row that a session was read from, or was saved to last. */
interface Stored {
  readonly key: string;
  readonly text: string;
}

/**
 * A session in a store of ours, in Django's form. Two requests that change one session at once lose nothing: what each of
 * them changed is put into what the other wrote.
 */
export class StoredSession extends Session {
  readonly #settings: Settings;
  readonly #options: SessionSettings;
  readonly #store: SessionStore;
  readonly #codec: SessionCodec;
  #stored: Stored | null;
  #key: string | null;
  #data: SessionData;
  readonly #ended: string[] = [];

  /** @internal Sessions come from `getSession` and `openSession`. */
  constructor(settings: Settings, stored: Stored | null) {
    super();
    this.#settings = settings;
    this.#options = namespace.of(settings);
    this.#store = storeOf(settings);
    this.#codec = codecOf(settings);
    this.#stored = stored;
    this.#key = stored?.key ?? null;
    this.#data = stored === null ? new Map<string, unknown>() : this.#read(stored.text);
  }

  get sessionKey(): string | null {
    return this.#key;
  }

  get isEmpty(): boolean {
    return this.#key === null && this.#data.size === 0;
  }

  get(name: string): unknown {
    return this.#data.get(name);
  }

  has(name: string): boolean {
    return this.#data.has(name);
  }

  set(name: string, value: unknown): void {
    this.#data.set(name, value);
    this.modified = true;
  }

  delete(name: string): boolean {
    const found = this.#data.delete(name);
    if (found) this.modified = true;
    return found;
  }

  entries(): IterableIterator<[string, unknown]> {
    return this.#data.entries();
  }

  override clear(): void {
    this.#data.clear();
    this.modified = true;
  }

  cycleKey(): void {
    this.#key = this.#newKey();
    this.modified = true;
  }

  async flush(): Promise<void> {
    const stored = this.#stored;
    this.clear();
    this.#stored = null;
    this.#key = null;
    if (stored === null) return;
    this.#ended.push(stored.key);
    await this.#store.delete(stored.key);
  }

  /** @internal Ends once more what was ended: the transaction of a request that failed has brought the row back. */
  async confirmFlush(): Promise<void> {
    for (const key of this.#ended) await this.#store.delete(key);
  }

  // When it ends

  setExpiry(value: number | Date | null): void {
    if (value === null) this.delete(EXPIRY);
    else this.set(EXPIRY, value instanceof Date ? toPythonISO(value) : value);
  }

  getExpiryAge(): number {
    const expiry = this.#data.get(EXPIRY);
    if (typeof expiry === 'number' && expiry !== 0) return expiry;
    const end = typeof expiry === 'string' ? Date.parse(expiry) : NaN;
    return Number.isNaN(end) ? this.#options.cookieAge : Math.floor((end - this.#settings.clock.now()) / 1000);
  }

  getExpiryDate(): Date {
    const expiry = this.#data.get(EXPIRY);
    const end = typeof expiry === 'string' ? Date.parse(expiry) : NaN;
    return new Date(Number.isNaN(end) ? this.#settings.clock.now() + this.getExpiryAge() * 1000 : end);
  }

  getExpireAtBrowserClose(): boolean {
    const expiry = this.#data.get(EXPIRY) ?? null;
    return expiry === null ? this.#options.expireAtBrowserClose : expiry === 0;
  }

  // Saving

  /** @throws SessionInterrupted when the row has gone meanwhile */
  async save(): Promise<void> {
    const stored = this.#stored;
    if (stored === null) return this.#create();
    const changes = findChanges(this.#read(stored.text), this.#data);
    const key = this.#key ?? stored.key;
    let previous = stored.text;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const row = this.#toRow(key);
      const outcome = await this.#store.replace(stored.key, previous, row);
      if (outcome === 'replaced') {
        this.#stored = { key, text: row.data };
        return undefined;
      }
      const newer = outcome === 'gone' ? null : await this.#store.load(stored.key, this.#now());
      if (newer === null) return this.#saveGone(stored.key);
      previous = newer;
      this.#data = applyChanges(changes, this.#read(newer));
    }
    throw new Error(`The session could not be saved in ${String(MAX_ATTEMPTS)} attempts.`);
  }

  /** Under a new key the session begins anew, as with Django: of two log ins at once both succeed. */
  #saveGone(oldKey: string): Promise<void> {
    if (this.#key === oldKey) throw new SessionInterrupted();
    return this.#create();
  }

  async #create(): Promise<void> {
    for (;;) {
      const row = this.#toRow((this.#key ??= this.#newKey()));
      if (await this.#store.create(row)) {
        this.#stored = { key: row.key, text: row.data };
        return;
      }
      this.#key = null; // taken, so another one
    }
  }

  #toRow(key: string): SessionRow {
    return { key, data: this.#codec.encode(this.#data), expires: this.getExpiryDate() };
  }

  #newKey(): string {
    return randomString(32, KEY_ALPHABET, this.#settings.random);
  }

  #now(): Date {
    return new Date(this.#settings.clock.now());
  }

  /** Damaged text is an empty session and no error, as with Django: after a change of the secret, say. */
  #read(text: string): SessionData {
    try {
      return this.#codec.decode(text);
    } catch (error) {
      this.#settings.logger.error({ err: error }, 'Session data corrupted');
      return new Map();
    }
  }
}

const codecs = new WeakMap<Settings, SessionCodec>();

/** One codec for each settings value: deriving its keys takes more than checking a signature. */
function codecOf(settings: Settings): SessionCodec {
  const known = codecs.get(settings);
  if (known !== undefined) return known;
  const codec = new SessionCodec({ ...sessionSecrets(settings), clock: settings.clock });
  codecs.set(settings, codec);
  return codec;
}

/** Django takes no key of less than 8 characters, and its table holds none of more than 40. */
const POSSIBLE_KEY = /^[\x21-\x7e]{8,40}$/;

/** Whether the sessions are those of the host's middleware. */
export function isHostSessions(store: SessionStore | HostSessions): store is HostSessions {
  return 'open' in store;
}

/** @throws ImproperlyConfigured where the host keeps the sessions */
function storeOf(settings: Settings): SessionStore {
  const { store } = namespace.of(settings);
  if (!isHostSessions(store)) return store;
  throw new ImproperlyConfigured(
    'The sessions of the host are known by their requests alone: write getSession(request), not openSession(settings, key).',
  );
}

/**
 * The session with this key, outside of any request; a new one when there is none. The key itself is never taken over,
 * or else somebody could give a visitor a session of their choice (fixation).
 *
 * @throws ImproperlyConfigured where middleware of the host keeps the sessions
 */
export function openSession(settings: Settings, key: string | null | undefined): Awaitable<StoredSession> {
  if (typeof key !== 'string' || !POSSIBLE_KEY.test(key)) return new StoredSession(settings, null);
  return chain(storeOf(settings).load(key, new Date(settings.clock.now())), (text) => {
    return new StoredSession(settings, text === null ? null : { key, text });
  });
}
