/**
 * What a view takes of promises and of the heap for one request, on a response that is none. These don't move with the
 * load of the machine. Run by `node --expose-gc --min-semi-space-size=64 lib/counts.mjs`; prints JSON.
 */
import { createHook } from 'node:async_hooks';
import { createViews } from './views.mjs';
import { tokenAt } from './works.mjs';

const REQUESTS = 400;

class Sink {
  headersSent = false;
  statusCode = 200;
  getHeader() {}
  setHeader() {}
  removeHeader() {}
  writeHead() {}
  write() {}
  end() {}
}

function requestOf(path, headers) {
  const all = { host: '127.0.0.1', accept: 'application/json', ...headers };
  const rawHeaders = Object.entries(all).flat();
  return { method: 'GET', url: path, headers: all, rawHeaders, socket: { remoteAddress: '127.0.0.1' } };
}

async function count(handler, makeRequest) {
  const requests = Array.from({ length: REQUESTS }, (_, i) => makeRequest(i + 1));
  const sink = new Sink();
  const all = async () => {
    for (const request of requests) await handler(request, sink);
  };
  for (let i = 0; i < 60; i++) await all(); // the compilers must have settled
  const bytes = [];
  for (let i = 0; i < 9; i++) {
    globalThis.gc();
    const before = process.memoryUsage().heapUsed;
    await all();
    bytes.push((process.memoryUsage().heapUsed - before) / REQUESTS);
  }
  let promises = 0;
  const hook = createHook({ init: (_id, type) => (promises += type === 'PROMISE' ? 1 : 0) }).enable();
  await all();
  hook.disable();
  return { promises: Math.round(promises / REQUESTS), bytes: Math.round(bytes.sort((a, b) => a - b)[4]) };
}

/**
 * A server under load has requests under way whenever the collector runs. Without any, V8 throws away what it knows of
 * their objects, and with it the compiled code.
 */
function keepOne(View) {
  const { finalizeResponse } = View.prototype;
  View.prototype.finalizeResponse = function (request, response) {
    const answer = finalizeResponse.call(this, request, response);
    View.kept = { view: this, request, answer };
    return answer;
  };
}

const { Hello, Me } = await createViews('W1');
for (const View of [Hello, Me]) keepOne(View);
const withToken = (key) => requestOf('/me', { authorization: `Token ${key}` });
const results = {
  W0: await count(Hello.asView(), () => requestOf('/hello')),
  W1: await count(Me.asView(), (i) => withToken(tokenAt(i))),
  W3: await count(Me.asView(), () => withToken('f'.repeat(40))),
};
console.log(JSON.stringify(results));
