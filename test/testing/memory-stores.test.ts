import { describe, expect, it } from '@jest/globals';
import { BaseToken, generateKey, Token } from '../../src/auth/token/models';
import { AllowAllUsersModelBackend } from '../../src/core/backends';
import { AbstractBaseUser, User } from '../../src/core/users';
import { fastPasswordHashers, MemoryTokenStore, MemoryUserStore } from '../../src/testing/memory-stores';
import { describeTokenStore } from '../support/contracts/token-store';
import { describeUserStore } from '../support/contracts/user-store';

const inRequest = <T>(work: () => Promise<T>): Promise<T> => work();

describeUserStore('MemoryUserStore', async (hashers) => {
  const store = new MemoryUserStore({ hashers });
  return { store, createUser: (fields) => store.createUser(fields), inRequest };
});

class ApiToken extends BaseToken<User> {}

describeTokenStore('MemoryTokenStore', async () => {
  const users = new MemoryUserStore({ hashers: fastPasswordHashers });
  let count = 0;
  const createUser = (): Promise<User> => users.createUser({ username: `user${String(++count)}` });
  return { store: new MemoryTokenStore<Token<User>>(), otherModel: ApiToken, createUser, inRequest };
});

const clock = { now: () => Date.UTC(2026, 0, 2) };

describe('MemoryUserStore', () => {
  it('stores another password, or none that anybody could give (A-017)', async () => {
    const store = new MemoryUserStore({ hashers: fastPasswordHashers });
    const ann = await store.createUser({ username: 'ann', password: 'old' });
    await store.setPassword(ann, 'new');
    expect(await store.authenticate({ username: 'ann', password: 'old' })).toBeNull();
    expect(await store.authenticate({ username: 'ann', password: 'new' })).toBe(ann);
    await store.setPassword(ann, null);
    expect(ann.hasUsablePassword()).toBe(false);
  });

  it('counts primary keys upwards and takes the time of its clock', async () => {
    const store = new MemoryUserStore({ clock });
    const ann = await store.createUser({ username: 'ann' });
    const bob = await store.createUser({ username: 'bob' });
    expect([ann.pk, bob.pk]).toEqual([1, 2]);
    expect(ann.dateJoined).toEqual(new Date('2026-01-02T00:00:00Z'));
  });

  it('takes a primary key that is given, and none twice', async () => {
    const store = new MemoryUserStore();
    const second = await store.createUser({ username: 'second', id: 2 });
    const first = await store.createUser({ username: 'first' });
    const third = await store.createUser({ username: 'third' });
    expect([second.pk, first.pk, third.pk]).toEqual([2, 3, 4]);
    await expect(store.createUser({ username: 'fourth', id: 3 })).rejects.toThrow(RangeError);
    expect((await store.get(3))?.username).toBe('first');
  });

  it('refuses a name that is taken, also in another spelling of it', async () => {
    const store = new MemoryUserStore();
    await store.createUser({ username: 'fi' });
    await expect(store.createUser({ username: 'ﬁ' })).rejects.toThrow('A user with that username already exists.');
  });

  it('removes a user with what the user may do, and gives its primary key to nobody', async () => {
    const store = new MemoryUserStore();
    await store.createUser({ username: 'ann' });
    const bob = await store.createUser({ username: 'bob' });
    store.permissions.setOfUser(bob, ['notes.add_note']);
    expect([store.delete(bob), store.delete(bob)]).toEqual([true, false]);
    expect([await store.get(2), await store.getByNaturalKey('bob')]).toEqual([null, null]);
    expect(store.permissions.of(bob).user).toEqual(new Set());
    expect((await store.createUser({ username: 'bob' })).pk).toBe(3);
  });

  it('is as new once it is cleared', async () => {
    const store = new MemoryUserStore();
    const ann = await store.createUser({ username: 'ann' });
    store.permissions.setOfUser(ann, ['notes.add_note']);
    store.clear();
    expect([await store.get(1), store.permissions.all()]).toEqual([null, new Set()]);
    expect((await store.createUser({ username: 'ann' })).pk).toBe(1);
  });

  it('makes superusers', async () => {
    const store = new MemoryUserStore();
    expect(await store.createSuperuser({ username: 'root' })).toMatchObject({ isStaff: true, isSuperuser: true });
  });

  it('hashes with the hashers of the app', async () => {
    const store = new MemoryUserStore({ hashers: fastPasswordHashers });
    expect((await store.createUser({ username: 'ann', password: 'secret' })).password).toMatch(/^pbkdf2_sha256\$1\$/);
  });

  it('asks the backends that it is given', async () => {
    const store = new MemoryUserStore({
      hashers: fastPasswordHashers,
      backends: (table) => [new AllowAllUsersModelBackend(table, { hashers: fastPasswordHashers })],
    });
    const ann = await store.createUser({ username: 'ann', password: 'secret', isActive: false });
    expect(await store.authenticate({ username: 'ann', password: 'secret' })).toBe(ann);
  });

  it('tells the hook of failed logins', async () => {
    const heard: unknown[] = [];
    const store = new MemoryUserStore({
      hashers: fastPasswordHashers,
      onLoginFailed: (credentials) => void heard.push(credentials),
    });
    await store.authenticate({ username: 'ann', password: 'secret' });
    expect(heard).toEqual([{ username: 'ann', password: '*'.repeat(20) }]);
  });

  it('serves a class of its own, known by another field', async () => {
    class Member extends AbstractBaseUser {
      static override readonly USERNAME_FIELD = 'email';
      id = 0;
      email = '';
      isActive = true;
      team = '';
    }
    const store = new MemoryUserStore({ model: Member, hashers: fastPasswordHashers });
    const fields = { username: 'ann', email: 'Ann@EXAMPLE.com', password: 'secret', team: 'red' };
    const ann = await store.createUser(fields);
    expect(ann).toBeInstanceOf(Member);
    expect(ann.team).toBe('red');
    expect(await store.getByNaturalKey('Ann@example.com')).toBe(ann);
    expect(await store.authenticate({ email: 'Ann@example.com', password: 'secret' })).toBe(ann);
  });
});

