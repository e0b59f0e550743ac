import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createDatabase } from '../support/database';
import { eventually, Start, type StartOptions } from './start';

// The first start compiles the library where it has changed.
jest.setTimeout(90_000);

const itWithCurl = spawnSync('curl', ['--version']).status === 0 ? it : it.skip;

let data: string;
let starts: Start[];
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'sallyport-example-'));
  chmodSync(data, 0o755); // where root runs the tests, PostgreSQL is somebody else
  starts = [];
});
afterEach(async () => {
  for (const start of starts) start.killAll();
  await eventually(() => starts.every((start) => start.processes().length === 0));
  rmSync(data, { recursive: true, force: true });
});

function npmStart(options?: StartOptions): Start {
  const start = new Start(data, options);
  starts.push(start);
  return start;
}

/** A line of the tour with what is printed above it. */
interface Stop {
  readonly title: string;
  readonly status: number;
  readonly command: string;
}

function stopsOf(output: string): Stop[] {
  const matches = output.matchAll(/^# (.* → (\d{3}).*)\n(.+)$/gm);
  return [...matches].map(([, title = '', status, command = '']) => ({ title, status: Number(status), command }));
}

/** What a shell prints for a pasted line. */
async function paste(command: string): Promise<string> {
  const { stdout } = await promisify(execFile)('sh', ['-c', command]);
  return stdout.replaceAll('\r', '');
}

/** The text that an answer must hold by its title: a body, or the line of a header. */
function promiseOf(title: string): RegExp | null {
  const [, body] = /→ \d+ (\{.*\})$/.exec(title) ?? [];
  const [, header] = /→ \d+, ([A-Z][\w-]+: .*)$/.exec(title) ?? [];
  const text = body ?? header;
  if (text === undefined) return null;
  const pattern = text
    .replace(/[{}[\]().?*+|^$\\]/g, '\\$&')
    .replace('…', '\\S+')
    .replace('60 or less', '[1-6]?\\d');
  return new RegExp(`^${pattern}$`, 'm');
}

/** Who may log in, and with which token. */
function accountsOf(output: string): string[] {
  return output.match(/^ {2}\w+ +\w+-demo +[0-9a-f]{40}$/gm) ?? [];
}

/** Asks for the notes of the first account, or writes one more. */
async function notes(start: Start, written?: object): Promise<unknown> {
  const token = accountsOf(start.output)[0]?.split(/ +/).at(-1) ?? '';
  const headers = { authorization: `Token ${token}`, 'content-type': 'application/json' };
  const init = written === undefined ? { headers } : { headers, method: 'POST', body: JSON.stringify(written) };
  return (await fetch(`${await start.url()}/notes`, init)).json();
}

describe('npm start', () => {
  itWithCurl('prints lines that work when pasted, with their answers (skipped where there is no curl)', async () => {
    const start = npmStart();
    await start.url();
    const stops = stopsOf(start.output);
    expect(stops.map(({ status }) => status)).toEqual([
      200, 401, 401, 200, 200, 201, 400, 200, 404, 200, 403, 200, 403, 403, 200, 405, 200, 403, 200, 429,
    ]);
    for (const { title, status, command } of stops) {
      const answer = await paste(command);
      const [, last] = [...answer.matchAll(/^HTTP\/1\.1 (\d+)/gm)].at(-1) ?? [];
      expect({ title, status: Number(last) }).toEqual({ title, status });
      expect(answer).toMatch(promiseOf(title) ?? '');
    }
  });

  it('leaves no process after Ctrl-C, and goes on with its data at the next start, be it on another host', async () => {
    const first = npmStart();
    const url = await first.url();
    const note = await notes(first, { title: 'Kept', text: 'It was here before.' });
    expect(first.processes()).toContainEqual(expect.stringMatching(/\/postgres -D /));
    first.pressCtrlC();
    await first.end();
    await eventually(() => first.processes().length === 0, 5);
    await expect(fetch(url)).rejects.toThrow('fetch failed');

    const second = npmStart({ args: ['--host', 'node'] });
    await second.url();
    expect(accountsOf(second.output)).toHaveLength(4);
    expect(accountsOf(second.output)).toEqual(accountsOf(first.output));
    expect(await notes(second)).toContainEqual(note);
  });

  it('leaves no process after a SIGTERM that reaches npm alone', async () => {
    const start = npmStart();
    await start.url();
    start.kill('SIGTERM');
    await start.end();
    await eventually(() => start.processes().length === 0, 5);
  });

  it('takes a database of your own, and starts none then', async () => {
    const database = await createDatabase();
    try {
      const start = npmStart({ env: { DATABASE_URL: database.url } });
      await start.url();
      expect(accountsOf(start.output)).toHaveLength(4);
      expect(start.output).not.toContain('PostgreSQL');
      start.pressCtrlC();
      await start.end();
    } finally {
      await database.drop();
    }
  });

  it('says which port is taken, and how to choose another', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      const start = npmStart({ env: { PORT: String(port) } });
      expect(await start.end()).toBe(1);
      expect(start.output).toContain(
        `Port ${String(port)} can't be used (EADDRINUSE). Choose another: PORT=8001 npm start`,
      );
    } finally {
      server.close();
    }
  });

  it.each<[what: string, options: StartOptions, message: string]>([
    ['a host', { args: ['--host', 'deno'] }, "There is no host 'deno'.\nUsage: npm start -- [--host express|node]"],
    ['an option', { args: ['--nope'] }, "Unknown option '--nope'"],
    ['a port', { env: { PORT: '80000' } }, 'PORT=80000 is no port.'],
  ])('refuses %s that there is not, and says what there is', async (_what, options, message) => {
    const start = npmStart(options);
    expect(await start.end()).toBe(1);
    expect(start.output).toContain(message);
  });
});
