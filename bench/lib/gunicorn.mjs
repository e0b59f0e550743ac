import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** Debian's packages, as `.ci/debian-packages` names them. */
export const isInstalled = [
  '/usr/bin/gunicorn',
  '/usr/lib/python3/dist-packages/rest_framework',
  '/usr/lib/python3/dist-packages/psycopg2',
].every((path) => existsSync(path));

const WORKERS = ['--worker-class', 'gthread', '--workers', '2', '--threads', '4', '--keep-alive', '600'];
const MICROSECONDS_OF_TICK = 10_000;

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

/** DRF under gunicorn, with as much of a server's looks as `serve.mjs` needs. */
export class Gunicorn {
  #work;
  #port;
  #child;

  constructor(work) {
    this.#work = work;
  }

  address() {
    return { port: this.#port };
  }

  async listen(_port, host, listening) {
    this.#port = await freePort();
    this.#child = spawn('/usr/bin/gunicorn', [...WORKERS, '--bind', `${host}:${String(this.#port)}`, 'app'], {
      cwd: fileURLToPath(new URL('../drf', import.meta.url)),
      env: { ...process.env, BENCH_WORK: this.#work, PYTHONDONTWRITEBYTECODE: '1' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    process.on('exit', () => this.#child.kill('SIGQUIT'));
    process.on('SIGTERM', () => process.exit());
    this.#child.on('exit', () => process.exit(1));
    // It listens before its workers have loaded anything.
    while (!(await this.#answers(host))) await delay(50);
    listening();
  }

  async #answers(host) {
    try {
      return (await fetch(`http://${host}:${String(this.#port)}/hello`)).ok;
    } catch {
      return false;
    }
  }

  /** Of gunicorn's process and its workers. */
  used() {
    const { pid } = this.#child;
    const workers = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8')
      .trim()
      .split(' ');
    const all = [pid, ...workers].map(usedBy);
    const sum = (what) => all.reduce((total, one) => total + one[what], 0);
    return { cpu: sum('cpu'), resident: sum('resident') };
  }
}

/** As proc(5) tells it: the times of all threads in ticks, behind the name, which may contain blanks. */
function usedBy(pid) {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const [, kilobytes] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'));
  return { cpu: (Number(stat[11]) + Number(stat[12])) * MICROSECONDS_OF_TICK, resident: Number(kilobytes) * 1024 };
}
