import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';

/** A Redis of its own for a test file, behind a socket file. */
export interface TestRedis {
  readonly path: string;
  stop(): Promise<void>;
}

const installed = spawnSync('redis-server', ['--version']).status === 0;

/** Tests that need Redis: left out where it isn't installed, but never by continuous integration. */
export const describeWithRedis = installed || process.env['CI'] !== undefined ? describe : describe.skip;

/** The server and its folder go when their standard input ends, and that is also when this process is killed. */
const KEEPER = 'redis-server "$@" & server=$!; cat; kill "$server"; wait "$server"; rm -r "$0"';

export async function startRedis(): Promise<TestRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-redis-'));
  const path = join(folder, 'socket');
  const options = ['--port', '0', '--unixsocket', path, '--dir', folder, '--save', '', '--appendonly', 'no'];
  const keeper = spawn('sh', ['-c', KEEPER, folder, ...options], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(keeper, 'close');
  await new Promise<void>((resolve, reject) => {
    let messages = '';
    keeper.stdout.setEncoding('utf8').on('data', (text: string) => {
      messages += text;
      if (/ready to accept connections/i.test(messages)) resolve();
    });
    keeper.once('close', () => {
      reject(new Error(`Redis did not start.\n${messages}`));
    });
  });
  return {
    path,
    async stop() {
      keeper.stdin.end();
      await ended;
    },
  };
}
