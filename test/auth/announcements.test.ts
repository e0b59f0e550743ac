import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  APIView,
  authtoken,
  BasicAuthentication,
  defineSettings,
  obtainAuthToken,
  RemoteUserAuthentication,
  Response,
  TokenAuthentication,
} from 'sallyport';
import type { AuthenticationClasses, Credentials, Settings, Token, User } from 'sallyport';
import { fastPasswordHashers, MemoryTokenStore, MemoryUserStore } from 'sallyport/testing';
import { call } from '../support/server';

let failures: Credentials[];
let ann: User;
let key: string;
let settings: Settings;

beforeEach(async () => {
  failures = [];
  const users = new MemoryUserStore({
    hashers: fastPasswordHashers,
    onLoginFailed: (credentials) => void failures.push(credentials),
  });
  const store = new MemoryTokenStore<Token<User>>();
  ann = await users.createUser({ username: 'ann', password: 'secret' });
  key = (await store.getOrCreate(ann))[0].key;
  settings = defineSettings({ users }, authtoken({ store }));
});

async function ask(scheme: AuthenticationClasses[number], headers = {}): Promise<number> {
  class Open extends APIView {
    override get(): Response {
      return new Response('ok');
    }
  }
  return (await call(Open.asView({ settings, authenticationClasses: [scheme] }), { headers })).status;
}
const basic = (text: string): object => ({ Authorization: `Basic ${Buffer.from(text).toString('base64')}` });

describe('a failed log in is announced (D-373)', () => {
  it('by Basic', async () => {
    expect(await ask(BasicAuthentication, basic('ann:wrong'))).toBe(401);
    expect(failures).toEqual([{ username: 'ann', password: '*'.repeat(20) }]);
  });

  it('by RemoteUser, for each request without a name', async () => {
    expect(await ask(RemoteUserAuthentication)).toBe(200);
    expect(failures).toEqual([{ remoteUser: null }]);
  });

  it('by the view that makes tokens', async () => {
    const body = { username: 'ann', password: 'wrong' };
    expect((await call(obtainAuthToken(settings), { method: 'POST', body })).status).toBe(400);
    expect(failures).toEqual([{ username: 'ann', password: '*'.repeat(20) }]);
  });

  it('by tokens never, which are no log in', async () => {
    expect(await ask(TokenAuthentication, { Authorization: 'Token x' })).toBe(401);
    expect(await ask(TokenAuthentication, { Authorization: `Token ${key}` })).toBe(200);
    expect(failures).toEqual([]);
    expect(ann.lastLogin).toBeNull();
  });
});

describe('a token that is made for a password', () => {
  it('is no log in: it leaves neither a session nor a date (D-374)', async () => {
    const body = { username: 'ann', password: 'secret' };
    const answer = await call(obtainAuthToken(settings), { method: 'POST', body });
    expect(answer.json).toEqual({ token: key });
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(ann.lastLogin).toBeNull();
  });
});
