import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  APIView,
  defineSettings,
  getSession,
  getUser,
  handle,
  login,
  logout,
  openSession,
  path,
  Response,
  session,
  SessionAuthentication,
  SessionCodec,
  User,
} from 'sallyport';
import type { AuthenticationClasses, Request, SessionData, SessionStore, Settings, UserStore } from 'sallyport';
import { sessionStore, userStore } from 'sallyport/mikro-orm';
import { APIClient, FixedClock, MemorySessionStore, MemoryUserStore } from 'sallyport/testing';
import { errorLog } from '../support/server';
import { openDjango } from './django';
import type { DjangoDatabase } from './django';
import { django, samplesOf } from './samples';

const clock = new FixedClock(new Date(django.now * 1000));
const secretKey = django.secret_key;
const log = errorLog();

function settingsOf(users: UserStore, store: SessionStore): Settings {
  return defineSettings({ users, clock, logger: log.logger }, session({ store, secretKey }));
}

/** A client whose browser holds a session, of an app that says who it is, logs out, and logs in as anybody. */
function clientOf(settings: Settings, key?: string): APIClient {
  abstract class View extends APIView {
    static override settings = settings;
    static override authenticationClasses: AuthenticationClasses = [SessionAuthentication];
  }
  class WhoAmI extends View {
    override get(request: Request): Response {
      return new Response(request.user!.pk);
    }
  }
  class LogOut extends View {
    override async get(request: Request): Promise<Response> {
      await logout(request);
      return new Response(null);
    }
  }
  class LogIn extends View {
    override async get(request: Request): Promise<Response> {
      (await getSession(request)).set('cart', ['Ä', 1.5, null]);
      await login(request, (await settings.users!.get(request.queryParams.get('user')))!);
      return new Response(null);
    }
  }
  const routes = [path('/', WhoAmI.asView()), path('/logout', LogOut.asView()), path('/login', LogIn.asView())];
  const client = new APIClient(handle(routes));
  if (key !== undefined) client.cookies.set('sessionid', key);
  return client;
}

describe('The sessions of Django', () => {
  let database: DjangoDatabase;
  let settings: Settings;

  beforeAll(async () => {
    database = await openDjango();
    settings = settingsOf(userStore(database.orm), sessionStore(database.orm));
  });
  afterAll(() => database.close());

  const dataOf = async (key: string): Promise<string | undefined> => {
    const [row] = await database.sql('SELECT session_data FROM django_session WHERE session_key = ?', [key]);
    return row?.['session_data'] as string | undefined;
  };

  it.each(django.credentials.sessions.filter(({ legacy }) => legacy !== true))(
    'belong to their users: $session_key, $note (A-068, A-076)',
    async ({ session_key: key, user }) => {
      expect((await clientOf(settings, key).get('/')).data).toBe(user);
    },
  );

  it('in the form of versions long gone belong to nobody', async () => {
    const [legacy] = django.credentials.sessions.filter((one) => one.legacy === true);
    log.errors.length = 0;
    expect((await clientOf(settings, legacy!.session_key).get('/')).data).toBeNull();
    expect(log.errors.map(String)).toEqual([expect.stringContaining('BadSignature')]);
  });

  it('are ended by a log out here', async () => {
    const key = 'ended'.padEnd(32, '0');
    const { session_key: original } = django.credentials.sessions[0]!;
    await database.sql(
      'INSERT INTO django_session SELECT ?, session_data, expire_date FROM django_session WHERE session_key = ?',
      [key, original],
    );
    expect((await clientOf(settings, key).get('/')).data).toBe(1);
    await clientOf(settings, key).get('/logout');
    expect(await dataOf(key)).toBeUndefined();
    expect(await dataOf(original)).toBeDefined();
    expect((await clientOf(settings, key).get('/')).data).toBeNull();
  });

  it('are made by a log in here in the same form (A-064, A-068, A-069)', async () => {
    const client = clientOf(settings);
    await client.get('/login?user=63');
    const key = client.cookies.get('sessionid')!;
    expect(key).toMatch(/^[a-z0-9]{32}$/);
    const written = (await dataOf(key))!;
    expect(Object.fromEntries(new SessionCodec({ key: secretKey, clock }).decode(written))).toEqual({
      cart: ['Ä', 1.5, null],
      _auth_user_id: '63',
      _auth_user_backend: 'django.contrib.auth.backends.ModelBackend',
      _auth_user_hash: 'a7d1ca8c058e43565737558ddb76fe084aa99778bfc06aa536df385ea80cba8f',
    });
    const [row] = await database.sql(
      'SELECT extract(epoch FROM expire_date)::int AS expires FROM django_session WHERE session_key = ?',
      [key],
    );
    expect(row).toEqual({ expires: django.now + 1_209_600 });
  });

  it('end when Django changes the password (A-076)', async () => {
    const client = clientOf(settings);
    await client.get('/login?user=64');
    expect((await client.get('/')).data).toBe(64);
    await database.sql("UPDATE auth_user SET password = 'pbkdf2_sha256$1$salt$hash' WHERE id = 64");
    expect((await client.get('/')).data).toBeNull();
  });
});

