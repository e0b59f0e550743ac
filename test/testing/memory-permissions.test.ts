import { describe, expect, it } from '@jest/globals';
import { fastPasswordHashers, MemoryPermissions, MemoryUserStore } from 'sallyport/testing';
import { describePermissions } from '../support/contracts/permissions';

describePermissions('MemoryUserStore', async () => {
  const store = new MemoryUserStore({ hashers: fastPasswordHashers });
  const groups = new Map<unknown, string[]>();
  return {
    store,
    createUser: (fields) => store.createUser(fields),
    grant: async (user, permissions) => store.permissions.setOfUser(user, permissions),
    join: async (user, group, permissions) => {
      const joined = [...(groups.get(user.pk) ?? []), group];
      groups.set(user.pk, joined);
      store.permissions.setOfGroup(group, permissions);
      store.permissions.setGroups(user, joined);
    },
    inRequest: (work) => work(),
  };
});

describe('MemoryPermissions', () => {
  it('puts what is set in the place of what was set before', async () => {
    const users = new MemoryUserStore({ hashers: fastPasswordHashers });
    const ann = await users.createUser({ username: 'ann' });
    users.permissions.setOfUser(ann, ['notes.add_note']);
    users.permissions.setOfUser(ann, ['notes.view_note']);
    users.permissions.setOfGroup('editors', ['notes.change_note']);
    users.permissions.setGroups(ann, ['editors', 'nobody knows this one']);
    expect(await ann.getAllPermissions()).toEqual(new Set(['notes.view_note', 'notes.change_note']));
    users.permissions.setGroups(ann, []);
    expect(await ann.getAllPermissions()).toEqual(new Set(['notes.view_note']));
  });

  it('forgets all of it', () => {
    const permissions = new MemoryPermissions();
    const user = { pk: 1, isActive: true, isAuthenticated: true } as const;
    permissions.setOfUser(user, ['notes.add_note']);
    permissions.setOfGroup('editors', ['notes.change_note']);
    permissions.setGroups(user, ['editors']);
    expect([...permissions.all()]).toEqual(['notes.add_note', 'notes.change_note']);
    permissions.clear();
    expect([...permissions.all()]).toEqual([]);
    expect(permissions.of(user)).toEqual({ user: new Set(), group: new Set() });
  });
});
