import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const root = join(__dirname, '..', '..');
let child: ChildProcess;
let origin: string;
let complaints = '';

beforeAll(async () => {
  child = spawn(
    process.execPath,
    ['-r', 'ts-node/register/transpile-only', join(__dirname, 'fixtures', 'failing-store.ts')],
    { cwd: root, env: { ...process.env, TS_NODE_COMPILER_OPTIONS: '{"rootDir":"."}', NODE_OPTIONS: '' } },
  );
  child.stderr!.on('data', (chunk) => (complaints += String(chunk)));
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  origin = `http://127.0.0.1:${String(line).trim()}`;
});
afterAll(() => {
  child.kill();
});

describe('a token store that fails, in a process that a floating rejection would end', () => {
  it.each([
    ['/reads', 500],
    ['/reads-and-goes-on', 200],
    ['/forgets-to-wait', 500],
    ['/waits', 500],
    ['/permission', 500],
    ['/eager', 500],
  ])('%s answers %d, and the process lives', async (path, status) => {
    const answers = await Promise.all(
      [1, 2, 3].map(() => fetch(origin + path, { headers: { Authorization: 'Token abc' } })),
    );
    expect(answers.map((answer) => answer.status)).toEqual([status, status, status]);
    await pause(30);
    expect(child.exitCode).toBeNull();
    const alive = await fetch(`${origin}/alive`);
    expect([alive.status, await alive.json(), complaints]).toEqual([200, 'alive', '']);
  });
});
