import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { UserTable } from '../../../src/core/backends';
import type { NewUser, User, UserStore } from '../../../src/core/users';
import { MD5PasswordHasher, PBKDF2PasswordHasher } from '../../../src/crypto/hashers';
import type { PasswordHashers } from '../../../src/crypto/hashers';

/** A store over a table of its own, and what a test needs beside it. */
export interface UserStoreHarness {
  readonly store: UserStore<User> & UserTable<User>;
  createUser(fields: NewUser): Promise<User>;
  /** Does what one request does, with a unit of work of its own where the store has such a thing. */
  inRequest<T>(work: () => Promise<T>): Promise<T>;
  close?(): Promise<void>;
}

const old = new MD5PasswordHasher();
const hashers: PasswordHashers = [new PBKDF2PasswordHasher({ iterations: 1 }), old];

/**
 * What every store of users keeps.
 * @param open makes the store; it is to check passwords by a `ModelBackend` with these hashers
 */
export function describeUserStore(name: string, open: (hashers: PasswordHashers) => Promise<UserStoreHarness>): void {
  describe(`${name} keeps the contract of a user store`, () => {
    let harness: UserStoreHarness;
    let count = 0;

    beforeAll(async () => {
      harness = await open(hashers);
    });
    afterAll(() => harness.close?.());

    const newUser = (fields: Partial<NewUser> = {}): Promise<User> =>
      harness.createUser({ username: `user${String(++count)}`, password: 'secret', ...fields });
    const get = (pk: unknown): Promise<User | null> => harness.inRequest(() => harness.store.get(pk));
    const login = async (username: string, password: string): Promise<User | null> =>
      harness.inRequest(async () => harness.store.authenticate({ username, password }));
    const storedPassword = async (pk: unknown): Promise<string | undefined> => (await get(pk))?.password;

    /** A user whose row holds a hash of the last hasher. */
    async function userWithOldHash(fields: Partial<NewUser> = {}): Promise<User> {
      const user = await newUser({ ...fields, password: null });
      const encoded = await old.encode('secret', 'salt');
      await harness.inRequest(async () => harness.store.savePassword(user, encoded, user.password));
      return user;
    }

    describe('a user', () => {
      it('is found by primary key, also in the form of a text as sessions hold it', async () => {
        const user = await newUser();
        expect((await get(user.pk))?.username).toBe(user.username);
        expect((await get(String(user.pk)))?.username).toBe(user.username);
      });

      it('is found by another field, if that field tells users apart (J-158)', async () => {
        const { store } = harness;
        const user = await newUser({ email: 'only@example.com', firstName: 'Same', lastName: '7' });
        await newUser({ firstName: 'Same' });
        const find = (field: string, value: string): Promise<User | null> =>
          harness.inRequest(() => store.findBy!(field, value));
        expect((await find('email', 'only@example.com'))?.pk).toBe(user.pk);
        expect((await find('lastName', '7'))?.pk).toBe(user.pk);
        for (const [field, value] of [
          ['email', 'nobody@example.com'],
          ['email', 'a\0b'],
          ['email', 'Only@example.com'],
          ['firstName', 'Same'],
        ] as const) {
          expect([field, await find(field, value)]).toEqual([field, null]);
        }
      });

      it('is found by name, and by no other spelling of it (A-027)', async () => {
        const user = await newUser({ username: 'Ånn.Lee+x@example' });
        const find = (text: string): Promise<User | null> =>
          harness.inRequest(() => harness.store.getByNaturalKey(text));
        expect((await find('Ånn.Lee+x@example'))?.pk).toBe(user.pk);
        for (const other of ['ånn.lee+x@example', 'Ånn_Lee+x@example', ' Ånn.Lee+x@example', '%', '']) {
          expect(await find(other)).toBeNull();
        }
      });

      it('has the members of its class and the values of its row', async () => {
        const { pk } = await newUser({ email: 'Ann@EXAMPLE.com', firstName: 'Ann', isStaff: true });
        const user = (await get(pk))!;
        expect(user.isAuthenticated).toBe(true);
        expect(user.isAnonymous).toBe(false);
        expect(user.pk).toBe(pk);
        expect(user.getFullName()).toBe('Ann');
        expect(user.dateJoined).toBeInstanceOf(Date);
        expect(user).toMatchObject({
          email: 'Ann@example.com',
          firstName: 'Ann',
          lastName: '',
          isActive: true,
          isStaff: true,
          isSuperuser: false,
          lastLogin: null,
        });
      });

      it('is found though inactive: refusing is the business of others', async () => {
        const { pk } = await newUser({ isActive: false });
        expect((await get(pk))?.isActive).toBe(false);
      });
    });

    describe('a look-up that can find nothing', () => {
      it.each([[0], [-1], [2 ** 40], [1.5], ['x'], [''], ["1' OR '1'='1"], ['1\0'], [null], [undefined], [{}]])(
        'is null and no error: the primary key %p',
        async (pk) => {
          await newUser();
          expect(await get(pk)).toBeNull();
        },
      );

      it.each(['nobody', 'nobody\0', "' OR '1'='1", 'x'.repeat(10_000), '\ud800'])(
        'is null and no error: the name %j',
        async (username) => {
          expect(await harness.inRequest(() => harness.store.getByNaturalKey(username))).toBeNull();
          expect(await login(username, 'secret')).toBeNull();
        },
      );
    });

    describe('authenticate', () => {
      it('knows a user by the right password only', async () => {
        const { pk, username } = await newUser({ password: 'pässwörd' });
        expect((await login(username, 'pässwörd'))?.pk).toBe(pk);
        for (const wrong of ['pässwörD', 'passwort', '', '\0']) expect(await login(username, wrong)).toBeNull();
      });

      it('refuses inactive users and unusable passwords (A-033, A-050)', async () => {
        expect(await login((await newUser({ isActive: false })).username, 'secret')).toBeNull();
        expect(await login((await newUser({ password: null })).username, '')).toBeNull();
      });

      it('refuses credentials of another kind', async () => {
        const credentials = { token: 'abc' };
        expect(await harness.inRequest(async () => harness.store.authenticate(credentials))).toBeNull();
      });

      it('stores a new hash at a login with an old one (A-052)', async () => {
        const { pk, username } = await userWithOldHash();
        expect(await login(username, 'wrong')).toBeNull();
        expect(await storedPassword(pk)).toMatch(/^md5\$/);
        expect((await login(username, 'secret'))?.pk).toBe(pk);
        expect(await storedPassword(pk)).toMatch(/^pbkdf2_sha256\$1\$/);
        expect((await login(username, 'secret'))?.pk).toBe(pk);
      });

      it('takes several logins with an old hash at once', async () => {
        const { pk, username } = await userWithOldHash();
        const users = await Promise.all(Array.from({ length: 5 }, () => login(username, 'secret')));
        expect(users.map((user) => user?.pk)).toEqual([pk, pk, pk, pk, pk]);
        expect(await storedPassword(pk)).toMatch(/^pbkdf2_sha256\$1\$/);
        expect((await login(username, 'secret'))?.pk).toBe(pk);
      });
    });

    describe('savePassword', () => {
      it('changes the row and the user', async () => {
        const { pk } = await newUser();
        await harness.inRequest(async () => {
          const user = (await harness.store.get(pk))!;
          await harness.store.savePassword(user, 'upgraded', user.password);
          expect(user.password).toBe('upgraded');
        });
        expect(await storedPassword(pk)).toBe('upgraded');
      });

      it('leaves a password alone that was changed meanwhile', async () => {
        const { pk } = await newUser();
        await harness.inRequest(async () => {
          const user = (await harness.store.get(pk))!;
          const before = user.password;
          await harness.inRequest(async () => {
            const same = (await harness.store.get(pk))!;
            await harness.store.savePassword(same, 'changed', before);
          });
          await harness.store.savePassword(user, 'upgraded', before);
        });
        expect(await storedPassword(pk)).toBe('changed');
      });

      it('leaves other users alone', async () => {
        const user = await newUser();
        const other = await newUser();
        const before = await storedPassword(other.pk);
        await harness.inRequest(() => harness.store.savePassword(user, 'upgraded', user.password));
        expect(await storedPassword(other.pk)).toBe(before);
      });
    });
  });
}
