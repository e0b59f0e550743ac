import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  APIView,
  authtoken,
  defineSettings,
  DjangoModelPermissions,
  prepareUser,
  Response,
  TokenAuthentication,
  User,
} from 'sallyport';
import type { AuthenticationClasses, PermissionClasses } from 'sallyport';
import { tokenStore, userStore } from 'sallyport/mikro-orm';
import type { MikroOrmUserStore } from 'sallyport/mikro-orm';
import { APIClient } from 'sallyport/testing';
import { openDjango } from './django';
import type { DjangoDatabase } from './django';
import { hashers } from './hashers';
import { django, samplesOf } from './samples';

let database: DjangoDatabase;
let users: MikroOrmUserStore;

beforeAll(async () => {
  database = await openDjango();
  users = userStore(database.orm, { hashers });
});
afterAll(() => database.close());

describe('The users of Django', () => {
  const passwordOf = (username: string): string => django.clear_passwords[username]!;

  it.each(['u_pbkdf2_sha256', 'staff', 'Jürgen'])('log in with their passwords: %s', async (username) => {
    const password = passwordOf(username);
    expect((await users.authenticate({ username, password }))?.username).toBe(username);
    expect(await users.authenticate({ username, password: `${password} ` })).toBeNull();
  });

  it('are found by their names alone, however those are written', async () => {
    for (const name of ['jürgen', 'Jurgen', 'Ju\u0308rgen', 'JÜRGEN']) {
      expect(await users.getByNaturalKey(name)).toBeNull();
    }
  });

  it.each([
    'u_pbkdf2_sha256_old',
    'u_pbkdf2_sha256_more',
    'u_md5',
    'u_unsalted_sha1',
    'u_scrypt_django51',
    'u_argon2id',
    'u_bcrypt_sha256',
    'u_bcrypt_2a',
  ])('get the preferred hash at a log in with another one: %s (A-018)', async (username) => {
    const before = (await users.getByNaturalKey(username))!;
    await users.authenticate({ username, password: passwordOf(username) });
    const after = (await users.getByNaturalKey(username))!;
    expect(after.password).toMatch(/^pbkdf2_sha256\$260000\$/);
    expect({ ...after, password: '' }).toEqual({ ...before, password: '' });
    expect(await after.checkPassword(passwordOf(username), hashers)).toBe(true);
  });

  it('do not log in when they are inactive, or have no usable password', async () => {
    expect(await users.authenticate({ username: 'inactive', password: passwordOf('inactive') })).toBeNull();
    expect(django.clear_passwords['u_unusable']).toBeNull();
    for (const password of ['', '!', (await users.getByNaturalKey('u_unusable'))!.password]) {
      expect(await users.authenticate({ username: 'u_unusable', password })).toBeNull();
    }
  });

  const names = samplesOf<UserName, UserName>('user.normalize');
  it.each(names)('are named as Django normalizes names: $id', async ({ input, expect: expected }) => {
    expect(await prepareUser(User, input)).toMatchObject(expected);
  });
});

interface UserName {
  readonly username: string;
  readonly email: string;
}

describe('The permissions of Django', () => {
  const permissionsOf = async (username: string): Promise<Record<string, string[]>> => {
    const user = (await users.getByNaturalKey(username))!;
    const [own, group] = await Promise.all([user.getUserPermissions(), user.getGroupPermissions()]);
    return { own: [...own].sort(), group: [...group].sort() };
  };

  it('are those of the user and of the groups (A-020)', async () => {
    expect(await permissionsOf('staff')).toEqual({ own: ['auth.delete_user'], group: [] });
    expect(await permissionsOf('grouped')).toEqual({
      own: [],
      group: ['auth.add_user', 'auth.change_user', 'auth.view_user'],
    });
    expect(await permissionsOf('u_pbkdf2_sha256')).toEqual({ own: [], group: [] });
  });

  it('are all for a superuser (A-037)', async () => {
    const root = (await users.getByNaturalKey('root'))!;
    const all = await root.getAllPermissions();
    expect(all.size).toBe(88);
    expect(all).toContain('knox.view_authtoken');
  });

  it('decide what a client of Django may do with a token of Django', async () => {
    class UserList extends APIView {
      static override settings = defineSettings({ users }, authtoken({ store: tokenStore(database.orm) }));
      static override authenticationClasses: AuthenticationClasses = [TokenAuthentication];
      static override permissionClasses: PermissionClasses = [DjangoModelPermissions];
      static readonly queryset = { appLabel: 'auth', modelName: 'user' };
      override get(): Response {
        return new Response('seen');
      }
      override post(): Response {
        return new Response('added');
      }
      override delete(): Response {
        return new Response('deleted');
      }
    }
    const statuses = async (key: string): Promise<number[]> => {
      const client = new APIClient(UserList.asView());
      client.credentials({ Authorization: `Token ${key}` });
      const answers = [await client.get('/'), await client.post('/'), await client.delete('/')];
      return answers.map(({ status }) => status);
    };
    const expected: Record<number, number[]> = {
      1: [200, 403, 403],
      8: [200, 403, 403],
      61: [401, 401, 401],
      62: [200, 403, 200],
    };
    expect(django.credentials.drf.map(({ user }) => user)).toEqual([1, 8, 61, 62]);
    for (const { key, user } of django.credentials.drf)
      expect([user, await statuses(key)]).toEqual([user, expected[user]]);
  });
});
