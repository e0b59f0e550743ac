import { backendOf, type AuthenticationBackend } from '../../core/backends';
import { ImproperlyConfigured } from '../../core/exceptions';
import { chain, type Awaitable } from '../../core/policy';
import { isRequest } from '../../core/request';
import type { Settings } from '../../core/settings';
import { AnonymousUser, type BaseUser, type UserStore } from '../../core/users';
import { constantTimeEqual } from '../../crypto/compare';
import type { SecretKey } from '../../crypto/signing';
import { rotateToken } from './csrf';
import { requestSession, type RequestSession } from './request-session';
import { sessionSecrets } from './secrets';
import type { Session } from './session';
import { session as namespace, type AnyRequest } from './settings';

// Django's names of what a log in leaves in the session.
const USER_ID = '_auth_user_id';
const BACKEND = '_auth_user_backend';
const HASH = '_auth_user_hash';

const MODEL_BACKEND = 'django.contrib.auth.backends.ModelBackend';

/** A user whose sessions end when the password changes. `AbstractBaseUser` is one. */
interface UserWithSessionHash extends BaseUser {
  getSessionAuthHash(secret: SecretKey): string;
}

/** Empty for a user class that has nothing of the kind. */
function authHash(user: BaseUser, secret: SecretKey): string {
  const { getSessionAuthHash } = user as Partial<UserWithSessionHash>;
  return getSessionAuthHash === undefined ? '' : getSessionAuthHash.call(user, secret);
}

/** @throws ImproperlyConfigured without a user table */
function usersOf(settings: Settings): UserStore {
  if (settings.users !== null) return settings.users;
  throw new ImproperlyConfigured('Sessions need the user table: defineSettings({ users: userStore(orm) }).');
}

/**
 * The user who is logged in on this browser, else an `AnonymousUser`. The session alone is asked, at the first call.
 *
 * A session of which the password has changed since is flushed; one that was signed with a former secret gets a new key.
 *
 * @param settings needed for a host's request that no view and no `withSession` has seen
 */
export async function getUser<U extends BaseUser>(
  request: AnyRequest,
  settings?: Settings,
): Promise<U | AnonymousUser> {
  return findUser<U>(requestSession(request, settings));
}

/** `getUser` without a promise where none is needed. */
export function findUser<U extends BaseUser>(state: RequestSession): Awaitable<U | AnonymousUser> {
  if (state.user !== undefined) return state.user as U | AnonymousUser;
  return chain(state.open(), (session) =>
    chain(lookUp(state.settings, session), (user) => {
      // Somebody may have logged in or out meanwhile.
      state.user ??= user ?? new AnonymousUser();
      return state.user as U | AnonymousUser;
    }),
  );
}

function lookUp(settings: Settings, session: Session): Awaitable<BaseUser | null> {
  const id = userIdIn(session);
  const path = session.get(BACKEND);
  if (id === null || typeof path !== 'string') return null;
  return chain(getFrom(usersOf(settings), path, id), (user) =>
    user === null ? null : chain(verify(settings, session, user), (valid) => (valid ? user : null)),
  );
}

/** The primary key that a log in left, as a text. Django reads a number too, which some code of an app may have left. */
function userIdIn(session: Session): string | null {
  const id = session.get(USER_ID);
  return typeof id === 'string' || Number.isInteger(id) ? String(id) : null;
}

/** Asks the backend that let the user in; null when that is none of ours any more. */
function getFrom(users: UserStore, path: string, id: string): Awaitable<BaseUser | null> {
  if (users.backends !== undefined) return backendNamed(users.backends, path)?.getUser(id) ?? null;
  if (path !== MODEL_BACKEND) return null;
  return chain(users.get(id), (user) => (user?.isActive === true ? user : null));
}

function backendNamed(backends: readonly AuthenticationBackend[], path: string): AuthenticationBackend | undefined {
  return backends.find((backend) => backend.path === path);
}

/** Whether the password is still the one that the session was opened with. */
function verify(settings: Settings, session: Session, user: BaseUser): Awaitable<boolean> {
  const { key, fallbackKeys } = sessionSecrets(settings);
  const expected = authHash(user, key);
  if (expected === '') return true;
  const hash = session.get(HASH);
  if (typeof hash === 'string' && constantTimeEqual(hash, expected)) return true;
  if (typeof hash === 'string' && fallbackKeys.some((former) => constantTimeEqual(hash, authHash(user, former)))) {
    return chain(session.cycleKey(), () => {
      session.set(HASH, expected);
      return true;
    });
  }
  return session.flush().then(() => false);
}

