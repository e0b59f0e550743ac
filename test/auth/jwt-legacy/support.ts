import {
  APIView,
  defineSettings,
  handle,
  IsAuthenticated,
  path,
  Response,
  type AuthenticationClasses,
  type PermissionClasses,
  type Request,
  type Settings,
  type SettingsInput,
  type User,
} from 'sallyport';
import {
  JSONWebTokenAuthentication,
  jwtLegacy,
  obtainJwtToken,
  refreshJwtToken,
  verifyJwtToken,
  type JWTLegacySettings,
} from 'sallyport/jwt-legacy';
import { APIClient, fastPasswordHashers, FixedClock, MemoryUserStore, type TestResponse } from 'sallyport/testing';

export const KEY = 'oracle-secret-key-000000000000000000000000';
export const START = 1_795_349_454_000;

/** Settings over a table of users, and what a test looks at beside them. */
export interface Bench {
  readonly settings: Settings;
  readonly clock: FixedClock;
  readonly users: MemoryUserStore;
  readonly alice: User;
  /** The same world with other options. */
  with(options: Partial<JWTLegacySettings>, core?: SettingsInput): Settings;
}

export async function openBench(): Promise<Bench> {
  const clock = new FixedClock(START);
  const users = new MemoryUserStore({ hashers: fastPasswordHashers, clock });
  const withOptions = (options: Partial<JWTLegacySettings>, core: SettingsInput = {}): Settings =>
    defineSettings({ users, clock, ...core }, jwtLegacy({ secretKey: KEY, allowRefresh: true, ...options }));
  return {
    settings: withOptions({}),
    clock,
    users,
    alice: await users.createUser({ username: 'alice', password: 'alice-pass', email: 'alice@example.com' }),
    with: withOptions,
  };
}

/** A client of the three views, and of one that tells who is there. */
export class Client {
  readonly raw: APIClient;

  constructor(settings: Settings) {
    class Me extends APIView {
      static override authenticationClasses: AuthenticationClasses = [JSONWebTokenAuthentication];
      static override permissionClasses: PermissionClasses = [IsAuthenticated];
      override get(request: Request<User>): Response {
        return new Response({
          user: request.user?.isAuthenticated === true && request.user.username,
          auth: request.auth,
        });
      }
      override post(request: Request<User>): Response {
        return this.get(request);
      }
    }
    this.raw = new APIClient(
      handle([
        path('/auth/', obtainJwtToken(settings)),
        path('/refresh/', refreshJwtToken(settings)),
        path('/verify/', verifyJwtToken(settings)),
        path('/me/', Me.asView({ settings })),
      ]),
    );
  }

  obtain(body: object = { username: 'alice', password: 'alice-pass' }): Promise<TestResponse> {
    return this.raw.post('/auth/', body, { format: 'json' });
  }

  async token(): Promise<string> {
    return (await this.obtain()).data.token as string;
  }

  refresh(token: unknown): Promise<TestResponse> {
    return this.raw.post('/refresh/', { token }, { format: 'json' });
  }

  verify(token: unknown): Promise<TestResponse> {
    return this.raw.post('/verify/', { token }, { format: 'json' });
  }

  me(authorization?: string): Promise<TestResponse> {
    const headers = authorization === undefined ? {} : { Authorization: authorization };
    return this.raw.get('/me/', undefined, { headers });
  }
}

/** What a token says. */
export function read(token: unknown): Record<string, unknown> {
  return JSON.parse(Buffer.from(String(token).split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;
}
