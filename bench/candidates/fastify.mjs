import Fastify from 'fastify';
import { users } from '../works.mjs';

const windows = new Map();

async function authenticate(request, reply) {
  const [keyword, key] = (request.headers.authorization ?? '').split(' ');
  const user = keyword === 'Token' ? (users.get(key) ?? null) : null;
  if (user === null) return reply.code(401).header('WWW-Authenticate', 'Token').send({ detail: 'Invalid token.' });
  request.user = user;
  request.auth = key;
}

async function throttle(request, reply) {
  const now = Date.now();
  let hits = windows.get(request.user.id);
  if (hits === undefined) windows.set(request.user.id, (hits = []));
  while (hits.length > 0 && hits[0] <= now - 60_000) hits.shift();
  if (hits.length >= 1000) return reply.code(429).send({ detail: 'Request was throttled.' });
  hits.push(now);
}

/** The same by hand in Fastify, with its hooks. */
export async function start() {
  const app = Fastify();
  app.decorateRequest('user', null);
  app.decorateRequest('auth', null);
  app.get('/hello', async () => ({ message: 'hello' }));
  app.get('/me', { preHandler: [authenticate, throttle] }, async (request) => ({
    user: request.user.username,
    auth: request.auth,
  }));
  await app.ready();
  return app.server;
}
