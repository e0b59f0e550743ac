import { MemoryCache, type User } from 'sallyport';
import { MemorySessionStore } from 'sallyport/testing';
import type { Fixtures, Note, UserFixture } from './documents';
import { CustomToken, Tokens, Users } from './stores';

const START_OF_TIME = 1_700_000_000;
/** Later than any session ends. */
const END_OF_TIME = new Date(8_640_000_000_000_000);

/** All that lasts from one request to the next. */
export class World {
  readonly users: Users;
  readonly tokens = new Tokens();
  readonly sessions = new MemorySessionStore();
  readonly cache = new MemoryCache();
  /** The present of the throttles, seconds: it stands still unless somebody moves it. */
  time = START_OF_TIME;
  readonly #fixtures: Fixtures;

  constructor(fixtures: Fixtures) {
    this.#fixtures = fixtures;
    this.users = new Users(fixtures.objectPermissions);
  }

  /** Puts everything back to what the fixtures say. */
  async reset(): Promise<void> {
    this.time = START_OF_TIME;
    this.cache.clear();
    this.users.clear();
    this.tokens.clear();
    await this.sessions.clearExpired(END_OF_TIME);
    const { users = [], groups = [], tokens = [], customTokens = [] } = this.#fixtures;
    for (const row of users) await this.#createUser(row);
    for (const { name, permissions = [] } of groups) this.users.permissions.setOfGroup(name, permissions);
    for (const { key, user } of tokens) this.tokens.add(key, await this.user(user));
    for (const { key, user } of customTokens) this.tokens.add(key, await this.user(user), CustomToken);
  }

  async #createUser({ username, password, permissions = [], groups = [], ...flags }: UserFixture): Promise<void> {
    const user = await this.users.createUser({
      username,
      password: password ?? null,
      isActive: flags.is_active ?? true,
      isStaff: flags.is_staff ?? false,
      isSuperuser: flags.is_superuser ?? false,
    });
    this.users.permissions.setOfUser(user, permissions);
    this.users.permissions.setGroups(user, groups);
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
