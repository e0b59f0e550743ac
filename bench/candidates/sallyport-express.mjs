import { createServer } from 'node:http';
import express from 'express';
import { Hello, Me } from '../views.mjs';

export function start() {
  const app = express();
  app.all('/hello', Hello.asView());
  app.all('/me', Me.asView());
  return createServer(app);
}
