import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe } from '@jest/globals';
import type { Manifest } from './writer/manifest';

/** The system's own: another one on the `PATH` doesn't know Debian's packages. */
const PYTHON = '/usr/bin/python3';
const PROJECT = join(__dirname, 'django-project');
const NEEDED = 'gunicorn, psycopg2, argon2, bcrypt, rest_framework, rest_framework_simplejwt, rest_framework_api_key';

const installed = spawnSync(PYTHON, ['-c', `import ${NEEDED}`]).status === 0;

/** Tests that need Django itself: left out where it isn't installed, but never by continuous integration. */
export function describeWithDjango(name: string, tests: () => void): void {
  if (installed || process.env['CI'] !== undefined) describe(name, tests);
  else describe.skip(`${name} (skipped: Debian's packages of Django are not installed)`, tests);
}

/** Where a project of Django finds its rows, and what it signs with. */
export interface DjangoProject {
  readonly url: string;
  readonly secretKey: string;
}

function environmentOf({ url, secretKey }: DjangoProject): NodeJS.ProcessEnv {
  return { ...process.env, DATABASE_URL: url, SECRET_KEY: secretKey, PYTHONDONTWRITEBYTECODE: '1' };
}

/** What Django says of a manifest. */
export interface Report {
  /** How many entries of each kind there were. */
  readonly checked: Readonly<Record<string, number>>;
  /** What Django sees otherwise. */
  readonly failures: readonly string[];
}

/** Has Django look for all that a manifest tells of. */
export async function checkManifest(project: DjangoProject, manifest: Manifest): Promise<Report> {
  const python = spawn(PYTHON, ['check_manifest.py'], { cwd: PROJECT, env: environmentOf(project) });
  python.stdin.end(JSON.stringify(manifest));
  const [report, errors] = await Promise.all([text(python.stdout), text(python.stderr), once(python, 'close')]);
  try {
    return JSON.parse(report) as Report;
  } catch (cause) {
    throw new Error(`Django did not answer.\n${errors}`, { cause });
  }
}

/** Django behind a server of its own. */
export interface DjangoServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Ends with the server, and ends the server when the standard input ends: that is also when this process is killed. */
const KEEPER = 'exec 3<&0; "$@" 3<&- & server=$!; { cat <&3 >/dev/null; kill "$server"; } & wait "$server"';

/** Starts the project under gunicorn, with several processes, on a free port of this machine. */
export async function startDjango(project: DjangoProject): Promise<DjangoServer> {
  // Preloaded, so that a project that can't be loaded never listens.
  const command = [PYTHON, '-m', 'gunicorn', '--preload', '--bind', '127.0.0.1:0', '--workers', '2', 'wsgi'];
  const keeper = spawn('sh', ['-c', KEEPER, 'sh', ...command], { cwd: PROJECT, env: environmentOf(project) });
  const ended = once(keeper, 'exit');
  const port = await new Promise<number>((resolve, reject) => {
    let messages = '';
    keeper.stderr.setEncoding('utf8').on('data', (part: string) => {
      messages += part;
      const found = /Listening at: http:\/\/127\.0\.0\.1:(\d+)/.exec(messages)?.[1];
      // Who connects from now on waits until a process is ready.
      if (found !== undefined) resolve(Number(found));
    });
    keeper.once('exit', () => {
      keeper.stdin.destroy();
      reject(new Error(`Django did not start.\n${messages}`));
    });
  });
  return {
    port,
    async stop() {
      keeper.stdin.end();
      await ended;
    },
  };
}
