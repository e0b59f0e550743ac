import { createRequire } from 'node:module';
import express from 'express';
import { createRoutes } from './views.mjs';

const { handle } = createRequire(import.meta.url)('../../dist/index.js');

/** All views under Express, by one middleware. */
export async function createApp(work) {
  const app = express();
  app.use(handle(await createRoutes(work)));
  return app;
}
