import { makePassword, type Clock, type User } from 'sallyport';
import { apiKeyHashers } from 'sallyport/api-key';
import { CONSTANTS, hashToken, type AuthToken } from 'sallyport/knox';
import { MemoryAPIKeyStore, MemoryBlacklistStore, MemoryKnoxStore, MemorySessionStore } from 'sallyport/testing';
import { Tokens, Users } from '../../app/stores';
import type { APIKeyFixture, Fixtures, KnoxTokenFixture, UserFixture } from './documents';

/** Later than any token or session ends. */
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
  /** DRF's tokens. */
  readonly tokens = new Tokens();
  readonly knoxTokens = new MemoryKnoxStore<AuthToken<User>>();
  readonly apiKeys = new MemoryAPIKeyStore();
  readonly sessions = new MemorySessionStore();
  readonly fixtures: Fixtures;

  constructor(fixtures: Fixtures) {
    this.fixtures = fixtures;
  }

  /** Puts everything back to what the fixtures say. */
  async reset(): Promise<void> {
    this.clock.set(Date.now());
    this.users.clear();
    await this.blacklist.flushExpired(END_OF_TIME);
    this.tokens.clear();
    this.knoxTokens.clear();
    this.apiKeys.clear();
    await this.sessions.clearExpired(END_OF_TIME);
    const { users, tokens = [], knoxTokens = [], apiKeys = [] } = this.fixtures;
    for (const row of users) await this.#createUser(row);
    for (const { key, user } of tokens) this.tokens.add(key, await this.user(user));
    for (const row of knoxTokens) await this.#createKnoxToken(row);
    for (const row of apiKeys) await this.#createAPIKey(row);
  }

  /** Deletes a user, and what is nothing without one. */
  async deleteUser(user: User): Promise<void> {
    this.users.delete(user);
    this.tokens.deleteOf(user);
    await this.knoxTokens.deleteAll(user);
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

  async #createKnoxToken({ token, user, expiry }: KnoxTokenFixture): Promise<void> {
    this.knoxTokens.add({
      digest: hashToken(token),
      tokenKey: token.slice(0, CONSTANTS.TOKEN_KEY_LENGTH),
      user: await this.user(user),
      created: new Date(this.clock.now()),
      expiry: expiry === null ? null : new Date(expiry),
      fields: {},
      details: null,
    });
  }

  async #createAPIKey({ name, prefix, secret, revoked = false, expiry_date }: APIKeyFixture): Promise<void> {
    const hashedKey = await makePassword(`${prefix}.${secret}`, apiKeyHashers);
    const expiryDate = expiry_date === undefined ? null : new Date(expiry_date);
    const created = new Date(this.clock.now());
    await this.apiKeys.create({
      id: `${prefix}.${hashedKey}`,
      name,
      prefix,
      hashedKey,
      created,
      expiryDate,
      fields: {},
    });
    if (revoked) await this.apiKeys.revoke(prefix);
  }
}
