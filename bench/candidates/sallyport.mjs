import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { createRoutes } from '../lib/views.mjs';

const { handle } = createRequire(import.meta.url)('../../dist/index.js');

/** On node:http. */
export async function start(work) {
  return createServer(handle(await createRoutes(work)));
}
