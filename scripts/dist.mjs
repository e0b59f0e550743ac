import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { root, runTool } from './run.mjs';

const cache = `${root}node_modules/.cache/sallyport/`;
const stamp = `${cache}dist.sha256`;
const dist = `${root}dist`;

/** What `dist/` is made from. File times won't do as a sign of change: a clone gives all files the same. */
function fingerprint() {
  const sources = readdirSync(`${root}src`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`)
    .sort();
  const settings = ['tsconfig.base.json', 'tsconfig.build.json', 'node_modules/typescript/package.json'];
  const hash = createHash('sha256');
  for (const file of [...settings.map((name) => root + name), ...sources]) {
    hash
      .update(`${file.slice(root.length)}\0`)
      .update(readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex');
}

/**
 * Compiles `src/` to `dist/`. The result takes its place only when all of it compiled, so that whoever reads `dist/`
 * meanwhile sees one state or the other.
 *
 * @returns {Promise<boolean>} whether it compiled
 */
export async function buildDist() {
  const print = fingerprint();
  const fresh = `${cache}dist-${process.pid}`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  const status = await runTool(['typescript', 'tsc'], ['-p', 'tsconfig.build.json', '--outDir', fresh]);
  if (status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    return false;
  }
  for (const file of dataFiles()) copyFileSync(`${root}src/${file}`, `${fresh}/${file}`);
  const { bin } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  for (const file of Object.values(bin)) chmodSync(file.replace('./dist', fresh), 0o755);
  putInPlace(fresh);
  writeFileSync(stamp, print);
  return true;
}

/** What the code reads from beside itself, and what must stand beside that. */
function dataFiles() {
  const sources = readdirSync(`${root}src`, { recursive: true, withFileTypes: true });
  return sources
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.ts'))
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(`${root}src/`.length));
}

function putInPlace(fresh) {
  rmSync(dist, { recursive: true, force: true });
  try {
    renameSync(fresh, dist);
  } catch (error) {
    // Another process built the same sources and was first.
    if (!['ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error;
    rmSync(fresh, { recursive: true, force: true });
  }
}

/**
 * Compiles `src/` to `dist/` where that is missing or older than its sources.
 *
 * @returns {Promise<boolean>} whether `dist/` is up to date now
 */
export async function ensureDist() {
  if (existsSync(dist) && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint()) return true;
  console.error('Building dist/ …');
  return buildDist();
}
