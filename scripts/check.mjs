// npm run check: types, lint, format and the layer table. Runs all of them, then says which failed.
import { ensureDist } from './dist.mjs';
import { runTool } from './run.mjs';

const tsc = (project) => runTool(['typescript', 'tsc'], ['--noEmit', '-p', project]);

const checks = [
  // The example imports the package by its name, so it is checked against dist/.
  ['build', async () => ((await ensureDist()) ? 0 : 1)],
  ['types of src and test', () => tsc('tsconfig.json')],
  ['types of the example', () => tsc('example-project/tsconfig.json')],
  ['types with standard decorators', () => tsc('test/types/tc39/tsconfig.json')],
  ['lint', () => runTool(['eslint', 'eslint'], ['.', '--max-warnings', '0'])],
  ['format', () => runTool(['prettier', 'prettier'], ['--check', '--log-level', 'warn', '.'])],
  ['layer table', () => runTool(['jest', 'jest'], ['test/architecture'])],
];

const results = [];
for (const [name, check] of checks) {
  console.log(`\n── ${name}`);
  const start = performance.now();
  const status = await check();
  results.push({ name, ok: status === 0, seconds: (performance.now() - start) / 1000 });
}

console.log('\n── summary');
for (const { name, ok, seconds } of results) {
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} (${seconds.toFixed(1)} s)`);
}
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