interface Text {
  readonly session_data: string;
}
interface Secret {
  readonly secret_key: string;
}

describe('The texts of sessions', () => {
  const codecOf = ({ secret_key: key }: Secret): SessionCodec => new SessionCodec({ key, clock });

  function decode({ session_data: text, ...secret }: Text & Secret): SessionData {
    try {
      return codecOf(secret).decode(text);
    } catch {
      return new Map();
    }
  }

  it.each(samplesOf<Text & Secret, { data: object }>('session.decode'))(
    'are read as Django reads them: $id (A-067)',
    ({ input, expect: expected }) => {
      expect(Object.fromEntries(decode(input))).toEqual(expected.data);
    },
  );

  it.each(samplesOf<{ data: object } & Secret, Text>('session.encode'))(
    'are written as Django writes them: $id (A-064, A-065, A-066)',
    ({ input, expect: { session_data: expected } }) => {
      const written = codecOf(input).encode(new Map(Object.entries(input.data)));
      // The bytes of what is compressed are up to the library that does it.
      if (expected.startsWith('.'))
        expect(decode({ ...input, session_data: written })).toEqual(new Map(Object.entries(input.data)));
      else expect(written).toBe(expected);
    },
  );

  it.each(samplesOf<{ password_field: string } & Secret, { hash: string }>('session.auth_hash'))(
    'hold the hash that Django makes of a password: $id (A-019)',
    ({ input, expect: expected }) => {
      const user = Object.assign(new User(), { password: input.password_field });
      expect(user.getSessionAuthHash(input.secret_key)).toBe(expected.hash);
    },
  );
});

interface UserInput {
  readonly data: object;
  readonly users: readonly { readonly pk: number; readonly password_field: string; readonly is_active: boolean }[];
}

describe('The user of a session', () => {
  it.each(samplesOf<UserInput, { user_id: number | null }>('session.user'))(
    'is whom Django finds: $id (A-076)',
    async ({ input, expect: expected }) => {
      const users = new MemoryUserStore();
      for (const { pk, password_field: password, is_active: isActive } of input.users) {
        const user = await users.createUser({ username: `user${String(pk)}`, id: pk, isActive });
        user.password = password;
      }
      const store = new MemorySessionStore();
      const settings = settingsOf(users, store);
      const own = await openSession(settings, null);
      for (const [name, value] of Object.entries(input.data)) own.set(name, value);
      await own.save();
      const raw = { method: 'GET', url: '/', headers: { cookie: `sessionid=${own.sessionKey!}` } };
      expect((await getUser(raw, settings)).pk).toBe(expected.user_id);
    },
  );
});
