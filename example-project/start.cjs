'use strict';

/*
 * npm start [-- [--host express|node] [--data FOLDER]]
 *
 * Compiles what is not compiled, starts PostgreSQL unless $DATABASE_URL names one, and keeps the notebook open on $PORT
 * until Ctrl-C. What an application does by itself is in src/main.ts.
 */

const { createServer } = require('node:net');
const path = require('node:path');
const { parseArgs } = require('node:util');

/** Something that the user can put right; told without a stack trace. */
class Complaint extends Error {}

const parent = process.ppid;

async function main() {
  const { host, data } = readArguments();
  const port = readPort();
  await assertFree(port);
  const { ensureDist } = await import('../scripts/dist.mjs');
  if (!(await ensureDist())) throw new Complaint('The library in src/ does not compile, see above.');
  loadTypeScript();

  const postgres = process.env.DATABASE_URL ? undefined : await startPostgres(path.join(data, 'postgres'));
  try {
    if (postgres) process.env.DATABASE_URL = postgres.url;
    const { openNotebook } = require('./src/main.ts');
    const notebook = await openNotebook({ host, port });
    await askedToStop();
    console.log('\nClosing …');
    await notebook.close();
  } finally {
    await postgres?.stop();
  }
}

function readArguments() {
  const options = {
    host: { type: 'string', default: 'express' },
    data: { type: 'string', default: path.join(__dirname, '.data') },
  };
  try {
    const { values } = parseArgs({ options });
    if (['express', 'node'].includes(values.host)) return values;
    throw new Error(`There is no host '${values.host}'.`);
  } catch (error) {
    throw new Complaint(`${error.message}\nUsage: npm start -- [--host express|node] [--data FOLDER]`);
  }
}

function readPort() {
  const port = Number(process.env.PORT || 8000);
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  throw new Complaint(`PORT=${process.env.PORT} is no port. Give a number: PORT=8001 npm start`);
}

/** Asked first, so that nobody waits for a database in vain. */
async function assertFree(port) {
  const probe = createServer();
  try {
    await new Promise((resolve, reject) => probe.once('error', reject).listen(port, '127.0.0.1', resolve));
  } catch (error) {
    throw new Complaint(`Port ${port} can't be used (${error.code}). Choose another: PORT=8001 npm start`);
  }
  await new Promise((resolve) => probe.close(resolve));
}

/** Lets `require` take the example's TypeScript, with its decorators and the types that they ask for. */
function loadTypeScript() {
  const { transformFileSync } = require('@swc/core');
  const options = {
    module: { type: 'commonjs' },
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
    sourceMaps: 'inline',
    swcrc: false,
  };
  process.setSourceMapsEnabled(true);
  require.extensions['.ts'] = (module, file) => module._compile(transformFileSync(file, options).code, file);
}

/** By a signal; or npm was told by one, and passed it on to the shell between us, which went without a word. */
async function askedToStop() {
  await new Promise((resolve) => {
    process.once('SIGINT', resolve).once('SIGTERM', resolve);
    if (process.env.npm_lifecycle_event === 'start') {
      setInterval(() => process.ppid !== parent && resolve(), 250).unref();
    }
  });
}

async function startPostgres(dataDirectory) {
  console.log('Starting PostgreSQL …');
  try {
    return await require('../scripts/postgres.cjs').startPostgres({ dataDirectory });
  } catch (error) {
    throw new Complaint(error.message);
  }
}

main().catch((error) => {
  console.error(error instanceof Complaint ? error.message : error);
  process.exitCode = 1;
});
