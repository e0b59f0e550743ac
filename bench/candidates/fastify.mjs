import Fastify from 'fastify';
import { createLookup, tokenOf } from '../lib/tokens.mjs';
import { createThrottle, ROUTES } from '../lib/works.mjs';

const text = (maxLength) => ({ type: 'string', maxLength });
const body = {
  type: 'object',
  required: ['title', 'email', 'count', 'tags', 'description'],
  additionalProperties: false,
  properties: {
    title: text(100),
    email: { type: 'string', format: 'email' },
    count: { type: 'integer', minimum: 0 },
    tags: { type: 'array', items: { type: 'string' } },
    description: text(2000),
  },
};

/** The same by hand in Fastify, with its hooks and its schemas. */
export async function start(work) {
  const find = await createLookup(work);
  const isAllowed = createThrottle();

  async function authenticate(request, reply) {
    const key = tokenOf(request.headers.authorization);
    const user = key === undefined ? null : await find(key);
    if (user === null) return reply.code(401).header('WWW-Authenticate', 'Token').send({ detail: 'Invalid token.' });
    request.user = user;
    request.auth = key;
  }
  async function throttle(request, reply) {
    if (!isAllowed(request.user.id)) return reply.code(429).send({ detail: 'Request was throttled.' });
  }
  const preHandler = [authenticate, throttle];

  const app = Fastify();
  app.decorateRequest('user', null);
  app.decorateRequest('auth', null);
  for (let i = 0; work === 'W4' && i < ROUTES; i++) {
    app.get(`/api/resource${String(i)}/:id`, async (request) => ({ id: request.params.id }));
  }
  app.get('/hello', async () => ({ message: 'hello' }));
  app.get('/me', { preHandler }, async (request) => ({ user: request.user.username, auth: request.auth }));
  app.post('/items', { preHandler, schema: { body } }, async (request) => request.body);
  await app.ready();
  return app.server;
}
