import { createServer } from 'node:http';
import { createLookup, tokenOf } from '../lib/tokens.mjs';
import { checkItem, createThrottle, ROUTES } from '../lib/works.mjs';

function send(response, status, data, headers) {
  const body = JSON.stringify(data);
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

function readJSON(request) {
  return new Promise((resolve, reject) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())));
    request.on('error', reject);
  });
}

const me = (_request, response, user, key) => send(response, 200, { user: user.username, auth: key });

async function items(request, response) {
  const item = checkItem(await readJSON(request));
  if (item === null) send(response, 400, { detail: 'Invalid.' });
  else send(response, 200, item);
}

/** The same answers by hand, and nothing that the work doesn't need: what the host alone costs. */
export async function start(work, createFinder = createLookup) {
  const find = await createFinder(work);
  const isAllowed = createThrottle();
  const resources = new Map(Array.from({ length: ROUTES }, (_, i) => [`resource${String(i)}`, send]));

  async function guarded(request, response, handler) {
    const key = tokenOf(request.headers.authorization);
    const user = key === undefined ? null : await find(key);
    if (user === null) return send(response, 401, { detail: 'Invalid token.' }, { 'WWW-Authenticate': 'Token' });
    if (!isAllowed(user.id)) return send(response, 429, { detail: 'Request was throttled.' });
    await handler(request, response, user, key);
  }

  return createServer((request, response) => {
    const { url } = request;
    if (url === '/hello') return send(response, 200, { message: 'hello' });
    if (url === '/me') return void guarded(request, response, me).catch(() => response.destroy());
    if (url === '/items') return void guarded(request, response, items).catch(() => response.destroy());
    const [, , name, id] = url.split('/');
    const answer = resources.get(name);
    if (answer === undefined) send(response, 404, { detail: 'Not found.' });
    else answer(response, 200, { id });
  });
}
