import { createRequire } from 'node:module';
import { createApp } from './sallyport-routing-controllers.mjs';

const { createServer } = createRequire(import.meta.url)('../../dist/express/index.js');

/** As controllers of routing-controllers, with the server of `sallyport/express`. */
export async function start(work) {
  return createServer(await createApp(work));
}
