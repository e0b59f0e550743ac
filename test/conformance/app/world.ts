import { MemoryCache, type User } from 'sallyport';
import { MemorySessionStore } from 'sallyport/testing';
import type { Fixtures, Note } from './documents';
import { CustomToken, Tokens, Users } from './stores';

const START_OF_TIME = 1_700_000_000;
/** Later than any session ends. */
const END_OF_TIME = new Date(8_640_000_000_000_000);

/** All that lasts from one request to the next. */
export class World {
  readonly users = new Users();
  readonly tokens = new Tokens();
  readonly sessions = new MemorySessionStore();
  readonly cache = new MemoryCache();
  /** The present of the throttles, seconds: it stands still unless somebody moves it. */
  time = START_OF_TIME;
  readonly #fixtures: Fixtures;

  constructor(fixtures: Fixtures) {
    this.#fixtures = fixtures;
  }

  /** Puts everything back to what the fixtures say. */
  async reset(): Promise<void> {
    this.time = START_OF_TIME;
    this.cache.clear();
    this.users.clear();
    this.tokens.clear();
    await this.sessions.clearExpired(END_OF_TIME);
    const { users = [], tokens = [], customTokens = [] } = this.#fixtures;
    for (const { username, password, is_active, is_staff, is_superuser } of users) {
      await this.users.createUser({
        username,
        password: password ?? null,
        isActive: is_active ?? true,
        isStaff: is_staff ?? false,
        isSuperuser: is_superuser ?? false,
      });
    }
    for (const { key, user } of tokens) this.tokens.add(key, await this.user(user));
    for (const { key, user } of customTokens) this.tokens.add(key, await this.user(user), CustomToken);
  }

  /** @throws Error when there is no user of that name */
  async user(username: string): Promise<User> {
    const user = await this.users.getByNaturalKey(username);
    if (user === null) throw new Error(`There is no user '${username}'.`);
    return user;
  }

  note(id: unknown): Note | undefined {
    return this.#fixtures.notes?.find((note) => String(note.id) === String(id));
  }

  deleteUser(user: User): void {
    this.users.delete(user);
    this.tokens.deleteOf(user);
  }
}
