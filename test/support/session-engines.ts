import express from 'express';
import expressSession from 'express-session';
import { createClient } from 'redis';
import {
  APIView,
  csrf,
  defineSettings,
  getSession,
  handle,
  PasswordChangeView,
  path,
  Response,
  session,
  SessionAuthentication,
  sessionUrls,
} from 'sallyport';
import type {
  CsrfSettings,
  Handler,
  HostSessions,
  Request,
  SessionSettings,
  SessionStore,
  Settings,
  User,
} from 'sallyport';
import { expressSessions } from 'sallyport/express';
import { SessionSchema, sessionStore, TokenSchema, UserSchema } from 'sallyport/mikro-orm';
import { redisSessionStore } from 'sallyport/redis';
import { fastPasswordHashers, MemorySessionStore, MemoryUserStore } from 'sallyport/testing';
import { openOrm } from '../mikro-orm/support';
import { startRedis } from './redis';
import { errorLog } from './server';
import { nameOf, secretKey } from './sessions';

/** What keeps sessions, and how it is put before an app. */
export interface Engine {
  readonly store: SessionStore | HostSessions;
  readonly cookieName: string;
  around(app: Handler): Handler;
  close(): Promise<void>;
}

const unchanged = (app: Handler): Handler => app;
const nothing = (): Promise<void> => Promise.resolve();

export const engines = {
  memory: (): Promise<Engine> =>
    Promise.resolve({ store: new MemorySessionStore(), cookieName: 'sessionid', around: unchanged, close: nothing }),

  async PostgreSQL(): Promise<Engine> {
    const { orm, close } = await openOrm([UserSchema, TokenSchema, SessionSchema]);
    return { store: sessionStore(orm), cookieName: 'sessionid', around: unchanged, close };
  },

  async Redis(): Promise<Engine> {
    const server = await startRedis();
    const client = await createClient({ socket: { path: server.path, tls: false } }).connect();
    const close = async (): Promise<void> => {
      await client.close();
      await server.stop();
    };
    return { store: redisSessionStore(client), cookieName: 'sessionid', around: unchanged, close };
  },

  'express-session': (): Promise<Engine> => {
    const middleware = expressSession({ secret: 'keyboard cat', resave: false, saveUninitialized: false });
    const around = (app: Handler): Handler => express().use(middleware).use(app) as unknown as Handler;
    return Promise.resolve({ store: expressSessions(), cookieName: 'connect.sid', around, close: nothing });
  },
};

/** A site with the ready views and pages that need a session. */
export interface Site {
  readonly app: Handler;
  readonly settings: Settings;
  readonly users: MemoryUserStore;
  readonly cookieName: string;
}

export interface SiteOptions {
  readonly session?: Partial<SessionSettings>;
  readonly csrf?: Partial<CsrfSettings>;
}

/** Its users are ann and bob, with the password `secret`. */
export async function createSite({ store, cookieName, around }: Engine, options: SiteOptions = {}): Promise<Site> {
  const users = new MemoryUserStore({ hashers: fastPasswordHashers });
  for (const username of ['ann', 'bob']) await users.createUser({ username, password: 'secret' });
  const settings = defineSettings(
    { users, secretKey, defaultAuthenticationClasses: [SessionAuthentication], logger: errorLog().logger },
    session({ store, ...options.session }),
    csrf(options.csrf ?? {}),
  );
  abstract class Page extends APIView<User, null> {
    static override settings = settings;
  }
  /** Says who is logged in, whatever the method. */
  class Account extends Page {
    override get(request: Request<User, null>): Response {
      return new Response({ name: nameOf(request.user) });
    }
    override post = this.get;
    override put = this.get;
    override patch = this.get;
    override delete = this.get;
  }
  /** A value of the session that anybody may have. */
  class Cart extends Page {
    override async get(request: Request<User, null>): Promise<Response> {
      return new Response({ cart: (await getSession(request)).get('cart') ?? null });
    }
    override async post(request: Request<User, null>): Promise<Response> {
      (await getSession(request)).set('cart', request.data);
      return new Response(null, { status: 204 });
    }
  }
  const routes = [
    path('/auth', sessionUrls(settings)),
    path('/password', PasswordChangeView.asView({ settings })),
    path('/account', Account.asView()),
    path('/cart', Cart.asView()),
  ];
  return { app: around(handle(routes)), settings, users, cookieName };
}
