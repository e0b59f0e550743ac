import { createServer } from 'node:http';
import { createApp } from '../lib/express-app.mjs';

/** In Express, as `app.listen` has it. */
export async function start(work) {
  return createServer(await createApp(work));
}
