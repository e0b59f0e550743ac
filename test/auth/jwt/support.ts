import { defineSettings, type Settings, type SettingsInput, type User } from 'sallyport';
import { jwt, type JWTSettings } from 'sallyport/jwt';
import { fastPasswordHashers, FixedClock, FixedRandom, MemoryBlacklistStore, MemoryUserStore } from 'sallyport/testing';

export const KEY = 'oracle-secret-key-000000000000000000000000';
export const START = 1_795_349_454_000;

/** Settings over a table of users with two of them, and what a test looks at beside them. */
export interface Bench {
  readonly settings: Settings;
  readonly clock: FixedClock;
  readonly users: MemoryUserStore;
  readonly blacklist: MemoryBlacklistStore;
  readonly alice: User;
  /** She is not active. */
  readonly carol: User;
  /** The same world with other options. */
  with(options: Partial<JWTSettings>, core?: SettingsInput): Settings;
}

export async function openBench(given: Partial<JWTSettings> = {}): Promise<Bench> {
  const clock = new FixedClock(START);
  const users = new MemoryUserStore({ hashers: fastPasswordHashers, clock });
  const blacklist = new MemoryBlacklistStore();
  const random = new FixedRandom('jwt');
  const withOptions = (options: Partial<JWTSettings>, core: SettingsInput = {}): Settings =>
    defineSettings({ users, clock, random, ...core }, jwt({ signingKey: KEY, blacklist, ...given, ...options }));
  return {
    settings: withOptions({}),
    clock,
    users,
    blacklist,
    alice: await users.createUser({ username: 'alice', password: 'alice-pass' }),
    carol: await users.createUser({ username: 'carol', password: 'carol-pass', isActive: false }),
    with: withOptions,
  };
}
