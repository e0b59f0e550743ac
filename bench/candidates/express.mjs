import { createServer } from 'node:http';
import { plainToInstance } from 'class-transformer';
import { validate } from 'class-validator';
import * as validator from 'class-validator';
import express from 'express';
import { createLookup, tokenOf } from '../lib/tokens.mjs';
import { createThrottle, itemClass, ROUTES } from '../lib/works.mjs';

/** The same by hand in Express: a middleware for each concern. */
export async function start(work) {
  const find = await createLookup(work);
  const isAllowed = createThrottle();
  const Item = itemClass(validator);

  async function authenticate(request, response, next) {
    request.token = tokenOf(request.headers.authorization);
    request.user = request.token === undefined ? null : await find(request.token);
    next();
  }
  function isAuthenticated(request, response, next) {
    if (request.user !== null) return next();
    response.status(401).set('WWW-Authenticate', 'Token').json({ detail: 'Invalid token.' });
  }
  function throttle(request, response, next) {
    if (isAllowed(request.user.id)) return next();
    response.status(429).json({ detail: 'Request was throttled.' });
  }
  const policies = [authenticate, isAuthenticated, throttle];

  const app = express();
  for (let i = 0; work === 'W4' && i < ROUTES; i++) {
    app.get(`/api/resource${String(i)}/:id`, (request, response) => response.json({ id: request.params.id }));
  }
  app.get('/hello', (_request, response) => response.json({ message: 'hello' }));
  app.get('/me', policies, (request, response) => {
    response.json({ user: request.user.username, auth: request.token });
  });
  app.post('/items', policies, express.json(), async (request, response) => {
    const item = plainToInstance(Item, request.body);
    const findings = await validate(item, { whitelist: true });
    if (findings.length > 0) response.status(400).json({ detail: 'Invalid.' });
    else response.json(item);
  });
  return createServer(app);
}
