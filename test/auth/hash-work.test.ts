import { describe, expect, it } from '@jest/globals';
import {
  authtoken,
  BasicAuthentication,
  APIView,
  defineSettings,
  handle,
  MD5PasswordHasher,
  obtainAuthToken,
  path,
  PBKDF2PasswordHasher,
  Response,
  session,
  sessionUrls,
  type AuthenticationClasses,
  type PasswordHashers,
  type Settings,
} from 'sallyport';
import { jwt, tokenObtainPair } from 'sallyport/jwt';
import { APIClient, MemorySessionStore, MemoryTokenStore, MemoryUserStore } from 'sallyport/testing';
import { MeasuredHasher } from '../support/measured-hasher';

const ROUNDS = 10;
const SALT = 'abcdefghijklmnopqrstuv';

interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** A way in by name and password; it says whether somebody got in. */
type WayIn = (settings: Settings, credentials: Credentials) => Promise<boolean>;

class Basic extends APIView {
  static override authenticationClasses: AuthenticationClasses = [BasicAuthentication];
  override get(): Response {
    return new Response('in');
  }
}

async function logInByPage(settings: Settings, credentials: Credentials): Promise<boolean> {
  const client = new APIClient(handle([path('/auth', sessionUrls(settings))]), { enforceCsrfChecks: true });
  const { csrfToken } = (await client.get('/auth/csrf/')).data as { csrfToken: string };
  const headers = { 'X-CSRFToken': csrfToken };
  return (await client.post('/auth/login/', credentials, { format: 'json', headers })).status === 200;
}

const waysIn: readonly [name: string, way: WayIn][] = [
  ['the store of users', async ({ users }, credentials) => (await users!.authenticate({ ...credentials })) !== null],
  [
    'BasicAuthentication',
    async (settings, { username, password }) => {
      class View extends Basic {
        static override settings = settings;
      }
      const client = new APIClient(View.asView());
      client.credentials({ Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` });
      return (await client.get('/')).status === 200;
    },
  ],
  [
    'ObtainAuthToken',
    async (settings, credentials) =>
      (await new APIClient(obtainAuthToken(settings)).post('/', credentials, { format: 'json' })).status === 200,
  ],
  [
    'TokenObtainPairView',
    async (settings, credentials) =>
      (await new APIClient(tokenObtainPair(settings)).post('/', credentials, { format: 'json' })).status === 200,
  ],
  ['LoginView', logInByPage],
];

async function world(): Promise<{ readonly settings: Settings; readonly preferred: MeasuredHasher }> {
  const preferred = new MeasuredHasher({ iterations: ROUNDS });
  const md5 = new MD5PasswordHasher();
  const hashers: PasswordHashers = [preferred, md5];
  const users = new MemoryUserStore({ hashers });
  const store = async (username: string, encoded: string): Promise<void> => {
    Object.assign(await users.createUser({ username }), { password: encoded });
  };
  await users.createUser({ username: 'ann', password: 'secret' });
  await users.createUser({ username: 'inactive', password: 'secret', isActive: false });
  await users.createUser({ username: 'unusable' });
  await store('old', await new PBKDF2PasswordHasher({ iterations: 3 }).encode('secret', SALT));
  await store('ancient', await md5.encode('secret', SALT));
  const settings = defineSettings(
    { users },
    authtoken({ store: new MemoryTokenStore() }),
    jwt({ signingKey: 'a signing key for this test, of sufficient length' }),
    session({ store: new MemorySessionStore(), secretKey: 'a secret key for this test' }),
  );
  return { settings, preferred };
}

describe.each(waysIn)('%s', (_name, way) => {
  it.each<[string, Credentials]>([
    ['an unknown user', { username: 'nobody', password: 'secret' }],
    ['a wrong password', { username: 'ann', password: 'wrong' }],
    ['an inactive user', { username: 'inactive', password: 'secret' }],
    ['a wrong password of an inactive user', { username: 'inactive', password: 'wrong' }],
    ['a user without a usable password', { username: 'unusable', password: 'secret' }],
    ['a wrong password against an outdated hash', { username: 'old', password: 'wrong' }],
    ['a wrong password against a hash that costs nothing', { username: 'ancient', password: 'wrong' }],
  ])('does the work of one new hash before it refuses %s (A-032 to A-034, A-053)', async (_case, credentials) => {
    const { settings, preferred } = await world();
    const rounds = await preferred.during(async () => {
      expect(await way(settings, credentials)).toBe(false);
    });
    expect(rounds).toBe(ROUNDS);
  });

  it('does no more for who gets in, and stores an outdated hash anew (A-052)', async () => {
    const { settings, preferred } = await world();
    const enter = (username: string): Promise<number> =>
      preferred.during(async () => {
        expect(await way(settings, { username, password: 'secret' })).toBe(true);
      });
    expect(await enter('ann')).toBe(ROUNDS);
    for (const username of ['old', 'ancient']) {
      await enter(username);
      expect(await enter(username)).toBe(ROUNDS);
    }
  });
});
