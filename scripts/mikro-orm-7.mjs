/**
 * Runs the packed package with MikroORM 7, which takes a later Node than ours and is nothing that Jest can load: in a
 * project of its own, on a real PostgreSQL, with Node's own test runner. Then has TypeScript compile apps against both.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureDist } from './dist.mjs';
import { root } from './run.mjs';

const NODE = '24.21.0';
const MIKRO_ORM = '7.2.1';
const platform = `${process.platform}-${process.arch}`;
const { startPostgres } = createRequire(import.meta.url)('./postgres.cjs');
const scenarios = join(root, 'test/packaging/mikro-orm-7');

function run(command, args, { cwd, env }) {
  const { status, error } = spawnSync(command, args, { cwd, env: { ...process.env, ...env }, stdio: 'inherit' });
  if (error !== undefined) throw error;
  return status ?? 1;
}

/** A project that has installed the package and nothing of this repository. */
function createProject(folder) {
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const [{ filename }] = JSON.parse(execFileSync('npm', pack, { cwd: root, encoding: 'utf8' }));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'with-mikro-orm-7', type: 'module' }));
  const orm = ['core', 'migrations', 'postgresql'].map((name) => `@mikro-orm/${name}@${MIKRO_ORM}`);
  const packages = [join(folder, filename), ...orm, `node-${platform}@${NODE}`, '@types/node@24'];
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync('npm', ['install', ...options, ...packages], { cwd: folder, stdio: 'inherit' });
  cpSync(scenarios, folder, { recursive: true });
}

async function runScenario(folder) {
  const postgres = await startPostgres();
  try {
    const node = join(folder, 'node_modules', `node-${platform}`, 'bin', 'node');
    return run(node, ['--test', 'scenario.test.mjs'], {
      cwd: folder,
      env: {
        DATABASE_URL: postgres.url,
        DJANGO_KIT: join(root, 'test/interop/kit'),
        EXPECTED_NODE: NODE,
        EXPECTED_MIKRO_ORM: MIKRO_ORM,
      },
    });
  } finally {
    await postgres.stop();
  }
}

/** Errors of an app's code, or of our declarations. Those of other packages are theirs, and whoever has them skips them. */
function typeErrors(folder, module, file) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const args = ['--noEmit', '--strict', '--target', 'es2023', '--types', 'node', '--pretty', 'false'];
  const { stdout } = spawnSync(process.execPath, [tsc, ...args, '--module', module, file], {
    cwd: folder,
    encoding: 'utf8',
  });
  return stdout.split('\n').filter((line) => /^(?:app\.|node_modules\/sallyport\/)/.test(line));
}

function checkTypes(folder) {
  let status = 0;
  for (const [module, file] of [
    ['node20', 'app.mts'],
    ['nodenext', 'app.mts'],
    ['nodenext', 'app.cts'],
  ]) {
    const errors = typeErrors(folder, module, file);
    console.log(`${errors.length === 0 ? 'ok    ' : 'FAILED'} types of ${file}, module ${module}`);
    for (const error of errors) console.log(`  ${error}`);
    if (errors.length > 0) status = 1;
  }
  return status;
}

if (!(await ensureDist())) throw new Error('The library does not compile, so there is nothing to pack.');
const folder = mkdtempSync(join(tmpdir(), 'sallyport-mikro-orm-7-'));
try {
  createProject(folder);
  const failed = await runScenario(folder);
  process.exitCode = checkTypes(folder) || failed;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