describe('MemoryTokenStore', () => {
  it('takes time and keys from what it is given', async () => {
    const random = { bytes: (size: number) => Buffer.alloc(size, 0xab) };
    const store = new MemoryTokenStore({ clock, random });
    const user = await new MemoryUserStore().createUser({ username: 'ann' });
    const [token] = await store.getOrCreate(user);
    expect(token.key).toBe('ab'.repeat(20));
    expect(token.created).toEqual(new Date('2026-01-02T00:00:00Z'));
  });

  it('has a model of its own', async () => {
    const store = new MemoryTokenStore<ApiToken>({ model: ApiToken });
    const user = await new MemoryUserStore().createUser({ username: 'ann' });
    const [token] = await store.getOrCreate(user);
    expect(token).toBeInstanceOf(ApiToken);
    expect(token.revoked).toBe(false);
    expect(token.key).toMatch(/^[0-9a-f]{40}$/);
  });

  it('takes a token with a known key, and neither its key nor its user again', async () => {
    const users = new MemoryUserStore();
    const ann = await users.createUser({ username: 'ann' });
    const bob = await users.createUser({ username: 'bob' });
    const store = new MemoryTokenStore<ApiToken>({ model: ApiToken });
    const token = store.add(new ApiToken({ key: 'known', user: ann }));
    expect(await store.find('known')).toBe(token);
    expect(() => store.add(new ApiToken({ key: 'known', user: bob }))).toThrow(RangeError);
    expect(() => store.add(new ApiToken({ user: ann }))).toThrow(RangeError);
  });
});

describe('MemoryTokenStore, when tokens are removed,', () => {
  it('forgets one, or those of all classes', async () => {
    const ann = await new MemoryUserStore().createUser({ username: 'ann' });
    const store = new MemoryTokenStore();
    const [token] = await store.getOrCreate(ann);
    expect([store.delete(token), store.delete(token)]).toEqual([true, false]);
    expect(await store.find(token.key)).toBeNull();
    const [second] = await store.getOrCreate(ann);
    const [third] = await store.getOrCreate(ann, ApiToken);
    store.clear();
    expect([await store.find(second.key), await store.find(third.key, ApiToken)]).toEqual([null, null]);
  });
});

describe('the keys of tokens', () => {
  it('are 40 hexadecimal digits, each time others (D-191, S-063)', () => {
    expect(generateKey()).toMatch(/^[0-9a-f]{40}$/);
    expect(generateKey()).not.toBe(generateKey());
    expect(Token.generateKey()).toMatch(/^[0-9a-f]{40}$/);
  });

  it('are the text of a token (D-195)', () => {
    expect(String(Object.assign(new Token(), { key: 'abc' }))).toBe('abc');
    expect(String(new ApiToken({ key: 'abc', user: new User() }))).toBe('abc');
  });

  it('are made for a token of your own where none is given (S-073)', () => {
    const user = new User();
    const token = new ApiToken({ user });
    expect(token.key).toMatch(/^[0-9a-f]{40}$/);
    expect(token.user).toBe(user);
    expect(token.revoked).toBe(false);
    expect(new ApiToken({ user }).key).not.toBe(token.key);
  });
});
