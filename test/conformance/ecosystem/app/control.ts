import type { IncomingMessage } from 'node:http';
import { path, type Route, type User } from 'sallyport';
import { fastPasswordHashers } from 'sallyport/testing';
import { answer, readJSON, type PlainHandler } from '../../app/control';
import type { World } from './world';

interface UserChange {
  readonly username: string;
  readonly set?: Readonly<Record<string, string | boolean | null>>;
  readonly delete?: boolean;
}

/** Django's names of the fields that a scenario changes. */
const FIELDS: Readonly<Record<string, keyof User>> = {
  is_active: 'isActive',
  is_staff: 'isStaff',
  email: 'email',
  first_name: 'firstName',
  last_name: 'lastName',
  username: 'username',
};

/** The control endpoints that a runner needs: plain handlers beside the views. */
export function controlRoutes(world: World): Route[] {
  const reset: PlainHandler = async (_request, response) => {
    await world.reset();
    answer(response, 204);
  };

  const clock: PlainHandler = async (request, response) => {
    const { advance, set } = await readJSON<{ readonly advance?: number; readonly set?: number }>(request);
    world.clock.set(set === undefined ? world.clock.now() + (advance ?? 0) * 1000 : set * 1000);
    answer(response, 204);
  };

  const change: PlainHandler = async (request, response) => {
    const { username, set = {}, delete: gone = false } = await readJSON<UserChange>(request);
    const user = await world.user(username);
    for (const [name, value] of Object.entries(set)) await setField(user, name, value);
    if (gone) await world.deleteUser(user);
    answer(response, 204);
  };

  const show: PlainHandler = async (request, response) => {
    const user = await world.users.getByNaturalKey(queryOf(request).get('username') ?? '');
    answer(response, 200, user === null ? null : describeUser(user));
  };

  const readToken: PlainHandler = async (request, response) => {
    const [header, payload] = (queryOf(request).get('token') ?? '').split('.').slice(0, 2).map(decodePart);
    answer(response, 200, { header, payload });
  };

  return [
    path('/__reset', reset),
    path('/__clock', clock),
    path('/__user', change),
    path('/__show', show),
    path('/__jwt', readToken),
  ];
}

async function setField(user: User, name: string, value: string | boolean | null): Promise<void> {
  if (name === 'password') return user.setPassword(value as string | null, fastPasswordHashers);
  const field = FIELDS[name];
  if (field === undefined) throw new Error(`Scenarios change no field '${name}'.`);
  Reflect.set(user, field, value);
}

function describeUser(user: User): object {
  return {
    id: user.id,
    username: user.username,
    email: user.email,
    first_name: user.firstName,
    last_name: user.lastName,
    is_active: user.isActive,
    is_staff: user.isStaff,
    has_usable_password: user.hasUsablePassword(),
    has_logged_in: user.lastLogin !== null,
  };
}

function queryOf(request: IncomingMessage): URLSearchParams {
  return new URL(request.url!, 'http://testserver').searchParams;
}

function decodePart(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString());
}
