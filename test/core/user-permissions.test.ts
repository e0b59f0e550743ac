import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  AbstractBaseUser,
  AnonymousUser,
  APIView,
  BaseBackend,
  defineSettings,
  DjangoPermissionDenied,
  ImproperlyConfigured,
  Response,
  User,
} from 'sallyport';
import type { AuthenticationBackend, BaseUser, PermissionUser, Request, UserStore } from 'sallyport';
import {
  APIRequestFactory,
  callView,
  fastPasswordHashers,
  forceAuthenticate,
  MemoryUserStore,
} from 'sallyport/testing';

type Question = readonly [question: string, about: unknown, obj?: unknown];

/** Grants what it is told to, and remembers what it was asked. */
class ScriptedBackend extends BaseBackend<User> {
  readonly asked: Question[] = [];

  constructor(
    private readonly granted: readonly string[] = [],
    private readonly failure?: Error,
  ) {
    super();
  }

  override hasPerm(_user: PermissionUser, perm: string, obj?: unknown): boolean {
    this.asked.push(['hasPerm', perm, obj]);
    if (this.failure !== undefined) throw this.failure;
    return this.granted.includes(perm);
  }

  hasModulePerms(_user: PermissionUser, appLabel: string): boolean {
    this.asked.push(['hasModulePerms', appLabel]);
    if (this.failure !== undefined) throw this.failure;
    return this.granted.some((perm) => perm.startsWith(`${appLabel}.`));
  }

  override async getGroupPermissions(_user: PermissionUser, obj?: unknown): Promise<ReadonlySet<string>> {
    this.asked.push(['getGroupPermissions', undefined, obj]);
    return new Set(this.granted);
  }
}

/** A backend that knows users only. */
const silent: AuthenticationBackend<User> = { authenticate: () => null, getUser: () => null };

async function userOf(...backends: readonly AuthenticationBackend<User>[]): Promise<User> {
  const store = new MemoryUserStore({ hashers: fastPasswordHashers, backends: () => backends });
  return store.createUser({ username: 'ann' });
}

describe('hasPerm', () => {
  it('asks the backends in order until one says yes (A-021)', async () => {
    const [first, second, third] = [new ScriptedBackend(), new ScriptedBackend(['a.b']), new ScriptedBackend(['a.b'])];
    const user = await userOf(first, silent, second, third);
    const note = {};
    expect(await user.hasPerm('a.b', note)).toBe(true);
    expect([first, second, third].map(({ asked }) => asked)).toEqual([
      [['hasPerm', 'a.b', note]],
      [['hasPerm', 'a.b', note]],
      [],
    ]);
    expect(await user.hasPerm('a.c')).toBe(false);
  });

  it('asks nobody about an active superuser (A-021)', async () => {
    const backend = new ScriptedBackend();
    const user = Object.assign(await userOf(backend), { isSuperuser: true });
    expect(await user.hasPerm('a.b')).toBe(true);
    expect(await user.hasModulePerms('a')).toBe(true);
    expect(backend.asked).toEqual([]);
    user.isActive = false;
    expect(await user.hasPerm('a.b')).toBe(false);
    expect(backend.asked).toHaveLength(1);
  });

  it('ends with the backend that denies (A-021)', async () => {
    const last = new ScriptedBackend(['a.b']);
    const user = await userOf(new ScriptedBackend([], new DjangoPermissionDenied()), last);
    expect(await user.hasPerm('a.b')).toBe(false);
    expect(await user.hasModulePerms('a')).toBe(false);
    expect(last.asked).toEqual([]);
  });

  it('does not take a bug of a backend for a refusal', async () => {
    const user = await userOf(new ScriptedBackend([], new TypeError('bug')), new ScriptedBackend(['a.b']));
    await expect(user.hasPerm('a.b')).rejects.toThrow('bug');
    await expect(user.hasModulePerms('a')).rejects.toThrow('bug');
  });

  it.each([[undefined], [null], [1], ['yes'], [{}]])('takes %p of a backend for no', async (answer) => {
    const user = await userOf({ ...silent, hasPerm: () => answer as unknown as boolean });
    expect(await user.hasPerm('a.b')).toBe(false);
  });
});

