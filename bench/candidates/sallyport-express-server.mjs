import { createRequire } from 'node:module';
import { createApp } from '../lib/express-app.mjs';

const { createServer } = createRequire(import.meta.url)('../../dist/express/index.js');

/** In Express, with the server of `sallyport/express`. */
export async function start(work) {
  return createServer(await createApp(work));
}
