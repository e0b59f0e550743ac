/**
 * CPU time per request of each candidate, as a ratio to bare `node:http` in the same run: wall clocks are noise on a
 * busy machine, CPU time much less so.
 *
 *   npm run bench -- [--work W0,W1,W3] [--peers sallyport,express,…] [--rounds 7] [--requests 8000] [--json FILE]
 */
import { fork, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { Agent, request as send } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { WORKS } from './works.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const { values: options } = parseArgs({
  options: {
    work: { type: 'string', default: Object.keys(WORKS).join(',') },
    peers: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    requests: { type: 'string', default: '8000' },
    json: { type: 'string' },
  },
});

function prepare() {
  if (!existsSync(join(here, 'node_modules'))) {
    const { status } = spawnSync('npm', ['ci', '--ignore-scripts'], { cwd: here, stdio: 'inherit' });
    if (status !== 0) process.exit(1);
  }
  const { status } = spawnSync(process.execPath, [join(here, '../scripts/build.mjs'), '--if-stale'], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(1);
}

class Candidate {
  constructor(name) {
    this.name = name;
    this.ratios = [];
    this.micros = [];
    this.agent = new Agent({ keepAlive: true, maxSockets: 16 });
  }

  async start() {
    this.child = fork(join(here, 'serve.mjs'), [this.name], { env: { ...process.env, NODE_ENV: 'production' } });
    this.child.once('exit', (code) => {
      throw new Error(`${this.name} ended with ${String(code)}`);
    });
    ({ port: this.port } = await this.#told());
  }

  #told() {
    return new Promise((resolve) => this.child.once('message', resolve));
  }

  async cpu() {
    const told = this.#told();
    this.child.send('cpu');
    return (await told).cpu;
  }

  /** Microseconds of the server's CPU time for one request. */
  async measure(work, requests) {
    const before = await this.cpu();
    await this.load(work, requests);
    return ((await this.cpu()) - before) / requests;
  }

  async load(work, requests) {
    let left = requests;
    const client = async () => {
      while (left-- > 0) await this.ask(work);
    };
    await Promise.all(Array.from({ length: 16 }, client));
  }

  ask({ path, headers, status }) {
    return new Promise((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port: this.port,
        agent: this.agent,
        path,
        headers: { accept: 'application/json', ...headers() },
      };
      send(options, (response) => {
        if (response.statusCode !== status) reject(new Error(`${this.name} answered ${response.statusCode}`));
        response.resume().on('end', resolve);
      })
        .on('error', reject)
        .end();
    });
  }

  stop() {
    this.agent.destroy();
    this.child.removeAllListeners('exit');
    this.child.kill();
  }
}

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

function summary(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: at(sorted, 0.5), low: at(sorted, 0.25), high: at(sorted, 0.75) };
}

/** Each peer is measured between two measurements of bare, so that both meet the same neighbours. */
async function compare(name, work) {
  const bare = new Candidate('bare');
  const peer = new Candidate(name);
  await Promise.all([bare.start(), peer.start()]);
  const requests = Number(options.requests);
  try {
    await bare.load(work, requests);
    await peer.load(work, requests);
    for (let round = 0; round < Number(options.rounds); round++) {
      const before = await bare.measure(work, requests);
      const own = await peer.measure(work, requests);
      const after = await bare.measure(work, requests);
      peer.micros.push(own);
      peer.ratios.push(own / ((before + after) / 2));
    }
  } finally {
    bare.stop();
    peer.stop();
  }
  return { peer: name, ratio: summary(peer.ratios), micros: summary(peer.micros) };
}

prepare();
const names =
  options.peers?.split(',') ?? readdirSync(join(here, 'candidates')).map((file) => file.replace(/\.mjs$/, ''));
const report = {};
for (const key of options.work.split(',')) {
  console.log(
    `\n${key}: ${WORKS[key].title}\n\n| peer | CPU / bare | quartiles | µs per request |\n| --- | ---: | ---: | ---: |`,
  );
  report[key] = [];
  for (const name of names.filter((candidate) => candidate !== 'bare')) {
    const result = await compare(name, WORKS[key]);
    report[key].push(result);
    const { median, low, high } = result.ratio;
    console.log(
      `| ${name} | ${median.toFixed(2)} | ${low.toFixed(2)}–${high.toFixed(2)} | ${result.micros.median.toFixed(0)} |`,
    );
  }
}
if (options.json !== undefined)
  writeFileSync(options.json, JSON.stringify({ node: process.version, works: report }, null, 2));
