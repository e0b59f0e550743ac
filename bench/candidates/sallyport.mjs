import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { Hello, Me } from '../views.mjs';

const { handle, path } = createRequire(import.meta.url)('../../dist/index.js');

export function start() {
  return createServer(handle([path('/hello', Hello.asView()), path('/me', Me.asView())]));
}
