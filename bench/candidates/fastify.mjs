import bearerAuth from '@fastify/bearer-auth';
import rateLimit from '@fastify/rate-limit';
import Fastify from 'fastify';
import { createLookup } from '../lib/tokens.mjs';
import { RATE, ROUTES, TOKENS } from '../lib/works.mjs';

const text = (maxLength) => ({ type: 'string', maxLength });
const item = {
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

/** Schemas of answers are what makes Fastify's writer quick. */
const answering = (...names) => ({
  schema: {
    response: {
      200: { type: 'object', properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) },
    },
  },
});

async function addPolicies(app, work) {
  const find = await createLookup(work);
  await app.register(bearerAuth, {
    keys: new Set(),
    bearerType: 'Token',
    auth: async (key, request) => {
      request.user = await find(key);
      request.token = key;
      return request.user !== null;
    },
  });
  // The plugin's refusals have no challenge.
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (reply.statusCode === 401) reply.header('WWW-Authenticate', 'Token');
    done(null, payload);
  });
  await app.register(rateLimit, {
    hook: 'preHandler',
    max: RATE.limit,
    timeWindow: RATE.milliseconds,
    cache: TOKENS,
    keyGenerator: (request) => request.user.id,
  });
}

/** Fastify with its plugins for tokens and rates, and its schemas. */
export async function start(work) {
  const app = Fastify();
  app.decorateRequest('user', null);
  app.decorateRequest('token', null);
  for (let i = 0; work === 'W4' && i < ROUTES; i++) {
    app.get(`/api/resource${String(i)}/:id`, answering('id'), async (request) => ({ id: request.params.id }));
  }
  app.get('/hello', answering('message'), async () => ({ message: 'hello' }));
  app.register(async (guarded) => {
    await addPolicies(guarded, work);
    guarded.get('/me', answering('user', 'auth'), async ({ user, token }) => ({ user: user.username, auth: token }));
    guarded.post('/items', { schema: { body: item, response: { 200: item } } }, async (request) => request.body);
  });
  await app.ready();
  return app.server;
}
