import { beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import {
  authtoken,
  defineSettings,
  handle,
  ImproperlyConfigured,
  issueKey,
  obtainAuthToken,
  path,
  runChecks,
  TokenAuthentication,
  type Settings,
  type Token,
  type TokenStore,
  type User,
} from 'sallyport';
import { APIClient, fastPasswordHashers, MemoryTokenStore, MemoryUserStore } from 'sallyport/testing';

const HASHED = /^\$[A-Za-z0-9_-]{39}$/;
const hashOf = (key: string): string => `$${createHash('sha256').update(key).digest('base64url').slice(0, 39)}`;

let users: MemoryUserStore;
let store: MemoryTokenStore<Token<User>>;
let ann: User;
let clear: Settings;
let hashed: Settings;

beforeEach(async () => {
  users = new MemoryUserStore({ hashers: fastPasswordHashers });
  store = new MemoryTokenStore<Token<User>>();
  ann = await users.createUser({ username: 'ann', password: 'ann' });
  clear = defineSettings({ users }, authtoken({ store }));
  hashed = defineSettings({ users }, authtoken({ store, keysAtRest: 'hashed' }));
});

const stored = async (): Promise<string> => (await store.getOrCreate(ann))[0].key;
const comesIn = async (key: string, settings: Settings): Promise<boolean> => {
  try {
    await new TokenAuthentication<User>(settings).authenticateCredentials(key);
    return true;
  } catch {
    return false;
  }
};
const login = async (settings: Settings): Promise<string> => {
  const client = new APIClient(handle([path('/login', obtainAuthToken(settings))]));
  const { data } = await client.post('/login', { username: 'ann', password: 'ann' }, { format: 'json' });
  return (data as { token: string }).token;
};

describe('keys that rest hashed', () => {
  it('are digests, from the first log in on', async () => {
    const key = await login(hashed);
    expect(key).toMatch(/^[0-9a-f]{40}$/);
    expect(await stored()).toBe(hashOf(key));
    expect(await stored()).toMatch(HASHED);
    expect([await comesIn(key, hashed), await comesIn(`${key}0`, hashed)]).toEqual([true, false]);
  });

  it('take the place of clear ones when these are used, and clients notice nothing', async () => {
    const key = await login(clear);
    expect(await stored()).toBe(key);
    expect([await comesIn(key, hashed), await stored()]).toEqual([true, hashOf(key)]);
    expect(await comesIn(key, hashed)).toBe(true);
  });

  it('let nobody in who has read them in the database, whatever the settings say', async () => {
    await login(hashed);
    const stolen = await stored();
    for (const settings of [hashed, clear]) expect(await comesIn(stolen, settings)).toBe(false);
    const twice = hashOf(stolen);
    expect(await comesIn(twice, hashed)).toBe(false);
  });

  it('are seen by the views in place of the key', async () => {
    const key = await login(hashed);
    const [, token] = await new TokenAuthentication<User, Token<User>>(hashed).authenticateCredentials(key);
    expect([token.key, String(token)]).toEqual([hashOf(key), hashOf(key)]);
  });

  it('can not be shown again, so a log in gives a new key, and the old one ends', async () => {
    const [first, second] = [await login(hashed), await login(hashed)];
    expect([await comesIn(first, hashed), await comesIn(second, hashed)]).toEqual([false, true]);
  });

  it('do not end a clear key at the first log in, which shows it a last time', async () => {
    const key = await login(clear);
    expect(await login(hashed)).toBe(key);
    expect([await stored(), await comesIn(key, hashed)]).toEqual([hashOf(key), true]);
    expect(await login(hashed)).not.toBe(key);
  });

  it('give way to clear ones at the next log in, when the setting is taken back', async () => {
    const key = await login(hashed);
    expect(await comesIn(key, clear)).toBe(false);
    const fresh = await login(clear);
    expect([await stored(), await comesIn(fresh, clear)]).toEqual([fresh, true]);
  });

  it('are given by code as well', async () => {
    const { token, key, created } = await issueKey(hashed, ann);
    expect([token.key, created]).toEqual([hashOf(key), true]);
    const again = await issueKey(clear, await users.createUser({ username: 'bob' }));
    expect([again.token.key, again.created]).toEqual([again.key, true]);
  });

  it('leave one key of many log ins at once', async () => {
    const keys = await Promise.all(Array.from({ length: 20 }, () => issueKey(hashed, ann).then(({ key }) => key)));
    const good = await Promise.all(keys.map((key) => comesIn(key, hashed)));
    expect(good.filter(Boolean)).toHaveLength(1);
  });

  it('need a store that keeps the keys it is given', async () => {
    const deaf: TokenStore = {
      find: (key) => store.find(key),
      getOrCreate: (user) => store.getOrCreate(user as User),
      replace: (user) => store.replace(user as User),
    };
    const settings = defineSettings({ users }, authtoken({ store: deaf, keysAtRest: 'hashed' }));
    for (let login = 1; login <= 2; login++) {
      await expect(issueKey(settings, ann)).rejects.toThrow(ImproperlyConfigured);
    }
  });
});

describe('keys that rest in clear', () => {
  it('are named by the checks of a deployment', () => {
    const found = (settings: Settings): string[] =>
      runChecks([path('/', obtainAuthToken(settings))], { deploy: true, settings })
        .map(({ id }) => id)
        .filter((id) => id === 'sallyport.W022');
    const withTokens = (settings: Settings): Settings => ({
      ...settings,
      defaultAuthenticationClasses: [TokenAuthentication],
    });
    expect([found(withTokens(clear)), found(withTokens(hashed))]).toEqual([['sallyport.W022'], []]);
  });
});
