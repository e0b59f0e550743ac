import {
  APIView,
  csrf,
  defineSettings,
  handle,
  path,
  Response,
  SessionAuthentication,
  session,
  withSession,
} from 'sallyport';
import type {
  AnonymousUser,
  BaseUser,
  CsrfSettings,
  Handler,
  HostRequest,
  Request,
  SessionSettings,
  Settings,
  SettingsInput,
  User,
} from 'sallyport';
import { fastPasswordHashers, FixedClock, MemorySessionStore, MemoryUserStore } from 'sallyport/testing';
import type { Answer } from './server';
import { errorLog } from './server';

export const secretKey = 'sallyport-test-secret-key-0123456789';

export interface WorldOptions {
  readonly session?: Partial<SessionSettings>;
  readonly csrf?: Partial<CsrfSettings>;
  readonly settings?: SettingsInput;
}

/** Users, sessions and settings of one test, and the clock that they share. */
export class World {
  readonly clock = new FixedClock('2023-11-14T22:13:20Z');
  readonly sessions = new MemorySessionStore();
  readonly users = new MemoryUserStore({ hashers: fastPasswordHashers, clock: this.clock });
  readonly log = errorLog();
  readonly settings: Settings;

  constructor(options: WorldOptions = {}) {
    this.settings = defineSettings(
      {
        defaultAuthenticationClasses: [SessionAuthentication],
        users: this.users,
        secretKey,
        clock: this.clock,
        logger: this.log.logger,
        ...options.settings,
      },
      session({ store: this.sessions, ...options.session }),
      csrf(options.csrf ?? {}),
    );
  }

  createUser(username = 'ann'): Promise<User> {
    return this.users.createUser({ username, password: 'secret' });
  }

  /** A handler of one route that does something with the host's request, and answers 204. */
  plain(work: (request: HostRequest) => unknown): Handler {
    return withSession(this.settings, async (request) => {
      const answer = await work(request);
      return answer instanceof globalThis.Response ? answer : new globalThis.Response(null, { status: 204 });
    });
  }

  /** A view that does something with its request, and answers with what comes of it. */
  view(work: (request: Request) => unknown): Handler {
    const { settings } = this;
    class Worker extends APIView {
      static override settings = settings;
      override async get(request: Request): Promise<Response> {
        return new Response((await work(request)) ?? null);
      }
      override post(request: Request): Promise<Response> {
        return this.get(request);
      }
      override put(request: Request): Promise<Response> {
        return this.get(request);
      }
    }
    return handle([path('/', Worker.asView())]);
  }
}

/** The cookies that an answer sets, by name: what stands after the name. */
export function cookiesOf(answer: Answer): Record<string, string> {
  const lines = answer.headers['set-cookie'] ?? [];
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** The value of the header `Cookie` of a browser that has got this answer. */
export function cookieHeader(answer: Answer): string {
  return (answer.headers['set-cookie'] ?? []).map((line) => line.split(';', 1)[0]!).join('; ');
}

/** The name of a user; empty for nobody. */
export function nameOf(user: BaseUser | AnonymousUser | null): string {
  return user?.isAuthenticated === true ? (user as User).username : '';
}
