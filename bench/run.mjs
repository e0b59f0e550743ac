/**
 * What Sallyport costs beside its neighbours: CPU time per request as a ratio to bare `node:http` in the same run, and
 * more with the options.
 *
 *   npm run bench                                   works W0, W1 and W3 of Sallyport and Express, about a minute
 *   npm run bench -- --work W2,W5 --peers sallyport,fastify
 *   npm run bench -- --all                          all works, candidates and figures; writes bench/results/
 *   npm run bench -- --gate                         fails where a limit of lib/gate.mjs is exceeded
 *   … --rounds 7 --requests 4000 --node /path/to/another/node
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { candidateNames, worksOf } from './lib/candidate.mjs';
import { exceeded } from './lib/gate.mjs';
import { compareGroup, memoryAfter, startUp } from './lib/measure.mjs';
import { overview, plot, table, workTable } from './lib/report.mjs';
import { WORKS } from './lib/works.mjs';

const GROUP = 3;
const QUICK = ['sallyport', 'sallyport-express', 'sallyport-express-server', 'express'];
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { values: given } = parseArgs({
  options: {
    work: { type: 'string' },
    peers: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    requests: { type: 'string', default: '4000' },
    node: { type: 'string', default: process.execPath },
    all: { type: 'boolean', default: false },
    gate: { type: 'boolean', default: false },
  },
});
const load = { rounds: Number(given.rounds), requests: Number(given.requests), node: given.node };

function run(command, args, cwd) {
  const { status } = spawnSync(command, args, { cwd: here(cwd), stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${String(status)}.`);
}

/** The neighbours have packages of their own, which are installed when somebody asks for them. */
async function prepare(names) {
  run(process.execPath, ['scripts/build.mjs', '--if-stale'], '..');
  const missing = async () => {
    const works = await Promise.all(names.map(worksOf));
    return works.includes(null);
  };
  if ((await missing()) && !existsSync(here('node_modules'))) run('npm', ['ci', '--ignore-scripts'], '.');
}

function counts() {
  const args = ['--expose-gc', '--min-semi-space-size=64', here('lib/counts.mjs')];
  return JSON.parse(execFileSync(given.node, args, { encoding: 'utf8' }));
}

async function compare(names, work, options) {
  const able = [];
  for (const name of names) if (name !== 'bare' && (await worksOf(name))?.includes(work)) able.push(name);
  let bare;
  const peers = [];
  for (let i = 0; i < able.length; i += GROUP) {
    const group = await compareGroup(able.slice(i, i + GROUP), work, options);
    bare ??= group.bare;
    peers.push(...group.peers);
  }
  return { bare, peers };
}

async function compareAll(names, works) {
  const postgres = works.some((work) => WORKS[work].database)
    ? await (await import('./lib/database.mjs')).openDatabase()
    : null;
  const results = {};
  try {
    for (const work of works) {
      results[work] = await compare(names, work, { ...load, databaseUrl: postgres?.url });
      console.log(`\n${work}: ${WORKS[work].title}\n\n${workTable(results[work])}`);
    }
  } finally {
    await postgres?.stop();
  }
  console.log(`\n${overview(results)}`);
  return results;
}

/** Packages that an app gets with the root import. */
function packagesOfRoot() {
  const seen = new Set();
  const visit = (name, folder) => {
    if (seen.has(name)) return;
    seen.add(name);
    const { dependencies = {} } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
    for (const one of Object.keys(dependencies)) visit(one, here(`../node_modules/${one}`));
  };
  visit('sallyport', here('..'));
  return seen.size;
}

async function figures(names) {
  const result = { counts: counts(), packages: packagesOfRoot(), memory: {}, startUp: {} };
  for (const name of names) {
    if (!(await worksOf(name))?.includes('W1')) continue;
    result.memory[name] = await memoryAfter(name, 'W1', 100_000, load);
    result.startUp[name] = await startUp(name, 'W1', load.rounds, load);
  }
  const rows = Object.keys(result.memory).map((name) => [
    name,
    result.memory[name].toFixed(0),
    result.startUp[name].toFixed(0),
  ]);
  console.log(`\n${table(['candidate', 'MB after 100,000 W1', 'ms of CPU to listening'], rows)}`);
  const countRows = Object.entries(result.counts).map(([work, { promises, bytes }]) => [work, promises, bytes]);
  console.log(`\n${table(['Sallyport', 'promises', 'bytes of heap per request'], countRows)}`);
  console.log(`\nPackages of the root import: ${String(result.packages)}`);
  return result;
}

function write(report) {
  mkdirSync(here('results'), { recursive: true });
  writeFileSync(here('results/results.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(
    here('results/w1.svg'),
    plot('CPU time per request: token, permission, throttle, answer', report.works.W1),
  );
}

async function gate() {
  const measure = async (work) => (await compareGroup(['sallyport'], work, load)).peers[0].ratio.low;
  const sentences = await exceeded(() => Promise.resolve(counts()), measure);
  for (const sentence of sentences) console.error(sentence);
  console.log(sentences.length === 0 ? 'A request costs no more than it may.' : 'See docs/performance.md.');
  process.exitCode = sentences.length === 0 ? 0 : 1;
}

const names = given.peers?.split(',') ?? (given.all ? candidateNames : QUICK);
const works = given.work?.split(',') ?? (given.all ? Object.keys(WORKS) : ['W0', 'W1', 'W3']);
await prepare(given.gate ? ['sallyport'] : names);
if (given.gate) await gate();
else {
  const node = execFileSync(given.node, ['--version'], { encoding: 'utf8' }).trim();
  const about = { node, cpu: cpus()[0]?.model.trim(), cores: cpus().length };
  const report = { ...about, works: await compareAll(names, works), ...(given.all && (await figures(names))) };
  if (given.all) write(report);
}
