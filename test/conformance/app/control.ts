import type { IncomingMessage, ServerResponse } from 'node:http';
import { path, type Route } from 'sallyport';
import type { World } from './world';

/** A handler without a view. */
export type PlainHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** The control endpoints that every runner needs: plain handlers beside the views. */
export function controlRoutes(world: World): Route[] {
  const reset: PlainHandler = async (_request, response) => {
    await world.reset();
    answer(response, 204);
  };

  const clock: PlainHandler = async (request, response) => {
    const { advance } = await readJSON<{ readonly advance: number }>(request);
    world.time += advance;
    answer(response, 204);
  };

  const user: PlainHandler = async (request, response) => {
    const { username, set = {}, delete: gone = false } = await readJSON<UserChange>(request);
    const changed = await world.user(username);
    if (set.is_active !== undefined) changed.isActive = set.is_active;
    if (set.is_staff !== undefined) changed.isStaff = set.is_staff;
    if (gone) world.deleteUser(changed);
    answer(response, 204);
  };

  return [path('/__reset', reset), path('/__clock', clock), path('/__user', user)];
}

interface UserChange {
  readonly username: string;
  readonly set?: { readonly is_active?: boolean; readonly is_staff?: boolean };
  readonly delete?: boolean;
}

/** The JSON body of a request. */
export async function readJSON<T>(request: IncomingMessage): Promise<T> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as T;
}

/** Sends a status, with a JSON body if there is one. */
export function answer(response: ServerResponse, status: number, body?: unknown): void {
  if (body === undefined) {
    response.writeHead(status).end();
    return;
  }
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
