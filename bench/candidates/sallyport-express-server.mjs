import { createRequire } from 'node:module';
import express from 'express';
import { Hello, Me } from '../views.mjs';

const { createServer } = createRequire(import.meta.url)('../../dist/express/index.js');

export function start() {
  const app = express();
  app.all('/hello', Hello.asView());
  app.all('/me', Me.asView());
  return createServer(app);
}
