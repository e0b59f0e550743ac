import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { defineSettings, type User } from 'sallyport';
import { jwt, RefreshToken } from 'sallyport/jwt';
import {
  blacklistSchemas,
  blacklistStore,
  RefreshFamilySchema,
  refreshFamilyStore,
  UserSchema,
  userStore,
} from 'sallyport/mikro-orm';
import { openOrm } from './support';
import type { TestOrm } from './support';

const SIGNING_KEY = 'a key that is long enough for HS256, and known to nobody';
const PROCESSES = 4;
const TIMES = 13;

type Answer = readonly [status: number, refresh: string];

/** A process that presents tokens when it is told to. */
class Worker {
  readonly #child;
  readonly #lines;
  readonly #ended;

  constructor(url: string) {
    const script = join(__dirname, '../support/refresh-worker.cjs');
    this.#child = spawn(process.execPath, [script, url, SIGNING_KEY], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#ended = once(this.#child, 'close');
  }

  async read(): Promise<string> {
    return (await this.#lines.next()).value as string;
  }

  async refresh(refresh: string): Promise<Answer[]> {
    this.#child.stdin.write(`${JSON.stringify({ refresh, times: TIMES })}\n`);
    return JSON.parse(await this.read()) as Answer[];
  }

  async stop(): Promise<void> {
    this.#child.stdin.end();
    await this.#ended;
  }
}

let test: TestOrm;
let alice: User;
let workers: Worker[];

beforeAll(async () => {
  test = await openOrm([UserSchema, ...blacklistSchemas(), RefreshFamilySchema]);
  alice = await userStore(test.orm).createUser({ username: 'alice' });
  workers = Array.from({ length: PROCESSES }, () => new Worker(test.url));
  await Promise.all(workers.map((worker) => worker.read()));
});
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  await test.close();
});

const count = async (table: string): Promise<number> => (await test.sql(`SELECT 1 FROM ${table}`)).length;

it.each(Array.from({ length: 12 }, (_, i) => i + 1))(
  'processes that refresh one token at once get one successor, time %i (J-182, J-183)',
  async (round) => {
    const settings = defineSettings(
      { users: userStore(test.orm) },
      jwt({ signingKey: SIGNING_KEY, blacklist: blacklistStore(test.orm), families: refreshFamilyStore(test.orm) }),
    );
    let refresh = String(await RefreshToken.forUser(settings, alice));
    for (let generation = 0; generation < 3; generation++) {
      const tokens = await count('token_blacklist_outstandingtoken');
      const answers = (await Promise.all(workers.map((worker) => worker.refresh(refresh)))).flat();
      expect(answers.map(([status]) => status)).toEqual(Array(PROCESSES * TIMES).fill(200));
      expect(new Set(answers.map(([, next]) => next)).size).toBe(1);
      expect(await count('token_blacklist_outstandingtoken')).toBe(tokens + 1);
      refresh = answers[0]![1];
    }
    expect(await count('sallyport_refresh_family')).toBe(round);
  },
);
