import { createServer } from 'node:http';
import express from 'express';
import { users } from '../works.mjs';

const windows = new Map();

async function authenticate(request, response, next) {
  const [keyword, key] = (request.headers.authorization ?? '').split(' ');
  const user = keyword === 'Token' ? (users.get(await key) ?? null) : null;
  if (user === null) return response.status(401).set('WWW-Authenticate', 'Token').json({ detail: 'Invalid token.' });
  request.user = user;
  request.auth = key;
  next();
}

function throttle(request, response, next) {
  const now = Date.now();
  let hits = windows.get(request.user.id);
  if (hits === undefined) windows.set(request.user.id, (hits = []));
  while (hits.length > 0 && hits[0] <= now - 60_000) hits.shift();
  if (hits.length >= 1000) return response.status(429).json({ detail: 'Request was throttled.' });
  hits.push(now);
  next();
}

/** The same by hand in Express: a middleware for each concern. */
export function start() {
  const app = express();
  app.get('/hello', (_request, response) => response.json({ message: 'hello' }));
  app.get('/me', authenticate, throttle, (request, response) => {
    response.json({ user: request.user.username, auth: request.auth });
  });
  return createServer(app);
}
