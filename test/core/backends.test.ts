import { beforeEach, describe, expect, it } from '@jest/globals';
import { AllowAllUsersModelBackend, authenticate, cleanCredentials, ModelBackend } from '../../src/core/backends';
import type { AuthenticationBackend } from '../../src/core/backends';
import { DjangoPermissionDenied, ImproperlyConfigured } from '../../src/core/exceptions';
import type { Request } from '../../src/core/request';
import type { BaseUser, Credentials, User } from '../../src/core/users';
import { MD5PasswordHasher, PBKDF2PasswordHasher } from '../../src/crypto/hashers';
import { MemoryUserStore } from '../../src/testing/memory-stores';
import { MeasuredHasher } from '../support/measured-hasher';

type Answer = User | null | Error;

/** Answers as told, and remembers that it was asked. */
class ScriptedBackend implements AuthenticationBackend<User> {
  readonly asked: [Credentials, Request<BaseUser, unknown> | undefined][] = [];

  constructor(private readonly answer: Answer) {}

  authenticate(credentials: Credentials, request?: Request<BaseUser, unknown>): User | null {
    this.asked.push([credentials, request]);
    if (this.answer instanceof Error) throw this.answer;
    return this.answer;
  }

  getUser(): null {
    return null;
  }
}

const credentials = { username: 'ann', password: 'secret' };
const hashers = [new PBKDF2PasswordHasher({ iterations: 1 })] as const;

describe('authenticate', () => {
  let ann: User;
  let bob: User;
  const request = {} as Request<BaseUser, unknown>;

  beforeEach(async () => {
    const users = new MemoryUserStore({ hashers });
    ann = await users.createUser({ username: 'ann' });
    bob = await users.createUser({ username: 'bob' });
  });

  it('asks the backends in order, and the first user wins (A-028)', async () => {
    const backends = [new ScriptedBackend(null), new ScriptedBackend(ann), new ScriptedBackend(bob)];
    expect(await authenticate(backends, credentials, { request })).toBe(ann);
    expect(backends.map(({ asked }) => asked)).toEqual([[[credentials, request]], [[credentials, request]], []]);
  });

  it('ends with the backend that denies (A-028)', async () => {
    const last = new ScriptedBackend(ann);
    const backends = [new ScriptedBackend(new DjangoPermissionDenied()), last];
    expect(await authenticate(backends, credentials)).toBeNull();
    expect(last.asked).toEqual([]);
  });

  it('does not take a bug of a backend for a refusal', async () => {
    const backends = [new ScriptedBackend(new TypeError('bug')), new ScriptedBackend(ann)];
    await expect(authenticate(backends, credentials)).rejects.toThrow('bug');
  });

  it('has no user where a backend in JavaScript answers with nothing', async () => {
    const silent = { authenticate: () => undefined, getUser: () => null } as unknown as AuthenticationBackend<User>;
    expect(await authenticate([silent], credentials)).toBeNull();
  });

  it('needs a backend (A-030)', async () => {
    await expect(authenticate([], credentials)).rejects.toThrow(ImproperlyConfigured);
  });

  it('tells the hook of a failure, with secrets covered (A-029, A-107)', async () => {
    const heard: unknown[] = [];
    const onLoginFailed = (...args: unknown[]): void => void heard.push(args);
    await authenticate([new ScriptedBackend(null)], credentials, { request, onLoginFailed });
    await authenticate([new ScriptedBackend(new DjangoPermissionDenied())], credentials, { onLoginFailed });
    await authenticate([new ScriptedBackend(ann)], credentials, { onLoginFailed });
    const covered = { username: 'ann', password: '*'.repeat(20) };
    expect(heard).toEqual([
      [covered, request],
      [covered, undefined],
    ]);
  });

  it('lets an error of the hook through (A-109)', async () => {
    const onLoginFailed = (): Promise<void> => Promise.reject(new Error('log is full'));
    await expect(authenticate([new ScriptedBackend(null)], credentials, { onLoginFailed })).rejects.toThrow(
      'log is full',
    );
  });
});

describe('cleanCredentials', () => {
  it('covers whatever is named like a secret, in any case (A-029)', () => {
    const secrets = ['password', 'newPassword1', 'API_KEY', 'apiUser', 'accessToken', 'clientSecret', 'Signature'];
    const given = Object.fromEntries([...secrets, 'username', 'email'].map((name) => [name, 'x']));
    expect(cleanCredentials(given)).toEqual({
      ...Object.fromEntries(secrets.map((name) => [name, '********************'])),
      username: 'x',
      email: 'x',
    });
    expect(given['password']).toBe('x');
  });
});

describe('ModelBackend', () => {
  it('takes the name under the field of the user class, too (A-031)', async () => {
    const users = new MemoryUserStore({ hashers });
    const ann = await users.createUser(credentials);
    const backend = new ModelBackend(users, { hashers, usernameField: 'email' });
    expect(await backend.authenticate({ email: 'ann', password: 'secret' })).toBe(ann);
    expect(await backend.authenticate(credentials)).toBe(ann);
  });

  it('looks nobody up where name or password is missing (A-031)', async () => {
    const users = new MemoryUserStore({ hashers });
    const backend = new ModelBackend(users, { hashers });
    users.getByNaturalKey = () => Promise.reject(new Error('asked'));
    expect(await backend.authenticate({ username: 'ann' })).toBeNull();
    expect(await backend.authenticate({ password: 'secret' })).toBeNull();
    expect(await backend.authenticate({ token: 'abc' })).toBeNull();
  });

  it('gives out active users by their primary key (A-035)', async () => {
    const users = new MemoryUserStore({ hashers });
    const ann = await users.createUser(credentials);
    const backend = new ModelBackend(users, { hashers });
    expect(await backend.getUser(ann.pk)).toBe(ann);
    expect(await backend.getUser(99)).toBeNull();
    ann.isActive = false;
    expect(await backend.getUser(ann.pk)).toBeNull();
  });

  it('lets errors of the store through', async () => {
    const users = new MemoryUserStore({ hashers });
    users.getByNaturalKey = () => Promise.reject(new Error('database is down'));
    await expect(new ModelBackend(users, { hashers }).authenticate(credentials)).rejects.toThrow('database is down');
  });
});

