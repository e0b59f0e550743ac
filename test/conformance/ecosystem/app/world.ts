import type { Clock, User } from 'sallyport';
import { MemoryBlacklistStore } from 'sallyport/testing';
import { Users } from '../../app/stores';
import type { Fixtures, UserFixture } from './documents';

/** Later than any token expires. */
const END_OF_TIME = new Date(8_640_000_000_000_000);

/** A clock that runs, and that can be set. */
class MovableClock implements Clock {
  #offset = 0;

  now(): number {
    return Date.now() + this.#offset;
  }

  set(milliseconds: number): void {
    this.#offset = milliseconds - Date.now();
  }
}

/** A table of users that remembers who has logged in, and finds them by any field. */
class RememberingUsers extends Users {
  async findBy(field: string, value: string): Promise<User | null> {
    const found = this.all().filter((user) => Reflect.get(user, field) === value);
    return found.length === 1 ? found[0]! : null;
  }

  updateLastLogin(user: User, at: Date): void {
    user.lastLogin = at;
  }
}

/** All that lasts from one request to the next: one database for all profiles. */
export class World {
  readonly clock = new MovableClock();
  readonly users = new RememberingUsers();
  /** The tokens that were given out and called back. */
  readonly blacklist = new MemoryBlacklistStore();
  readonly fixtures: Fixtures;

  constructor(fixtures: Fixtures) {
    this.fixtures = fixtures;
  }

  /** Puts everything back to what the fixtures say. */
  async reset(): Promise<void> {
    this.clock.set(Date.now());
    this.users.clear();
    await this.blacklist.flushExpired(END_OF_TIME);
    for (const row of this.fixtures.users) await this.#createUser(row);
  }

  /** @throws Error when there is no user of that name */
  async user(username: string): Promise<User> {
    const user = await this.users.getByNaturalKey(username);
    if (user === null) throw new Error(`There is no user '${username}'.`);
    return user;
  }

  async #createUser(row: UserFixture): Promise<void> {
    await this.users.createUser({
      username: row.username,
      password: row.password,
      email: row.email ?? '',
      firstName: row.first_name ?? '',
      lastName: row.last_name ?? '',
      isActive: row.is_active ?? true,
      isStaff: row.is_staff ?? false,
      isSuperuser: row.is_superuser ?? false,
    });
  }
}
