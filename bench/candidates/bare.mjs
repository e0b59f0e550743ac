import { createServer } from 'node:http';
import { users } from '../works.mjs';

/** The same answers by hand: what the host alone costs. */
const windows = new Map();

function allowed(id) {
  const now = Date.now();
  let hits = windows.get(id);
  if (hits === undefined) windows.set(id, (hits = []));
  while (hits.length > 0 && hits[0] <= now - 60_000) hits.shift();
  if (hits.length >= 1000) return false;
  hits.push(now);
  return true;
}

function answer(response, status, data, headers = {}) {
  const body = JSON.stringify(data);
  response.writeHead(status, {
    'Content-Type': 'application/json',
    ...headers,
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}

const find = async (key) => users.get(key) ?? null;

async function me(request, response) {
  const [keyword, key] = (request.headers.authorization ?? '').split(' ');
  const user = keyword === 'Token' ? await find(key) : null;
  if (user === null) return answer(response, 401, { detail: 'Invalid token.' }, { 'WWW-Authenticate': 'Token' });
  if (!allowed(user.id)) return answer(response, 429, { detail: 'Request was throttled.' });
  answer(response, 200, { user: user.username, auth: key });
}

export function start() {
  return createServer((request, response) => {
    if (request.url === '/hello') answer(response, 200, { message: 'hello' });
    else void me(request, response);
  });
}