/** How `login` opens a session. */
export interface LoginOptions {
  /** The path of the backend that the session names. @default the one that let the user in, or the only one */
  readonly backend?: string | undefined;
  /** Needed for a host's request that no view and no `withSession` has seen. */
  readonly settings?: Settings | undefined;
}

/**
 * Logs a user in on this browser. The session gets a new key, and the browser a new CSRF secret, so that whoever knew
 * the old ones has no part in it; the session of another user is given up.
 *
 * The user is not asked for a password here: that is the business of `settings.users.authenticate`.
 *
 * @throws RangeError when there are several backends and nobody says which one let the user in
 * @throws whatever `onLoggedIn` throws; then nobody is logged in
 */
export async function login(request: AnyRequest, user: BaseUser, options: LoginOptions = {}): Promise<void> {
  const state = requestSession(request, options.settings);
  const { settings } = state;
  const users = usersOf(settings);
  const backend = options.backend ?? backendOf(user) ?? onlyBackend(users);
  const id = idOf(user);
  const hash = authHash(user, sessionSecrets(settings).key);

  const session = await state.open();
  if (!session.has(USER_ID)) await session.cycleKey();
  else if (userIdIn(session) !== id || (hash !== '' && !holdsHash(session, hash))) await session.flush();
  session.set(USER_ID, id);
  session.set(BACKEND, backend);
  session.set(HASH, hash);
  settle(state, request, user);
  await rotateToken(request);
  try {
    await users.updateLastLogin?.(user, new Date(settings.clock.now()));
    await tellOfLogin(settings, user, request);
  } catch (error) {
    // Unlike Django, which saves the session with any answer below 500: whoever refuses here means it.
    await session.flush();
    settle(state, request, new AnonymousUser());
    throw error;
  }
}

function tellOfLogin(settings: Settings, user: BaseUser, request: AnyRequest): Awaitable<void> {
  return namespace.of(settings).onLoggedIn?.(user, request);
}

function holdsHash(session: Session, hash: string): boolean {
  const held = session.get(HASH);
  return typeof held === 'string' && constantTimeEqual(held, hash);
}

function onlyBackend({ backends }: UserStore): string {
  if (backends === undefined) return MODEL_BACKEND;
  if (backends.length !== 1) {
    throw new RangeError(
      'You have multiple authentication backends configured and therefore must provide the `backend` argument, ' +
        'or log in a user that `authenticate` has returned.',
    );
  }
  const [{ path }] = backends as [AuthenticationBackend];
  if (path !== undefined) return path;
  throw new ImproperlyConfigured('A backend needs a `path` by which sessions remember it.');
}

/** The primary key as the session holds it: a text. */
function idOf(user: BaseUser): string {
  const pk = user.pk as string | number | bigint | null | undefined;
  if (pk !== null && pk !== undefined) return String(pk);
  throw new RangeError('Only a user that was saved can log in: this one has no primary key.');
}

/** From here on this is the user, for those who ask the session and for those who ask the request. */
function settle(state: RequestSession, request: AnyRequest, user: BaseUser | AnonymousUser): void {
  state.user = user;
  if (isRequest(request)) request.user = user;
  else request.user = user;
}

/**
 * Logs out whoever is logged in on this browser, and gives up the session with all that it holds.
 *
 * @param settings needed for a host's request that no view and no `withSession` has seen
 */
export async function logout(request: AnyRequest, settings?: Settings): Promise<void> {
  const state = requestSession(request, settings);
  const user = await findUser(state);
  const session = await state.open();
  try {
    await namespace.of(state.settings).onLoggedOut?.(user.isAuthenticated ? user : null, request);
  } finally {
    await session.flush();
    settle(state, request, new AnonymousUser());
  }
}

/**
 * Keeps this browser logged in after a change of the password; the user's other sessions end by that.
 *
 * @param settings needed for a host's request that no view and no `withSession` has seen
 */
export async function updateSessionAuthHash(request: AnyRequest, user: BaseUser, settings?: Settings): Promise<void> {
  const state = requestSession(request, settings);
  const session = await state.open();
  await session.cycleKey();
  const hash = authHash(user, sessionSecrets(state.settings).key);
  if (hash !== '' && userIdIn(session) === idOf(user)) session.set(HASH, hash);
}
