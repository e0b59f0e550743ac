import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  APIView,
  Argon2PasswordHasher,
  BasicAuthentication,
  BCryptSHA256PasswordHasher,
  defineSettings,
  PBKDF2PasswordHasher,
  PBKDF2SHA1PasswordHasher,
  Response,
  ScryptPasswordHasher,
  type AuthenticationClasses,
  type PasswordHasher,
} from 'sallyport';
import { userStore } from 'sallyport/mikro-orm';
import { APIClient } from 'sallyport/testing';
import { openOrm, type TestOrm } from '../mikro-orm/support';

const PAIRS = 45;
const ATTEMPTS = 4;
const BOUNDS = { least: 0.95, most: 1.05 };

/** Each takes more than 5 ms, and no more than a test can repeat some hundred times. */
const hashers: readonly PasswordHasher[] = [
  new PBKDF2PasswordHasher({ iterations: 100_000 }),
  new PBKDF2SHA1PasswordHasher({ iterations: 100_000 }),
  new ScryptPasswordHasher(),
  new Argon2PasswordHasher({ memoryCost: 51_200 }),
  new BCryptSHA256PasswordHasher({ rounds: 9 }),
];

const strangers = {
  'an unknown user': 'nobody:secret',
  'a wrong password': 'ann:wrong',
  'an inactive user': 'inactive:secret',
} as const;
type Stranger = keyof typeof strangers;
const names = Object.keys(strangers) as Stranger[];

let test: TestOrm;
beforeAll(async () => {
  test = await openOrm();
});
afterAll(() => test.close());

/** An app with two users in its database; it gives the milliseconds that a refusal takes. */
async function createGate(hasher: PasswordHasher): Promise<(stranger: Stranger) => Promise<number>> {
  const users = userStore(test.orm, { hashers: [hasher] });
  class Gate extends APIView {
    static override settings = defineSettings({ users, aroundDispatch: (_raw, run) => test.inRequest(run) });
    static override authenticationClasses: AuthenticationClasses = [BasicAuthentication];
    override get(): Response {
      return new Response('in');
    }
  }
  await test.sql('DELETE FROM auth_user');
  await users.createUser({ username: 'ann', password: 'secret' });
  await users.createUser({ username: 'inactive', password: 'secret', isActive: false });
  const client = new APIClient(Gate.asView());
  return async (stranger) => {
    client.credentials({ Authorization: `Basic ${Buffer.from(strangers[stranger]).toString('base64')}` });
    // The time of this process alone: what others do on the machine meanwhile tells nothing about us.
    const before = process.cpuUsage();
    expect((await client.get('/')).status).toBe(401);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Median times of refusals, made in turns, so that a machine which grows slower does so for all. */
async function measure(refuse: (stranger: Stranger) => Promise<number>): Promise<Record<Stranger, number>> {
  const times = new Map<Stranger, number[]>(names.map((name) => [name, []]));
  for (let pair = 0; pair < PAIRS; pair++) {
    for (const name of names) times.get(name)!.push(await refuse(name));
  }
  return Object.fromEntries([...times].map(([name, all]) => [name, medianOf(all)])) as Record<Stranger, number>;
}

describe('the time of a refusal on PostgreSQL', () => {
  it.each(hashers)('tells nobody who has an account: $algorithm (A-032, A-034)', async (hasher) => {
    const refuse = await createGate(hasher);
    for (const name of names) await refuse(name);
    const isLevel = (ratio: number): boolean => ratio >= BOUNDS.least && ratio <= BOUNDS.most;
    let ratios: Record<string, number> = {};
    // Noise of a busy machine is another one each time; a leak is the same each time.
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const medians = await measure(refuse);
      const wrong = medians['a wrong password'];
      expect(wrong).toBeGreaterThan(5);
      ratios = { unknown: medians['an unknown user'] / wrong, inactive: medians['an inactive user'] / wrong };
      if (Object.values(ratios).every(isLevel)) break;
    }
    expect(Object.entries(ratios).filter(([, ratio]) => !isLevel(ratio))).toEqual([]);
  });

  it('would tell of a hasher that did less for unknown names', async () => {
    class Leaky extends PBKDF2PasswordHasher {
      override encode(password: string, salt: string): Promise<string> {
        return new PBKDF2PasswordHasher({ iterations: this.iterations / 2 }).encode(password, salt);
      }
    }
    const refuse = await createGate(new Leaky({ iterations: 100_000 }));
    await refuse('a wrong password');
    const medians = await measure(refuse);
    expect(medians['an unknown user'] / medians['a wrong password']).toBeLessThan(0.8);
  });
});
