/**
 * Runs tests on another Node, which comes as an ordinary package: `node scripts/on-node.mjs 24.21.0 test/hosts …`
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './run.mjs';

const [version, ...tests] = process.argv.slice(2);
const platform = `${process.platform}-${process.arch}`;
const folder = mkdtempSync(join(tmpdir(), 'sallyport-node-'));

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error !== undefined) throw error;
  return status ?? 1;
}

try {
  const install = ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund'];
  const node = join(folder, 'node_modules', `node-${platform}`, 'bin', 'node');
  process.exitCode =
    run('npm', [...install, `node-${platform}@${version}`]) ||
    run(node, [join(root, 'node_modules/jest/bin/jest.js'), ...tests]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
