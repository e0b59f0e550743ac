/** What is used of a client of node-postgres. */
export interface Connection {
  query(statement: {
    readonly name?: string;
    readonly text: string;
    readonly values: readonly unknown[];
  }): Promise<{ readonly rows: Record<string, unknown>[] }>;
  /** How knex marks a connection that was lost. */
  readonly __knex__disposed?: unknown;
}

/** What is used of a pool of knex. */
interface KnexPool {
  readonly max: number;
  numPendingAcquires(): number;
  on(event: 'acquireRequest' | 'poolDestroyRequest', handler: () => void): void;
}

/** What is used of a client of knex. */
export interface KnexClient {
  readonly driverName: string;
  /** Undefined when it was closed. */
  readonly pool: KnexPool | undefined;
  acquireConnection(): Promise<Connection>;
  releaseConnection(connection: Connection): Promise<void>;
}

interface Waiting {
  readonly resolve: (connection: Promise<Connection> | Connection) => void;
}

/** For how long nothing is kept from the pool: unused connections, and who waits for one. In milliseconds. */
const PATIENCE = 20;

/**
 * Lends connections of a pool to look-ups, which hand them on to each other. With knex's pool itself each loan takes two
 * dozen promises and two timers, of which an `AsyncLocalStorage` makes every one dearer, for a statement that is done in
 * a tenth of a millisecond.
 *
 * The connections stay those of the pool, and nobody who asks the pool waits longer for this: it gets an unused one back
 * at once, and a used one before the next look-up. Its limits of number and time hold.
 */
export class Lender {
  readonly #client: KnexClient;
  readonly #unused: Connection[] = [];
  #waiting: Waiting[] = [];
  /** Those that are the pool's loan, or asked for. */
  #borrowed = 0;
  #isTimed = false;
  #isClosed = false;

  constructor(client: KnexClient) {
    this.#client = client;
    client.pool?.on('acquireRequest', () => {
      const connection = this.#unused.pop();
      if (connection !== undefined) this.#return(connection);
    });
    client.pool?.on('poolDestroyRequest', () => {
      this.#isClosed = true;
      this.#returnUnused();
    });
  }

  /** A connection that nobody uses just now; undefined where `wait` gives one. */
  take(): Connection | undefined {
    const connection = this.#unused.pop();
    if (connection?.__knex__disposed === undefined) return connection;
    this.#return(connection);
    return this.take();
  }

  /**
   * A connection as soon as there is one.
   * @throws what the pool throws, such as that none came in time
   */
  wait(): Promise<Connection> {
    const max = this.#isClosed ? Infinity : (this.#client.pool?.max ?? Infinity);
    if (this.#borrowed < max) return this.#borrow();
    // All are lent to look-ups, and one of these will be done soon.
    return new Promise((resolve) => {
      this.#waiting.push({ resolve });
      this.#mindTheTime();
    });
  }

  /** @param isSound false after an error; the pool will look at the connection then */
  giveBack(connection: Connection, isSound: boolean): void {
    if (!isSound || this.#isClosed || this.#client.pool?.numPendingAcquires() !== 0) return this.#return(connection);
    const next = this.#waiting.shift();
    if (next !== undefined) return next.resolve(connection);
    this.#unused.push(connection);
    this.#mindTheTime();
  }

  async #borrow(): Promise<Connection> {
    this.#borrowed++;
    try {
      return await this.#client.acquireConnection();
    } catch (error) {
      this.#borrowed--;
      throw error;
    }
  }

  #return(connection: Connection): void {
    this.#borrowed--;
    void this.#client.releaseConnection(connection);
    this.#waiting.shift()?.resolve(this.#borrow());
  }

  #returnUnused(): void {
    for (const connection of this.#unused.splice(0)) this.#return(connection);
  }

  #mindTheTime(): void {
    if (this.#isTimed) return;
    this.#isTimed = true;
    setTimeout(() => {
      this.#isTimed = false;
      this.#returnUnused();
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const { resolve } of waiting) resolve(this.#borrow());
    }, PATIENCE);
  }
}
