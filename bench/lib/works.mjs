/** The works that are measured: what a client sends, and what it must get. */

export const TOKENS = 10_000;
export const ROUTES = 500;

/** What each user may send; the load never reaches it. */
export const RATE = { limit: 1000, milliseconds: 60_000 };

export const tokenAt = (i) => i.toString(16).padStart(40, '0');

/** Users by their token, as a table in memory. */
export const users = new Map(
  Array.from({ length: TOKENS }, (_, i) => [tokenAt(i + 1), { id: i + 1, username: `user${String(i + 1)}` }]),
);

/** About one kilobyte. */
export const item = {
  title: 'A benchmark item',
  email: 'someone@example.com',
  count: 42,
  tags: ['one', 'two', 'three'],
  description: 'x'.repeat(890),
};

const tokens = [...users.keys()].map((key) => ({ authorization: `Token ${key}` }));
const me = { path: '/me', headers: tokens, status: 200, answer: { user: 'user1', auth: tokenAt(1) } };

export const WORKS = {
  W0: { title: 'hello, no policy', path: '/hello', status: 200, answer: { message: 'hello' } },
  W1: { title: 'token, permission, throttle, answer', ...me },
  W2: {
    title: 'the same, and 1 KB of JSON with five fields to check',
    ...me,
    method: 'POST',
    path: '/items',
    body: item,
    answer: item,
  },
  W3: { title: 'a refused token', path: '/me', headers: [{ authorization: `Token ${'f'.repeat(40)}` }], status: 401 },
  W4: {
    title: 'the last of 500 routes with a parameter',
    path: `/api/resource${String(ROUTES - 1)}/42`,
    status: 200,
    answer: { id: '42' },
  },
  W5: { title: 'W1 with the token in PostgreSQL', ...me, database: true },
};

/** DRF's sliding window, the same for all that have none of their own. */
export function createThrottle({ limit, milliseconds } = RATE) {
  const windows = new Map();
  return (id) => {
    const now = Date.now();
    let hits = windows.get(id);
    if (hits === undefined) windows.set(id, (hits = []));
    while (hits.length > 0 && hits[0] <= now - milliseconds) hits.shift();
    if (hits.length >= limit) return false;
    hits.push(now);
    return true;
  };
}

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
const isText = (value, most) => typeof value === 'string' && value.length <= most;

/** The five fields by hand; null for a body that is not good. */
export function checkItem(body) {
  const { title, email, count, tags, description } = body ?? {};
  const good =
    isText(title, 100) &&
    isText(email, 254) &&
    EMAIL.test(email) &&
    Number.isInteger(count) &&
    count >= 0 &&
    Array.isArray(tags) &&
    tags.every((tag) => typeof tag === 'string') &&
    isText(description, 2000);
  return good ? { title, email, count, tags, description } : null;
}

/** The same as a class, for those that take one. */
export function itemClass({ IsArray, IsEmail, IsInt, IsString, MaxLength, Min }) {
  class Item {}
  const fields = {
    title: [IsString(), MaxLength(100)],
    email: [IsEmail()],
    count: [IsInt(), Min(0)],
    tags: [IsArray(), IsString({ each: true })],
    description: [IsString(), MaxLength(2000)],
  };
  for (const [name, decorators] of Object.entries(fields)) {
    for (const decorate of decorators.reverse()) decorate(Item.prototype, name);
  }
  return Item;
}
