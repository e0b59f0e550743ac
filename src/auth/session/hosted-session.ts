import type { Settings } from '../../core/settings';
import { Session } from './session';
import { session as namespace } from './settings';
import type { HostSession } from './store';

/** A session that middleware of the host keeps: loaded before us, and saved by it with the answer. */
export class HostedSession extends Session {
  readonly #host: HostSession;
  readonly #settings: Settings;

  /** @internal Sessions come from `getSession`. */
  constructor(settings: Settings, host: HostSession) {
    super();
    this.#settings = settings;
    this.#host = host;
  }

  get sessionKey(): string | null {
    return this.#host.key;
  }

  get isEmpty(): boolean {
    return this.#host.entries().length === 0;
  }

  get(name: string): unknown {
    return this.#host.get(name);
  }

  has(name: string): boolean {
    return this.#host.get(name) !== undefined;
  }

  set(name: string, value: unknown): void {
    this.#host.set(name, value);
    this.modified = true;
  }

  delete(name: string): boolean {
    const found = this.#host.delete(name);
    if (found) this.modified = true;
    return found;
  }

  entries(): IterableIterator<[string, unknown]> {
    return this.#host.entries().values();
  }

  async cycleKey(): Promise<void> {
    const values = this.#host.entries();
    const { maxAge } = this.#host;
    await this.#host.regenerate();
    for (const [name, value] of values) this.#host.set(name, value);
    this.#host.maxAge = maxAge;
    this.modified = true;
  }

  flush(): Promise<void> {
    return this.#host.destroy();
  }

  save(): Promise<void> {
    return this.#host.save();
  }

  /** @throws RangeError for null: the host alone knows what it does by itself */
  setExpiry(value: number | Date | null): void {
    if (value === null)
      throw new RangeError('Sessions of the host have no default end to return to: give the seconds.');
    const seconds = value instanceof Date ? (value.getTime() - this.#settings.clock.now()) / 1000 : value;
    this.#host.maxAge = value === 0 ? null : seconds;
    this.modified = true;
  }

  getExpiryAge(): number {
    return this.#host.maxAge ?? namespace.of(this.#settings).cookieAge;
  }

  getExpiryDate(): Date {
    return new Date(this.#settings.clock.now() + this.getExpiryAge() * 1000);
  }

  getExpireAtBrowserClose(): boolean {
    return this.#host.maxAge === null;
  }
}
