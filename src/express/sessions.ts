import type { HostSession, HostSessions } from '../auth/session/store';

type Done = (error?: unknown) => void;

/** What is used of the `request.session` of express-session. */
interface ExpressSession {
  readonly id: string;
  readonly cookie: { originalMaxAge: number | null; maxAge?: number | null | undefined };
  regenerate(done: Done): unknown;
  destroy(done: Done): unknown;
  save(done: Done): unknown;
}

/** What express-session puts on a request. */
interface SessionRequest {
  session?: ExpressSession | null;
  readonly sessionStore?: { generate(request: object): void };
}

/** A session of express-session. Its middleware exchanges the object when the key changes, so it is looked up each time. */
class ExpressHostSession implements HostSession {
  readonly #request: SessionRequest;

  constructor(request: SessionRequest) {
    this.#request = request;
  }

  get key(): string | null {
    return this.#request.session?.id ?? null;
  }

  get maxAge(): number | null {
    const milliseconds = this.#request.session?.cookie.originalMaxAge ?? null;
    return milliseconds === null ? null : milliseconds / 1000;
  }

  set maxAge(seconds: number | null) {
    const { cookie } = this.#begun();
    const milliseconds = seconds === null ? null : seconds * 1000;
    cookie.maxAge = milliseconds;
    // It reads that back by the clock, and would lose a little each time.
    cookie.originalMaxAge = milliseconds;
  }

  get(name: string): unknown {
    const { session } = this.#request;
    return isValue(session, name) ? Reflect.get(session, name) : undefined;
  }

  /** @throws RangeError for a name by which the middleware means something else: it would not come back */
  set(name: string, value: unknown): void {
    const session = this.#begun();
    if (name in session && !isValue(session, name)) {
      throw new RangeError(`express-session has a use of its own for '${name}': take another name.`);
    }
    Reflect.set(session, name, value);
  }

  delete(name: string): boolean {
    const { session } = this.#request;
    return isValue(session, name) && Reflect.deleteProperty(session, name);
  }

  entries(): [string, unknown][] {
    const { session } = this.#request;
    return Object.entries(session ?? {}).filter(([name]) => isValue(session, name));
  }

  regenerate(): Promise<void> {
    return settled((done) => this.#begun().regenerate(done));
  }

  destroy(): Promise<void> {
    const { session } = this.#request;
    return session ? settled((done) => session.destroy(done)) : Promise.resolve();
  }

  save(): Promise<void> {
    const { session } = this.#request;
    return session ? settled((done) => session.save(done)) : Promise.resolve();
  }

  /** The session; a new one where it was destroyed. */
  #begun(): ExpressSession {
    if (!this.#request.session) this.#request.sessionStore!.generate(this.#request);
    return this.#request.session!;
  }
}

/** Beside the values of an app, a session has its methods, and a property for its cookie. */
function isValue(session: ExpressSession | null | undefined, name: string): session is ExpressSession {
  return !!session && name !== 'cookie' && Object.prototype.propertyIsEnumerable.call(session, name);
}

function settled(run: (done: Done) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    run((error) => {
      if (error === undefined || error === null) resolve();
      else reject(error instanceof Error ? error : new Error('express-session has failed.', { cause: error }));
    });
  });
}

function isExpressSession(session: unknown): boolean {
  const { regenerate, destroy, save } = (session ?? {}) as Partial<ExpressSession>;
  return [regenerate, destroy, save].every((method) => typeof method === 'function');
}

/**
 * Lets the middleware express-session keep the sessions, in place of a store of ours: its cookie, its store, its time of
 * saving. What a log in leaves has Django's names there (`request.session._auth_user_id`), and CSRF protection is the
 * same. As that middleware saves a session as a whole, of two requests that change one at once the later one wins.
 *
 * @example
 * app.use(expressSession({ secret, resave: false, saveUninitialized: false, cookie: { secure: true, sameSite: 'lax' } }));
 * const settings = defineSettings({ users, secretKey }, session({ store: expressSessions() }));
 */
export function expressSessions(): HostSessions {
  return {
    open(raw) {
      const request = raw as SessionRequest;
      return isExpressSession(request.session) ? new ExpressHostSession(request) : null;
    },
  };
}