describe('the time of a refusal', () => {
  const ROUNDS = 10;
  let preferred: MeasuredHasher;
  let users: MemoryUserStore;
  let backend: ModelBackend<User>;

  beforeEach(async () => {
    preferred = new MeasuredHasher({ iterations: ROUNDS });
    users = new MemoryUserStore({ hashers: [preferred, new MD5PasswordHasher()] });
    backend = new ModelBackend(users, { hashers: [preferred, new MD5PasswordHasher()] });
    await users.createUser(credentials);
    await users.createUser({ username: 'inactive', password: 'secret', isActive: false });
    await users.createUser({ username: 'unusable' });
    await store('empty', '');
    await store('damaged', 'pbkdf2_sha256$lots$of$nonsense');
    await store('expensive', 'pbkdf2_sha256$4000000000$salt$aGFzaA==');
    const old = await new PBKDF2PasswordHasher({ iterations: 3 }).encode('secret', 'short');
    await store('old', old);
    (await store('old and inactive', old)).isActive = false;
  });

  async function store(username: string, password: string): Promise<User> {
    return Object.assign(await users.createUser({ username }), { password });
  }

  it.each([
    ['an unknown name', 'nobody', 'secret'],
    ['a wrong password', 'ann', 'wrong'],
    ['an empty password', 'ann', ''],
    ['an inactive user', 'inactive', 'secret'],
    ['an inactive user with a wrong password', 'inactive', 'wrong'],
    ['an unusable password', 'unusable', 'secret'],
    ['no stored password', 'empty', ''],
    ['a damaged row', 'damaged', 'secret'],
    ['a row that asks for hours of work', 'expensive', 'secret'],
    ['a wrong password against an old hash', 'old', 'wrong'],
    ['an inactive user with an old hash', 'old and inactive', 'secret'],
    ['a wrong password of an inactive user with an old hash', 'old and inactive', 'wrong'],
  ])('is one run of the preferred hasher: %s (A-032 to A-034)', async (_name, username, password) => {
    const rounds = await preferred.during(async () => {
      expect(await backend.authenticate({ username, password })).toBeNull();
    });
    expect(rounds).toBe(ROUNDS);
  });

  it('is that of a login', async () => {
    const rounds = await preferred.during(async () => {
      expect(await backend.authenticate(credentials)).not.toBeNull();
    });
    expect(rounds).toBe(ROUNDS);
  });
});

describe('the password upgrade', () => {
  const old = new MD5PasswordHasher();
  const upgrading = [...hashers, old] as const;

  it('stores a new hash at a login with an old one (A-052)', async () => {
    const users = new MemoryUserStore({ hashers: upgrading });
    const ann = await users.createUser({ username: 'ann' });
    ann.password = await old.encode('secret', 'salt');
    expect(await users.authenticate({ username: 'ann', password: 'wrong' })).toBeNull();
    expect(ann.password).toMatch(/^md5\$/);
    expect(await users.authenticate(credentials)).toBe(ann);
    expect(ann.password).toMatch(/^pbkdf2_sha256\$1\$/);
    expect(await users.authenticate(credentials)).toBe(ann);
  });

  it('leaves a refused user alone, though the password was right', async () => {
    const users = new MemoryUserStore({ hashers: upgrading });
    const ann = await users.createUser({ username: 'ann', isActive: false });
    ann.password = await old.encode('secret', 'salt');
    expect(await users.authenticate(credentials)).toBeNull();
    expect(ann.password).toMatch(/^md5\$/);
  });

  it('does not undo a change of the password that came between', async () => {
    const users = new MemoryUserStore({ hashers: upgrading });
    const ann = await users.createUser({ username: 'ann' });
    const stored = await old.encode('secret', 'salt');
    ann.password = stored;
    class Slow extends PBKDF2PasswordHasher {
      override async encode(password: string, salt: string): Promise<string> {
        ann.password = 'changed';
        return super.encode(password, salt);
      }
    }
    const backend = new ModelBackend(users, { hashers: [new Slow({ iterations: 1 }), old] });
    expect(await backend.authenticate(credentials)).toBe(ann);
    expect(ann.password).toBe('changed');
  });
});

describe('AllowAllUsersModelBackend', () => {
  it('takes inactive users, and still no wrong password (A-036)', async () => {
    const users = new MemoryUserStore({ hashers });
    const ann = await users.createUser({ ...credentials, isActive: false });
    const backend = new AllowAllUsersModelBackend(users, { hashers });
    expect(await backend.authenticate(credentials)).toBe(ann);
    expect(await backend.getUser(ann.pk)).toBe(ann);
    expect(await backend.authenticate({ ...credentials, password: 'wrong' })).toBeNull();
  });
});
