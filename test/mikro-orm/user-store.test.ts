import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AllowAllUsersModelBackend, RemoteUserBackend, User } from 'sallyport';
import { MikroOrmUserStore, TokenSchema, userSchema, userStore, UserSchema } from 'sallyport/mikro-orm';
import { fastPasswordHashers as hashers } from 'sallyport/testing';
import { describeUserStore } from '../support/contracts/user-store';
import { openOrm } from './support';
import type { TestOrm } from './support';

describeUserStore('The store of users on PostgreSQL', async (passwordHashers) => {
  const { orm, inRequest, close } = await openOrm();
  const store = userStore(orm, { hashers: passwordHashers });
  return { store, createUser: (fields) => store.createUser(fields), inRequest, close };
});

describe('The store of users on PostgreSQL', () => {
  let test: TestOrm;
  let store: MikroOrmUserStore;

  beforeAll(async () => {
    test = await openOrm([UserSchema, TokenSchema]);
    store = userStore(test.orm, { hashers });
  });
  afterAll(() => test.close());

  it('asks the database once for a user', async () => {
    const { pk, username } = await store.createUser({ username: 'one query' });
    test.statements();
    await test.inRequest(() => store.get(pk));
    await test.inRequest(() => store.getByNaturalKey(username));
    expect(test.statements()).toEqual([
      expect.stringMatching(/^SELECT .* WHERE "u"\."id" = /),
      expect.stringMatching(/^SELECT .* WHERE "u"\."username" = /),
    ]);
  });

  it('gives one user for one row within a request', async () => {
    const { pk, username } = await store.createUser({ username: 'same' });
    await test.inRequest(async () => {
      expect(await store.get(pk)).toBe(await store.getByNaturalKey(username));
    });
  });

  it('keeps the microseconds that Django has written (A-003)', async () => {
    const { pk, id } = await store.createUser({ username: 'micro' });
    await test.sql(
      "UPDATE auth_user SET date_joined = '2026-03-01 12:00:00.123456+00', last_login = '2026-03-02 12:00:00.654321+05:45' WHERE id = ?",
      [id],
    );
    await test.inRequest(async () => {
      const user = (await store.get(pk))!;
      expect(user.dateJoined).toEqual(new Date('2026-03-01T12:00:00.123Z'));
      user.firstName = 'Mike';
      await test.orm.em.flush();
    });
    const [row] = await test.sql(
      "SELECT first_name, date_joined AT TIME ZONE 'UTC' AS joined, last_login AT TIME ZONE 'UTC' AS login FROM auth_user WHERE id = ?",
      [id],
    );
    expect(row).toEqual({
      first_name: 'Mike',
      joined: '2026-03-01 12:00:00.123456',
      login: '2026-03-02 06:15:00.654321',
    });
  });

  it('reads moments in whatever time zone the server writes them (A-003)', async () => {
    const zoned = await test.another({
      forceUtcTimezone: false,
      driverOptions: { connection: { options: '-c TimeZone=Asia/Kathmandu' } },
    });
    const { pk, dateJoined } = await store.createUser({ username: 'zoned' });
    expect((await userStore(zoned).get(pk))?.dateJoined).toEqual(dateJoined);
  });

  it('saves a new hash of a login past the unit of work, and no flush repeats it (A-018, A-052)', async () => {
    const { pk } = await store.createUser({ username: 'hash', password: 'secret' });
    await test.inRequest(async () => {
      const user = (await store.get(pk))!;
      user.lastName = 'Lee';
      await store.savePassword(user, 'upgraded', user.password);
      await test.sql("UPDATE auth_user SET password = 'changed meanwhile' WHERE id = ?", [user.id]);
      await test.orm.em.flush();
    });
    expect(await store.get(pk)).toMatchObject({ password: 'changed meanwhile', lastName: 'Lee' });
  });

  it('keeps hashes out of its errors', async () => {
    const { pk } = await store.createUser({ username: 'leak', password: 'secret' });
    const user = (await store.get(pk))!;
    const error = await store.savePassword(user, 'x'.repeat(200), user.password).catch((reason: unknown) => reason);
    expect(String((error as Error).stack)).toContain('value too long');
    expect(String((error as Error).stack)).not.toMatch(/pbkdf2|xxx/);
  });

  it('keeps a password out of what is made of a user for clients', async () => {
    const { pk } = await store.createUser({ username: 'json', password: 'secret' });
    expect(JSON.stringify(await store.get(pk))).not.toMatch(/pbkdf2/);
  });

  it('refuses a name that is taken, also when two are quick (A-014)', async () => {
    await store.createUser({ username: 'taken' });
    await expect(store.createUser({ username: 'taken' })).rejects.toThrow(
      new RangeError('A user with that username already exists.'),
    );
    const both = await Promise.allSettled([1, 2].map(() => store.createUser({ username: 'quick' })));
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await expect(store.createUser({ username: '' })).rejects.toThrow(RangeError);
  });

  it('makes users and superusers with the values of Django (A-007, A-015, A-016)', async () => {
    const user = await store.createUser({ username: 'ﬁ①', email: 'A@EXAMPLE.Com' });
    expect(user).toMatchObject({
      username: 'fi1',
      email: 'A@example.com',
      isActive: true,
      isStaff: false,
      lastLogin: null,
    });
    expect(user.hasUsablePassword()).toBe(false);
    const root = await store.createSuperuser({ username: 'root', password: 'secret' });
    expect(await store.get(root.pk)).toMatchObject({ isStaff: true, isSuperuser: true });
  });

  it('dates new users by the clock of the schema', async () => {
    const clocked = await openOrm([userSchema({ class: User, clock: { now: () => 86_400_000 } }), TokenSchema]);
    try {
      const { pk } = await userStore(clocked.orm).createUser({ username: 'old' });
      expect((await userStore(clocked.orm).get(pk))?.dateJoined).toEqual(new Date('1970-01-02'));
    } finally {
      await clocked.close();
    }
  });

  it('saves nothing else that a request has begun when it makes a user', async () => {
    const { pk } = await store.createUser({ username: 'begun' });
    await test.inRequest(async () => {
      (await store.get(pk))!.lastName = 'unsaved';
      await store.createUser({ username: 'another' });
    });
    expect((await store.get(pk))?.lastName).toBe('');
  });

  describe('getOrCreateByNaturalKey', () => {
    it('finds a user, or makes one with the values of Django (A-007, A-039)', async () => {
      const [made, created] = await store.getOrCreateByNaturalKey('newcomer');
      expect(created).toBe(true);
      expect(made.dateJoined).toBeInstanceOf(Date);
      expect(await store.get(made.pk)).toMatchObject({
        username: 'newcomer',
        password: '',
        isActive: true,
        isStaff: false,
        isSuperuser: false,
        lastLogin: null,
        email: '',
      });
      const [found, again] = await store.getOrCreateByNaturalKey('newcomer');
      expect([found.pk, again]).toEqual([made.pk, false]);
    });

    it('makes one user of many requests at once, in several processes (A-039)', async () => {
      const others = await Promise.all([1, 2, 3].map(() => test.another()));
      const stores = [store, ...others.map((orm) => userStore(orm, { hashers }))];
      for (let round = 0; round < 5; round++) {
        const name = `raced${String(round)}`;
        const answers = await Promise.all(
          Array.from({ length: 24 }, (_, caller) => stores[caller % 4]!.getOrCreateByNaturalKey(name)),
        );
        expect(new Set(answers.map(([{ pk }]) => pk)).size).toBe(1);
        expect(answers.filter(([, created]) => created)).toHaveLength(1);
      }
    });

    it('leaves the transaction of the request fit for use when another was quicker', async () => {
      /** Between the look and the change, somebody else makes the user. */
      class OvertakenStore extends MikroOrmUserStore {
        #overtaken = false;

        override async getByNaturalKey(username: string): Promise<User | null> {
          const found = await super.getByNaturalKey(username);
          if (!this.#overtaken) await store.createUser({ username });
          this.#overtaken = true;
          return found;
        }
      }
      const orm = await test.another();
      const overtaken = new OvertakenStore(orm);
      await orm.em.fork().transactional(async () => {
        const [user, created] = await overtaken.getOrCreateByNaturalKey('overtaken');
        expect(created).toBe(false);
        expect((await overtaken.get(user.pk))?.username).toBe('overtaken');
      });
    });

    it('makes a user within the transaction of the request', async () => {
      const undone = test.orm.em.fork().transactional(async () => {
        await store.getOrCreateByNaturalKey('undone');
        throw new Error('undo');
      });
      await expect(undone).rejects.toThrow('undo');
      expect(await store.getByNaturalKey('undone')).toBeNull();
    });

    it('serves the users of the server in front', async () => {
      const remote = userStore(test.orm, { backends: (own) => [new RemoteUserBackend(own)] });
      const user = (await remote.authenticate({ remoteUser: 'sso' }))!;
      expect(user).toMatchObject({ username: 'sso', isActive: true });
      expect(await user.checkPassword('')).toBe(false);
      expect((await remote.authenticate({ remoteUser: 'sso' }))?.pk).toBe(user.pk);
    });
  });

  describe('updateLastLogin', () => {
    const at = new Date('2026-01-02T03:04:05.678Z');

    it('saves that column alone, past the unit of work, and no flush repeats it (A-108)', async () => {
      const { pk } = await store.createUser({ username: 'login' });
      await test.sql("UPDATE auth_user SET email = 'changed@example.com' WHERE id = ?", [pk]);
      await test.inRequest(async () => {
        const user = (await store.get(pk))!;
        user.lastName = 'Lee';
        test.statements();
        await store.updateLastLogin(user, at);
        expect(test.statements()).toEqual([expect.stringMatching(/^UPDATE .* SET "last_login" = /)]);
        expect(user.lastLogin).toEqual(at);
        expect(user.lastName).toBe('Lee');
        expect((await store.get(pk))!.lastName).toBe('Lee');
        await test.sql("UPDATE auth_user SET last_login = '2027-01-01T00:00:00Z' WHERE id = ?", [pk]);
        await test.orm.em.flush();
      });
      expect(await store.get(pk)).toMatchObject({
        lastLogin: new Date('2027-01-01T00:00:00Z'),
        lastName: 'Lee',
        email: 'changed@example.com',
      });
    });

    it('keeps the time in a user of no request too', async () => {
      const user = await store.createUser({ username: 'detached' });
      await store.updateLastLogin(user, at);
      expect(user.lastLogin).toEqual(at);
      expect((await store.get(user.pk))?.lastLogin).toEqual(at);
    });

    it('does nothing for a user who has gone', async () => {
      const user = await store.createUser({ username: 'gone' });
      await test.sql('DELETE FROM auth_user WHERE id = ?', [user.pk]);
      await store.updateLastLogin(user, at);
      expect(user.lastLogin).toBeNull();
    });
  });

  it('asks the backends that it is given', async () => {
    await store.createUser({ username: 'sleeping', password: 'secret', isActive: false });
    const credentials = { username: 'sleeping', password: 'secret' };
    expect(await store.authenticate(credentials)).toBeNull();
    const lenient = userStore(test.orm, { backends: (own) => [new AllowAllUsersModelBackend(own, { hashers })] });
    expect((await lenient.authenticate(credentials))?.username).toBe('sleeping');
  });

  it('tells of refused credentials, with their secrets covered (A-029)', async () => {
    const heard: unknown[] = [];
    const telling = userStore(test.orm, { hashers, onLoginFailed: (credentials) => void heard.push(credentials) });
    await telling.authenticate({ username: 'nobody', password: 'secret' });
    expect(heard).toEqual([{ username: 'nobody', password: '*'.repeat(20) }]);
  });
});
