import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of the repository, with a slash at its end. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** The script behind a command of a development dependency, such as `tsc` of `typescript`. */
function script(packageName, command) {
  const folder = `node_modules/${packageName}/`;
  const { bin } = JSON.parse(readFileSync(`${root}${folder}package.json`, 'utf8'));
  return folder + (typeof bin === 'string' ? bin : bin[command]);
}

/**
 * Runs a script with this Node, its output passed through.
 *
 * @param {string} path from the folder of the repository
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env] added to the environment
 * @returns {Promise<number>} the exit status; 1 when a signal ended it
 */
export function runScript(path, args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path, ...args], {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: 'inherit',
    });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/**
 * Runs a command of a development dependency, as `runScript` does.
 *
 * @param {readonly [packageName: string, command: string]} tool
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<number>}
 */
export function runTool([packageName, command], args, env) {
  return runScript(script(packageName, command), args, env);
}
