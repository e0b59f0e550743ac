import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient } from 'redis';
import { openSession, SessionInterrupted } from 'sallyport';
import type { SessionStore } from 'sallyport';
import { SessionSchema, sessionStore, TokenSchema, UserSchema } from 'sallyport/mikro-orm';
import { redisSessionStore } from 'sallyport/redis';
import { openOrm } from '../../mikro-orm/support';
import { describeWithRedis, startRedis } from '../../support/redis';
import { World } from '../../support/sessions';

const PROCESSES = 4;
const WRITERS = 40;
const ROUNDS = 20;

/** Several stores over the same sessions, each with connections of its own as another process has. */
interface Stores {
  readonly all: readonly SessionStore[];
  close(): Promise<void>;
}

async function onPostgreSQL(): Promise<Stores> {
  const test = await openOrm([UserSchema, TokenSchema, SessionSchema]);
  const orms = await Promise.all(Array.from({ length: PROCESSES }, () => test.another({ pool: { min: 10, max: 10 } })));
  return { all: orms.map((orm) => sessionStore(orm)), close: () => test.close() };
}

async function onRedis(): Promise<Stores> {
  const server = await startRedis();
  const clients = await Promise.all(
    Array.from({ length: PROCESSES }, () => createClient({ socket: { path: server.path, tls: false } }).connect()),
  );
  const close = async (): Promise<void> => {
    await Promise.all(clients.map((client) => client.close()));
    await server.stop();
  };
  return { all: clients.map((client) => redisSessionStore(client)), close };
}

type Outcome = 'saved' | 'interrupted';

function testRaces(open: () => Promise<Stores>): void {
  let stores: Stores;
  let worlds: World[];
  beforeAll(async () => {
    stores = await open();
    worlds = stores.all.map((store) => {
      const world = new World({ session: { store } });
      world.clock.set(new Date());
      return world;
    });
  });
  afterAll(() => stores.close());

  const settingsOf = (i: number) => worlds[i % worlds.length]!.settings;
  const rounds = Array.from({ length: ROUNDS }, (_round, i) => i + 1);

  async function newSession(): Promise<string> {
    const session = await openSession(settingsOf(0), null);
    session.set('first', true);
    await session.save();
    return session.sessionKey!;
  }

  /** What one request does: loads the session, and saves it with a value of its own. */
  async function write(key: string, i: number): Promise<Outcome> {
    const session = await openSession(settingsOf(i), key);
    if (session.isEmpty) return 'interrupted';
    session.set(`n${String(i)}`, i);
    return session.save().then(
      () => 'saved',
      (error: unknown) => {
        if (error instanceof SessionInterrupted) return 'interrupted';
        throw error;
      },
    );
  }

  const writeAll = (key: string): Promise<Outcome>[] => Array.from({ length: WRITERS }, (_writer, i) => write(key, i));
  const namesIn = async (key: string): Promise<string[]> =>
    [...(await openSession(settingsOf(1), key)).entries()].map(([name]) => name).sort();
  const namesOf = (outcomes: readonly Outcome[]): string[] =>
    outcomes.flatMap((outcome, i) => (outcome === 'saved' ? [`n${String(i)}`] : []));

  it.each(rounds)('lose nothing of what they write, time %i', async () => {
    const key = await newSession();
    const outcomes = await Promise.all(writeAll(key));
    expect(new Set(outcomes)).toEqual(new Set(['saved']));
    expect(await namesIn(key)).toEqual(['first', ...namesOf(outcomes)].sort());
  });

  it.each(rounds)('lose nothing either when one of them logs in, time %i', async () => {
    const key = await newSession();
    const login = async (): Promise<string> => {
      const session = await openSession(settingsOf(2), key);
      session.cycleKey();
      session.set('user', 1);
      await session.save();
      return session.sessionKey!;
    };
    const [moved, ...outcomes] = await Promise.all([login(), ...writeAll(key)]);
    // Who came too late was told so, and everybody else is found under the new key.
    expect(await namesIn(moved)).toEqual(['first', 'user', ...namesOf(outcomes)].sort());
    expect(await namesIn(key)).toEqual([]);
  });

  it.each(rounds)('do not bring it back when one of them logs out, time %i', async () => {
    const key = await newSession();
    const logout = async (): Promise<void> => (await openSession(settingsOf(3), key)).flush();
    await Promise.all([logout(), ...writeAll(key)]);
    expect(await namesIn(key)).toEqual([]);
    expect(await write(key, 0)).toBe('interrupted');
  });

  it.each(rounds)('and log in at once get a key each, and leave nothing under the old one, time %i', async () => {
    const key = await newSession();
    const keys = await Promise.all(
      Array.from({ length: 8 }, async (_login, i) => {
        const session = await openSession(settingsOf(i), key);
        if (session.isEmpty) return null;
        session.cycleKey();
        session.set('user', i);
        await session.save();
        return session.sessionKey!;
      }),
    );
    const given = keys.filter((each) => each !== null);
    expect(new Set(given).size).toBe(given.length);
    for (const each of given) expect(await namesIn(each)).toEqual(['first', 'user']);
    expect(await namesIn(key)).toEqual([]);
  });
}

describe('On PostgreSQL, requests that race for one session', () => {
  testRaces(onPostgreSQL);
});

describeWithRedis('On Redis, requests that race for one session', () => {
  testRaces(onRedis);
});
