// npm run parity: runs all tests and writes docs/parity.md from their results; fails if a row is not proven.
// With a file of results-reporter.cjs it runs no tests. With --check it writes nothing, and a page that is not up to date fails.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { faultOf, parityPage, readRows } from './parity-rows.cjs';
import { root, runScript } from './run.mjs';

const PAGE = `${root}docs/parity.md`;

const readJson = (path) => JSON.parse(readFileSync(`${root}test/parity/${path}`, 'utf8'));

function readResults(file) {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line));
}

/** All rows with the results of their tests; what is wrong with them is printed. */
function judge(results) {
  const lists = {
    sections: readJson('rows.json'),
    notFollowed: readJson('not-followed.json'),
    notYet: readJson('not-yet.json'),
  };
  const { rows, unknown } = readRows(lists, results);
  const faults = rows.flatMap((row) => {
    const fault = faultOf(row);
    return fault === undefined ? [] : [`${row.id} (${row.kind}, ${row.text}): ${fault}`];
  });
  faults.push(...unknown.map(({ id, where }) => `${id}: there is no such row, but it is named in ${where}`));
  for (const fault of faults) console.error(fault);
  return { rows, faults };
}

async function runAllTests() {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-parity-'));
  const results = join(folder, 'results');
  try {
    const env = { SALLYPORT_RESULTS: results };
    await runScript('scripts/test.mjs', [], env);
    await runScript('scripts/test.mjs', ['--slow'], env);
    return readResults(results);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const checkOnly = process.argv.includes('--check');
const file = process.argv.slice(2).find((arg) => !arg.startsWith('--'));
const { rows, faults } = judge(file === undefined ? await runAllTests() : readResults(file));
const page = parityPage(rows);

if (!checkOnly) {
  writeFileSync(PAGE, page);
} else if (!existsSync(PAGE) || readFileSync(PAGE, 'utf8') !== page) {
  faults.push('docs/parity.md');
  console.error('docs/parity.md does not show these results: npm run parity');
}
console.log(`${rows.length} rows, ${faults.length} at fault`);
process.exitCode = faults.length === 0 ? 0 : 1;
