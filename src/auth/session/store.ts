/** A session as it is stored: a row of `django_session`. */
export interface SessionRow {
  /** The value of the client's cookie. */
  readonly key: string;
  /** The signed text of the session. */
  readonly data: string;
  /** When the session ends by itself. */
  readonly expires: Date;
}

/**
 * What became of a row: `gone` means that there is none (the user has logged out elsewhere), `changed` that another
 * request has written to it.
 */
export type ReplaceOutcome = 'replaced' | 'changed' | 'gone';

/** The port to the table of sessions. It knows texts only; what they say is signed and read elsewhere. */
export interface SessionStore {
  /** The text of a session that ends after `now`; null when there is none. */
  load(key: string, now: Date): Promise<string | null>;
  /** Makes a row; false, and nothing changed, when the key is taken. */
  create(row: SessionRow): Promise<boolean>;
  /**
   * Puts `row` in the place of the row that has the key `key` and still holds the text `previous`, in one step. The
   * new row may have another key, by which alone it is found from then on.
   */
  replace(key: string, previous: string, row: SessionRow): Promise<ReplaceOutcome>;
  /** Removes a row, if it is there. */
  delete(key: string): Promise<void>;
  /** Removes the sessions that have ended before `now`, and says how many there were. */
  clearExpired(now: Date): Promise<number>;
}

/** A session that middleware of the host has loaded, and saves with the answer. */
export interface HostSession {
  /** By what the cookie names it; null after `destroy`. */
  readonly key: string | null;
  /** Seconds that it lives after each request; null: until the browser is closed. */
  maxAge: number | null;
  get(name: string): unknown;
  /** Puts a value in; after `destroy` into a new session. */
  set(name: string, value: unknown): void;
  delete(name: string): boolean;
  entries(): [name: string, value: unknown][];
  /** Ends it, and begins a new one without values. */
  regenerate(): Promise<void>;
  destroy(): Promise<void>;
  save(): Promise<void>;
}

/** Sessions that middleware of the host keeps, in place of a store. */
export interface HostSessions {
  /** The session of a host's request; null where the middleware did not run. */
  open(raw: object): HostSession | null;
}
