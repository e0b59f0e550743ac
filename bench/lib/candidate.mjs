import { fork } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { Client } from './client.mjs';
import { WORKS } from './works.mjs';

const folder = new URL('../', import.meta.url);

export const candidateNames = readdirSync(new URL('candidates/', folder)).map((file) => file.replace(/\.mjs$/, ''));

/** Those that do a work; null where a package of theirs is not installed. */
export async function worksOf(name) {
  try {
    const { works = Object.keys(WORKS) } = await import(new URL(`candidates/${name}.mjs`, folder));
    return works;
  } catch (error) {
    if (error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND') return null;
    throw error;
  }
}

/** One server that does one work, in a process of its own. */
export class Candidate {
  #child;
  #client;
  #said = '';

  constructor(name, work, { node = process.execPath, databaseUrl, connections = 32 } = {}) {
    this.name = name;
    this.work = WORKS[work];
    this.connections = connections;
    this.#child = fork(new URL('serve.mjs', folder), [name, work], {
      execPath: node,
      env: { ...process.env, NODE_ENV: 'production', BENCH_DATABASE_URL: databaseUrl ?? '' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr.on('data', (text) => (this.#said = `${this.#said}${String(text)}`.slice(-2000)));
  }

  /** @returns microseconds of CPU time until it listened */
  async start() {
    const { port, cpu } = await this.#told();
    this.port = port;
    await this.#check();
    this.#client = new Client(this.work);
    this.#client.open(port, this.connections);
    return cpu;
  }

  #told() {
    return new Promise((resolve, reject) => {
      const end = (code) => reject(new Error(`${this.name} ended with ${String(code)}. ${this.#said}`));
      this.#child.once('exit', end);
      this.#child.once('message', (message) => {
        this.#child.removeListener('exit', end);
        resolve(message);
      });
    });
  }

  /** Whoever answers something else is not measured. */
  async #check() {
    const { method, path, headers: [first] = [{}], body, status, answer } = this.work;
    const headers = {
      accept: 'application/json',
      ...first,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    const response = await fetch(`http://127.0.0.1:${String(this.port)}${path}`, {
      method,
      headers,
      body: JSON.stringify(body),
    });
    const data = await response.json();
    const good = response.status === status && (answer === undefined || isDeepStrictEqual(data, answer));
    if (!good || (status === 401 && !response.headers.has('www-authenticate'))) {
      throw new Error(`${this.name} answered ${String(response.status)} ${JSON.stringify(data)}`);
    }
  }

  /** What the process has used so far: `cpu` in microseconds, `resident` in bytes. */
  async used() {
    const told = this.#told();
    this.#child.send('used');
    return told;
  }

  load(requests) {
    return this.#client.send(requests);
  }

  /** Microseconds of the server's CPU time for one request. */
  async measure(requests) {
    const before = await this.used();
    await this.load(requests);
    return ((await this.used()).cpu - before.cpu) / requests;
  }

  stop() {
    this.#client?.close();
    this.#child.removeAllListeners('exit');
    this.#child.kill();
  }
}
