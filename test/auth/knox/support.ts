import {
  APIView,
  BasicAuthentication,
  defineSettings,
  handle,
  IsAuthenticated,
  path,
  Response,
  type PermissionClasses,
  type Request,
  type Route,
  type Settings,
  type SettingsInput,
  type User,
} from 'sallyport';
import { knox, TokenAuthentication, urls, type AuthToken, type KnoxSettings } from 'sallyport/knox';
import {
  APIClient,
  fastPasswordHashers,
  FixedClock,
  FixedRandom,
  MemoryKnoxStore,
  MemoryUserStore,
  type TestResponse,
} from 'sallyport/testing';

export const START = '2026-11-22T22:37:26.620Z';

/** An app with knox's routes and a view for who has a token. */
export interface World {
  readonly clock: FixedClock;
  readonly users: MemoryUserStore;
  readonly store: MemoryKnoxStore<AuthToken<User>>;
  readonly ann: User;
  readonly bob: User;
  readonly settings: Settings;
  /** The same users and tokens under other options. */
  with(options: Partial<KnoxSettings>, core?: SettingsInput): Settings;
  /** Logs in by name; the password of everybody is `secret`. */
  login(username: string, settings?: Settings): Promise<TestResponse>;
  /** A token of a user. */
  token(username: string, settings?: Settings): Promise<string>;
  /** What a request with a header is answered. */
  send(header: string | null, at?: string, settings?: Settings): Promise<TestResponse>;
}

export function basic(username: string, password = 'secret'): Record<string, string> {
  return { Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}

class Me extends APIView {
  static override authenticationClasses = [TokenAuthentication];
  static override permissionClasses: PermissionClasses = [IsAuthenticated];

  override get(request: Request<User, AuthToken>): Response {
    const { user, auth } = request as { user: User; auth: AuthToken };
    return new Response({ user: user.username, key: auth.tokenKey, name: auth.name, scopes: auth.scopes });
  }
}

/** The routes of an app over these settings. */
export function routesOf(settings: Settings): Route[] {
  return [path('/auth', urls(settings)), path('/me/', Me.asView({ settings }))];
}

export async function openWorld(given: Partial<KnoxSettings> = {}): Promise<World> {
  const clock = new FixedClock(START);
  const users = new MemoryUserStore({ hashers: fastPasswordHashers, clock });
  const store = new MemoryKnoxStore<AuthToken<User>>();
  const random = new FixedRandom('knox');
  const withOptions = (options: Partial<KnoxSettings>, core: SettingsInput = {}): Settings =>
    defineSettings(
      { users, clock, random, defaultAuthenticationClasses: [BasicAuthentication], ...core },
      knox({ store, ...given, ...options }),
    );
  const settings = withOptions({});
  const clientOf = (of: Settings): APIClient => new APIClient(handle(routesOf(of)));
  const login: World['login'] = (username, of = settings) =>
    clientOf(of).post('/auth/login/', undefined, { headers: basic(username) });
  return {
    clock,
    users,
    store,
    ann: await users.createUser({ username: 'ann', password: 'secret', email: 'ann@example.com' }),
    bob: await users.createUser({ username: 'bob', password: 'secret' }),
    settings,
    with: withOptions,
    login,
    token: async (username, of) => ((await login(username, of)).data as { token: string }).token,
    send: (header, at = '/me/', of = settings) => {
      const headers: Record<string, string> = header === null ? {} : { Authorization: header };
      return at === '/me/' ? clientOf(of).get(at, null, { headers }) : clientOf(of).post(at, undefined, { headers });
    },
  };
}
