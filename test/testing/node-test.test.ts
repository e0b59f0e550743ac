import { expect, it } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '../..');

it('the test helpers work without Jest, in node:test', () => {
  execFileSync(process.execPath, ['scripts/build.mjs', '--if-stale'], { cwd: root, stdio: 'pipe' });
  const file = join(__dirname, 'fixtures/node-test.mjs');
  const run = spawnSync(process.execPath, ['--test', '--test-reporter=tap', file], { encoding: 'utf8' });
  expect(run.stdout).toContain('# pass 2');
  expect(run.status).toBe(0);
}, 60_000);
