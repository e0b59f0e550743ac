// npm test: runs the quick tests; with --slow the tests named *.slow.test.ts. Other arguments go to jest.
import { ensureDist } from './dist.mjs';
import { runTool } from './run.mjs';

const args = process.argv.slice(2);
const slow = args.includes('--slow');

if (await ensureDist()) {
  const rest = args.filter((arg) => arg !== '--slow');
  process.exitCode = await runTool(['jest', 'jest'], rest, slow ? { SALLYPORT_SLOW: '1' } : {});
} else {
  console.error('The library does not compile, so its tests were not run.');
  process.exitCode = 1;
}
