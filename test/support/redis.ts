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

/**
 * @param more options of `redis-server` beside those that every test needs
 * @throws Error with the words of Redis when it doesn't start
 */
export async function startRedis(more: readonly string[] = []): Promise<TestRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-redis-'));
  const path = join(folder, 'socket');
  const options = ['--port', '0', '--unixsocket', path, '--dir', folder, '--save', '', '--appendonly', 'no', ...more];
  const args = [join(__dirname, 'redis-keeper.cjs'), folder, ...options];
  const keeper = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
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
