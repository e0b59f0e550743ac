import type { Awaitable } from '../../core/policy';

const TEST_COOKIE = 'testcookie';

/**
 * What the server remembers of one browser: values of JSON by name, on Django's terms. It is saved with the answer when
 * something was set or taken out.
 */
export abstract class Session {
  /** Whether the answer will save the session. Set it after changing a value in its place, such as adding to a list. */
  modified = false;

  /** By what the cookie names the session; null while there is none. */
  abstract readonly sessionKey: string | null;
  /** Whether there is neither a session nor anything to put into one: then the browser is told to forget the cookie. */
  abstract readonly isEmpty: boolean;

  abstract get(name: string): unknown;
  abstract has(name: string): boolean;
  /** @param value anything that JSON can hold */
  abstract set(name: string, value: unknown): void;
  /** Whether there was a value of this name. */
  abstract delete(name: string): boolean;
  abstract entries(): IterableIterator<[string, unknown]>;

  /** Takes a value out. */
  pop(name: string): unknown {
    const value = this.get(name);
    this.delete(name);
    return value;
  }

  /** Forgets all values; the session itself goes on. */
  clear(): void {
    for (const [name] of [...this.entries()]) this.delete(name);
  }

  /** A new key for the same values. Whoever knew the old one knows nothing any more, once the answer is saved. */
  abstract cycleKey(): Awaitable<void>;
  /** Ends the session at once, whatever becomes of the request. What is set afterwards begins a new one. */
  abstract flush(): Promise<void>;
  /** Writes the session now. With an answer that is done by itself. */
  abstract save(): Promise<void>;

  /**
   * Says when the session ends: after so many seconds without a change, at 0 when the browser is closed, at a time, or
   * with null as the settings say.
   */
  abstract setExpiry(value: number | Date | null): void;
  /** Seconds until the session ends if nothing changes. */
  abstract getExpiryAge(): number;
  abstract getExpiryDate(): Date;
  /** Whether the browser is to forget the cookie when it is closed. */
  abstract getExpireAtBrowserClose(): boolean;

  // Whether the browser takes cookies at all

  setTestCookie(): void {
    this.set(TEST_COOKIE, 'worked');
  }

  testCookieWorked(): boolean {
    return this.get(TEST_COOKIE) === 'worked';
  }

  deleteTestCookie(): void {
    this.delete(TEST_COOKIE);
  }
}
