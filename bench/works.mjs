/** The works that are measured: what a client sends, and what it must get. */

const TOKENS = 10_000;
export const tokenAt = (i) => i.toString(16).padStart(40, '0');

/** Users by their token, as a table in memory. */
export const users = new Map(
  Array.from({ length: TOKENS }, (_, i) => [tokenAt(i), { id: i, username: `user${String(i)}` }]),
);

let turn = 0;
const nextToken = () => tokenAt((turn = (turn + 7919) % TOKENS));

export const WORKS = {
  W0: { title: 'hello, no policy', path: '/hello', headers: () => ({}), status: 200 },
  W1: {
    title: 'token, permission, throttle, answer',
    path: '/me',
    headers: () => ({ authorization: `Token ${nextToken()}` }),
    status: 200,
  },
  W3: {
    title: 'a refused token',
    path: '/me',
    headers: () => ({ authorization: `Token ${'f'.repeat(40)}` }),
    status: 401,
  },
};