describe('hasPerms', () => {
  it('takes all of them, and nothing for granted (A-022)', async () => {
    const user = await userOf(new ScriptedBackend(['a.b', 'a.c']));
    expect(await user.hasPerms(['a.b', 'a.c'])).toBe(true);
    expect(await user.hasPerms(new Set(['a.b', 'a.d']))).toBe(false);
    expect(await user.hasPerms([])).toBe(true);
    expect(await new AnonymousUser().hasPerms([])).toBe(true);
  });

  it('refuses a single text (A-022)', async () => {
    const user = await userOf(new ScriptedBackend(['a']));
    for (const asked of [user, new AnonymousUser()]) {
      await expect(asked.hasPerms('a')).rejects.toThrow(new TypeError('perm_list must be an iterable of permissions.'));
    }
  });

  it('follows a class that decides by itself', async () => {
    class Guest extends User {
      override async hasPerm(perm: string): Promise<boolean> {
        return perm === 'a.b';
      }
    }
    expect(await new Guest().hasPerms(['a.b'])).toBe(true);
    expect(await new Guest().hasPerms(['a.b', 'a.c'])).toBe(false);
  });
});

describe('the lists of permissions', () => {
  it('unite those of all backends (A-023)', async () => {
    const first = new ScriptedBackend(['a.b', 'a.c']);
    const second = new ScriptedBackend(['a.c', 'a.d']);
    const user = await userOf(first, silent, second);
    const note = {};
    expect(await user.getGroupPermissions(note)).toEqual(new Set(['a.b', 'a.c', 'a.d']));
    expect(first.asked).toEqual([['getGroupPermissions', undefined, note]]);
    expect(await user.getUserPermissions()).toEqual(new Set());
    expect(await user.getAllPermissions()).toEqual(new Set(['a.b', 'a.c', 'a.d']));
  });
});

describe('a user of no store', () => {
  it('is told where users come from', async () => {
    for (const user of [new User(), new AnonymousUser()]) {
      await expect(user.hasPerm('a.b')).rejects.toThrow(ImproperlyConfigured);
      await expect(user.getAllPermissions()).rejects.toThrow(
        /this (User|AnonymousUser) may do.*`request\.user`.*users:/,
      );
    }
  });

  it('may do everything all the same as an active superuser', async () => {
    expect(await Object.assign(new User(), { isSuperuser: true }).hasPerm('a.b')).toBe(true);
  });

  it('may do nothing in a store without backends', async () => {
    const settings = defineSettings({ users: {} as UserStore });
    expect(await permsOf(new User(), settings)).toEqual([]);
  });
});

describe('the user of a request', () => {
  let users: MemoryUserStore;

  beforeEach(() => {
    users = new MemoryUserStore({
      hashers: fastPasswordHashers,
      backends: () => [new ScriptedBackend(['a.b'])],
    });
  });

  it('has the permissions of the settings in force, whoever made it', async () => {
    class Member extends AbstractBaseUser {
      get isActive(): boolean {
        return true;
      }
    }
    const settings = defineSettings({ users });
    for (const user of [new User(), new Member()]) expect(await permsOf(user, settings)).toEqual(['a.b']);
    expect(await permsOf(null, settings)).toEqual(['a.b']); // as a backend may grant to the anonymous
  });

  it('has those of the view that serves it, when it has come from another store', async () => {
    const ann = await new MemoryUserStore({ hashers: fastPasswordHashers }).createUser({ username: 'ann' });
    expect(await ann.hasPerm('a.b')).toBe(false);
    expect(await permsOf(ann, defineSettings({ users }))).toEqual(['a.b']);
  });

  it('may be of a class that knows no permissions, or frozen', async () => {
    const settings = defineSettings({ users });
    const plain: BaseUser = Object.freeze({ pk: 1, isActive: true, isAuthenticated: true });
    expect(await nameOf(plain, settings)).toBe('Object');
    expect(await nameOf(Object.freeze(new User()), settings)).toBe('User');
  });

  it('shows nothing of it', async () => {
    const ann = await users.createUser({ username: 'ann' });
    expect(Object.keys(ann)).not.toContain('backends');
    expect(Object.getOwnPropertySymbols({ ...ann })).toEqual([]);
  });
});

type Settings = ReturnType<typeof defineSettings>;

/** What a view is told about the user of its request. */
async function ofUser(
  user: BaseUser | null,
  settings: Settings,
  tell: (request: Request) => Promise<unknown>,
): Promise<unknown> {
  class View extends APIView {
    static override settings = settings;
    static override authenticationClasses = [];
    override async get(request: Request): Promise<Response> {
      return new Response(await tell(request));
    }
  }
  const request = new APIRequestFactory().get('/');
  if (user !== null) forceAuthenticate(request, { user });
  return (await callView(View.asView(), request)).data;
}

const permsOf = (user: BaseUser | null, settings: Settings): Promise<unknown> =>
  ofUser(user, settings, async (request) => [...(await (request.user as User).getAllPermissions())]);
const nameOf = (user: BaseUser | null, settings: Settings): Promise<unknown> =>
  ofUser(user, settings, async (request) => request.user!.constructor.name);
