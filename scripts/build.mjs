// npm run build: compiles src/ to dist/ and checks the package that would be published.
// With --if-stale it only sees to it that dist/ is there and up to date.
import { buildDist, ensureDist } from './dist.mjs';
import { runTool } from './run.mjs';

async function packageIsSound() {
  console.log('\nChecking the package with publint and attw …');
  const publint = await runTool(['publint', 'publint'], ['run', '--strict', '--pack', 'npm']);
  // Node 16 and later; without @types from the registry: the types are our own.
  const attw = await runTool(
    ['@arethetypeswrong/cli', 'attw'],
    ['--pack', '.', '--profile', 'node16', '--no-definitely-typed', '--no-emoji'],
  );
  return publint === 0 && attw === 0;
}

const built = process.argv.includes('--if-stale')
  ? await ensureDist()
  : (await buildDist()) && (await packageIsSound());
if (!built) {
  console.error('The build failed.');
  process.exitCode = 1;
}
