import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  AllowAllUsersRemoteUserBackend,
  backendOf,
  ModelBackend,
  RemoteUserBackend,
  type Credentials,
  type User,
} from 'sallyport';
import { fastPasswordHashers, MemoryUserStore } from 'sallyport/testing';

describe('RemoteUserBackend', () => {
  let users: MemoryUserStore;
  let backend: RemoteUserBackend<User>;

  beforeEach(async () => {
    users = new MemoryUserStore({ hashers: fastPasswordHashers });
    backend = new RemoteUserBackend(users);
    await users.createUser({ username: 'ann', password: 'secret' });
    await users.createUser({ username: 'carol', isActive: false });
  });

  it('finds the user of that name (A-039)', async () => {
    expect((await backend.authenticate({ remoteUser: 'ann' }))?.pk).toBe(1);
    expect(await backend.authenticate({ remoteUser: 'ann' })).toBe(await users.get(1));
  });

  it.each<Credentials>([{}, { remoteUser: null }, { remoteUser: '' }, { username: 'ann', password: 'secret' }])(
    'is not asked by %j (A-039)',
    async (credentials) => {
      expect(await backend.authenticate(credentials)).toBeNull();
      expect(await users.getByNaturalKey('')).toBeNull();
    },
  );

  it('makes a user of an unknown name: active, with an empty password that nothing matches (A-039, S-106)', async () => {
    const user = (await backend.authenticate({ remoteUser: 'newcomer' }))!;
    expect(user).toMatchObject({ username: 'newcomer', password: '', isActive: true, isStaff: false });
    expect(await users.getByNaturalKey('newcomer')).toBe(user);
    expect(await user.checkPassword('')).toBe(false);
    expect(await backend.authenticate({ remoteUser: 'newcomer' })).toBe(user);
  });

  it('makes one user of many requests at once', async () => {
    const found = await Promise.all(Array.from({ length: 10 }, () => backend.authenticate({ remoteUser: 'newcomer' })));
    expect(new Set(found).size).toBe(1);
  });

  it('only looks up where it is told so (S-107)', async () => {
    class Known extends RemoteUserBackend<User> {
      override readonly createUnknownUser = false;
    }
    const known = new Known(users);
    expect(await known.authenticate({ remoteUser: 'newcomer' })).toBeNull();
    expect(await users.getByNaturalKey('newcomer')).toBeNull();
    expect((await known.authenticate({ remoteUser: 'ann' }))?.username).toBe('ann');
  });

  it('cleans names before it looks them up (S-107)', async () => {
    class Domain extends RemoteUserBackend<User> {
      override cleanUsername(username: string): string {
        return username.split('@')[0]!;
      }
    }
    expect((await new Domain(users).authenticate({ remoteUser: 'ann@EXAMPLE.COM' }))?.username).toBe('ann');
  });

  it('configures a user at each authentication (A-039, S-107)', async () => {
    const heard: unknown[] = [];
    class Configuring extends RemoteUserBackend<User> {
      override async configureUser(user: User, created: boolean): Promise<User> {
        heard.push([user.username, created]);
        return Object.assign(user, { isStaff: true });
      }
    }
    const configuring = new Configuring(users);
    for (const name of ['newcomer', 'newcomer', 'ann']) {
      expect((await configuring.authenticate({ remoteUser: name }))?.isStaff).toBe(true);
    }
    expect(heard).toEqual([
      ['newcomer', true],
      ['newcomer', false],
      ['ann', false],
    ]);
  });

  it('refuses inactive users, and the other backend does not (A-039, A-040)', async () => {
    expect(await backend.authenticate({ remoteUser: 'carol' })).toBeNull();
    expect(await backend.getUser(2)).toBeNull();
    const lenient = new AllowAllUsersRemoteUserBackend(users);
    expect((await lenient.authenticate({ remoteUser: 'carol' }))?.username).toBe('carol');
    expect((await lenient.getUser(2))?.username).toBe('carol');
  });

  it('stands beside a backend for passwords; each remembers by its name whom it let in (A-028, A-069)', async () => {
    const store = new MemoryUserStore({
      hashers: fastPasswordHashers,
      backends: (table) => [
        new ModelBackend(table, { hashers: fastPasswordHashers }),
        new RemoteUserBackend(table, { hashers: fastPasswordHashers }),
      ],
    });
    await store.createUser({ username: 'ann', password: 'secret' });
    const byPassword = (await store.authenticate({ username: 'ann', password: 'secret' }))!;
    expect(backendOf(byPassword)).toBe('django.contrib.auth.backends.ModelBackend');
    const byName = (await store.authenticate({ remoteUser: 'ann' }))!;
    expect(backendOf(byName)).toBe('django.contrib.auth.backends.RemoteUserBackend');
  });
});
