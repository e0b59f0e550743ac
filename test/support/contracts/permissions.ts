import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NewUser, User, UserStore } from '../../../src/core/users';

/** A store of users over tables of its own, and what a test needs beside it. */
export interface PermissionsHarness {
  readonly store: UserStore<User> & {
    withPerm(
      perm: string,
      options?: { isActive?: boolean | null; includeSuperusers?: boolean },
    ): Promise<readonly User[]>;
  };
  createUser(fields: NewUser): Promise<User>;
  /** Gives the user permissions in person. */
  grant(user: User, permissions: readonly string[]): Promise<void>;
  /** Puts the user into a new group with these permissions. */
  join(user: User, group: string, permissions: readonly string[]): Promise<void>;
  /** Does what one request does, with a unit of work of its own where the store has such a thing. */
  inRequest<T>(work: () => Promise<T>): Promise<T>;
  close?(): Promise<void>;
}

/** What every store of users with permissions answers. */
export function describePermissions(name: string, open: () => Promise<PermissionsHarness>): void {
  describe(`${name} knows what users may do`, () => {
    let harness: PermissionsHarness;
    let count = 0;

    beforeAll(async () => {
      harness = await open();
      await harness.grant(await newUser(), ['auth.view_group', 'auth.delete_user']);
    });
    afterAll(() => harness.close?.());

    const newUser = (fields: Partial<NewUser> = {}): Promise<User> =>
      harness.createUser({ username: `user${String(++count)}`, ...fields });
    /** Asks something of a user in a request of its own. */
    const ask = <T>({ pk }: User, question: (user: User) => Promise<T>): Promise<T> =>
      harness.inRequest(async () => question((await harness.store.get(pk))!));

    it('grants nothing by itself', async () => {
      await ask(await newUser({ isStaff: true }), async (user) => {
        expect(await user.getAllPermissions()).toEqual(new Set());
        expect(await user.hasPerm('auth.add_user')).toBe(false);
        expect(await user.hasModulePerms('auth')).toBe(false);
      });
    });

    it('unites what was granted to the user and to the groups (A-020, A-023, A-024)', async () => {
      const user = await newUser();
      await harness.grant(user, ['auth.add_user', 'auth.view_user']);
      await harness.join(user, 'editors', ['auth.change_user', 'auth.view_user']);
      await harness.join(user, 'readers', ['sessions.view_session']);
      await ask(user, async (found) => {
        expect(await found.getUserPermissions()).toEqual(new Set(['auth.add_user', 'auth.view_user']));
        expect(await found.getGroupPermissions()).toEqual(
          new Set(['auth.change_user', 'auth.view_user', 'sessions.view_session']),
        );
        expect(await found.getAllPermissions()).toEqual(
          new Set(['auth.add_user', 'auth.change_user', 'auth.view_user', 'sessions.view_session']),
        );
        expect(await found.hasPerms(['auth.add_user', 'sessions.view_session'])).toBe(true);
        expect(await found.hasPerms(['auth.add_user', 'auth.delete_user'])).toBe(false);
        expect(await found.hasModulePerms('sessions')).toBe(true);
        expect(await found.hasModulePerms('session')).toBe(false);
      });
    });

    it.each(['add_user', 'auth.', 'auth.add_use', 'AUTH.ADD_USER', 'auth.add_user ', '', "x' OR '1'='1"])(
      'knows a permission by no other text: %j',
      async (text) => {
        const user = await newUser();
        await harness.grant(user, ['auth.add_user']);
        expect(await ask(user, (found) => found.hasPerm(text))).toBe(false);
      },
    );

    it('keeps users apart', async () => {
      const user = await newUser();
      await harness.grant(user, ['auth.add_user']);
      await harness.join(user, 'authors', ['auth.change_user']);
      expect(await ask(await newUser(), (other) => other.getAllPermissions())).toEqual(new Set());
    });

    it('lets a superuser do everything, and an inactive one nothing (A-021, A-037)', async () => {
      const everything = new Set(['auth.view_group', 'auth.delete_user']);
      await ask(await newUser({ isSuperuser: true }), async (root) => {
        expect(await root.hasPerms(['auth.add_user', 'no.such_thing'])).toBe(true);
        expect(await root.hasPerm('auth.add_user', {})).toBe(true);
        expect(await root.hasModulePerms('nowhere')).toBe(true);
        for (const all of [await root.getUserPermissions(), await root.getGroupPermissions()]) {
          for (const perm of everything) expect(all).toContain(perm);
        }
      });
      await ask(await newUser({ isSuperuser: true, isActive: false }), async (root) => {
        expect(await root.hasPerm('auth.add_user')).toBe(false);
        expect(await root.hasModulePerms('auth')).toBe(false);
        expect(await root.getAllPermissions()).toEqual(new Set());
      });
    });

    it('grants nothing to the inactive, and nothing for a single object (A-037)', async () => {
      const [active, inactive] = [await newUser(), await newUser({ isActive: false })];
      for (const user of [active, inactive]) await harness.grant(user, ['auth.add_user']);
      await ask(active, async (user) => {
        expect(await user.hasPerm('auth.add_user', {})).toBe(false);
        expect(await user.getAllPermissions({})).toEqual(new Set());
        expect(await user.hasPerm('auth.add_user', null)).toBe(true);
      });
      expect(await ask(inactive, (user) => user.hasPerm('auth.add_user'))).toBe(false);
    });

    it('sees at the next request what was granted meanwhile', async () => {
      const user = await newUser();
      expect(await ask(user, (found) => found.hasPerm('auth.add_user'))).toBe(false);
      await harness.grant(user, ['auth.add_user']);
      expect(await ask(user, (found) => found.hasPerm('auth.add_user'))).toBe(true);
    });

    describe('the other way round: who has a permission (A-038)', () => {
      const perm = 'sessions.change_session';
      let alone: User, member: User, both: User, inactive: User, root: User;

      beforeAll(async () => {
        [alone, member, both, root] = [
          await newUser(),
          await newUser(),
          await newUser(),
          await newUser({ isSuperuser: true }),
        ];
        inactive = await newUser({ isActive: false });
        for (const user of [alone, both, inactive]) await harness.grant(user, [perm]);
        for (const user of [member, both])
          await harness.join(user, `changers of ${String(user.pk)}`, [perm, 'auth.view_user']);
      });
      const names = async (...question: Parameters<PermissionsHarness['store']['withPerm']>): Promise<string[]> =>
        (await harness.inRequest(() => harness.store.withPerm(...question))).map(({ username }) => username);

      it('lists users, each once, in person or by a group', async () => {
        const listed = await names(perm, { includeSuperusers: false });
        expect(listed).toEqual([alone, member, both].map(({ username }) => username));
      });

      it('lists active superusers too, for any permission', async () => {
        expect(await names(perm)).toEqual(expect.arrayContaining([alone.username, root.username]));
        expect(await names('no.such_thing')).toContain(root.username);
        expect(await names('no.such_thing', { includeSuperusers: false })).toEqual([]);
      });

      it('lists inactive users, or both, on demand', async () => {
        expect(await names(perm, { isActive: false, includeSuperusers: false })).toEqual([inactive.username]);
        const all = await names(perm, { isActive: null, includeSuperusers: false });
        expect(new Set(all)).toEqual(new Set([alone, member, both, inactive].map(({ username }) => username)));
      });

      it('lets no text that poses as a boolean into the question', async () => {
        const isActive = 'true OR true' as never;
        const listed = await names(perm, { isActive, includeSuperusers: false }).catch(() => []);
        expect(listed).toEqual([]);
      });

      it.each(['change_session', 'a.b.c', ''])('refuses %j', async (text) => {
        await expect(harness.store.withPerm(text)).rejects.toThrow(
          new RangeError('Permission name should be in the form app_label.permission_codename.'),
        );
      });
    });
  });
}
