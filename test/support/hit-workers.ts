import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Window } from 'sallyport';

/** Several processes that share a cache. */
export interface HitWorkers {
  /** Each process hits that often at once, all of them together; how many were allowed in each. */
  hit(key: string, window: Window, times: number): Promise<number[]>;
  stop(): Promise<void>;
}

/** @param address the socket file of Redis, or the URL of a database */
export async function startHitWorkers(
  count: number,
  kind: 'redis' | 'postgresql',
  address: string,
): Promise<HitWorkers> {
  const workers = Array.from({ length: count }, () => {
    const child = spawn(process.execPath, [join(__dirname, 'hit-worker.cjs'), kind, address], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return { child, ended: once(child, 'close'), read: async () => (await lines.next()).value as string };
  });
  await Promise.all(workers.map(({ read }) => read()));
  return {
    hit: (key, window, times) =>
      Promise.all(
        workers.map(async ({ child, read }) => {
          child.stdin.write(`${JSON.stringify({ key, window, times })}\n`);
          return Number(await read());
        }),
      ),
    async stop() {
      for (const { child } of workers) child.stdin.end();
      await Promise.all(workers.map(({ ended }) => ended));
    },
  };
}
