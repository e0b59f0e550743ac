import type { Row } from './orm';

/** What is used of a client of node-postgres. */
export interface Connection {
  query(statement: Statement, done: (error: Error | null, result: { readonly rows: Row[] }) => void): void;
  /** How knex marks a connection that was lost. */
  readonly __knex__disposed?: unknown;
}

export interface Statement {
  /** The server keeps a statement with a name for as long as the connection lives. */
  readonly name?: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** What is used of a pool of knex. */
interface KnexPool {
  readonly max: number;
  numFree(): number;
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
  readonly round: number;
}

/** For how long unused connections are kept from the pool, and how long a look-up waits for one of others. In milliseconds. */
const ROUND = 20;
/** After so many loans one connection is shown to the pool, which looks whether it is too old. */
const LOANS = 100;

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
  readonly #waiting: Waiting[] = [];
  /** Those that the pool has lent, or is asked for. */
  #borrowed = 0;
  #loans = 0;
  #round = 0;
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
    if (this.#borrowed < max && this.#waiting.length === 0) return this.#borrow();
    // Look-ups have them all, or wait already, and one of them will be done soon.
    return new Promise((resolve) => {
      this.#waiting.push({ resolve, round: this.#round });
      this.#mindTheTime();
    });
  }

  /** @param isSound false after an error; the pool will look at the connection then */
  giveBack(connection: Connection, isSound: boolean): void {
    const isDue = ++this.#loans % LOANS === 0;
    const isAskedFor = this.#client.pool?.numPendingAcquires() !== 0;
    if (!isSound || isDue || isAskedFor || this.#isClosed) return this.#return(connection);
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
    // Who waits here gets the next that is given back; in the queue of the pool they would keep it from being handed on.
    if (this.#borrowed === 0 || this.#client.pool?.numFree() !== 0) this.#waiting.shift()?.resolve(this.#borrow());
  }

  #returnUnused(): void {
    for (const connection of this.#unused.splice(0)) this.#return(connection);
  }

  #mindTheTime(): void {
    if (this.#isTimed) return;
    this.#isTimed = true;
    setTimeout(() => this.#endRound(), ROUND);
  }

  /** Who has waited for a whole round waits at the pool from now on, which ends that some time. */
  #endRound(): void {
    this.#isTimed = false;
    this.#returnUnused();
    const late = this.#waiting.filter(({ round }) => round < this.#round);
    for (const { resolve } of this.#waiting.splice(0, late.length)) resolve(this.#borrow());
    this.#round++;
    if (this.#waiting.length > 0) this.#mindTheTime();
  }
}
