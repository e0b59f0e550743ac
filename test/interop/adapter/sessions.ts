import { defineSettings, getUser, openSession, session, SessionCodec, User } from 'sallyport';
import { MemorySessionStore, MemoryUserStore } from 'sallyport/testing';
import type { Kinds, Output } from './answers';
import { clockOf } from './signing';

interface Secret {
  /** Django's `SECRET_KEY`. */
  readonly secret_key: string;
  /** The time, in seconds since 1970. */
  readonly now?: number;
}

interface UserRow {
  readonly pk: number;
  readonly password_field: string;
  readonly is_active: boolean;
}

type Data = Readonly<Record<string, unknown>>;

interface SessionInput extends Secret {
  readonly data: Data;
  readonly users: readonly UserRow[];
}

function codecOf(secret: Secret): SessionCodec {
  return new SessionCodec({ key: secret.secret_key, clock: clockOf(secret) });
}

/** Whom the session with these values belongs to, in an app with these users. */
async function findUser({ data, users: rows, ...secret }: SessionInput): Promise<Output> {
  const users = new MemoryUserStore();
  for (const { pk, password_field: password, is_active: isActive } of rows) {
    const user = await users.createUser({ username: `user${String(pk)}`, id: pk, isActive });
    user.password = password;
  }
  const settings = defineSettings(
    { users, clock: clockOf(secret) },
    session({ store: new MemorySessionStore(), secretKey: secret.secret_key }),
  );
  const own = await openSession(settings, null);
  for (const [name, value] of Object.entries(data)) own.set(name, value);
  await own.save();
  const headers = { cookie: `sessionid=${own.sessionKey!}` };
  const user = await getUser({ method: 'GET', url: '/', headers }, settings);
  return { user_id: user.pk };
}

export const sessionKinds = {
  'session.decode': (input: Secret & { readonly session_data: string }) => {
    try {
      return { data: Object.fromEntries(codecOf(input).decode(input.session_data)) };
    } catch {
      return { data: {} }; // as a request finds it: a damaged session is an empty one
    }
  },

  'session.encode': (input: Secret & { readonly data: Data }) => ({
    session_data: codecOf(input).encode(new Map(Object.entries(input.data))),
  }),

  'session.auth_hash': ({
    password_field: password,
    secret_key: secret,
  }: Secret & { readonly password_field: string }) => ({
    hash: Object.assign(new User(), { password }).getSessionAuthHash(secret),
  }),

  'session.user': findUser,
} satisfies Kinds;
