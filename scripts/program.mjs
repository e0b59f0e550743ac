import { createRequire } from 'node:module';
import { transformFileSync } from '@swc/core';
import { ensureDist } from './dist.mjs';
import { root } from './run.mjs';

const options = {
  jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
  module: { type: 'commonjs' },
  sourceMaps: 'inline',
};

/**
 * Runs a TypeScript program of the tests in this process. It imports the package by its name, as any app does, so it
 * gets `dist/`, which is built where it is out of date; only its own files are TypeScript.
 *
 * @param {string} path from the folder of the repository
 */
export async function runProgram(path) {
  if (!(await ensureDist())) {
    console.error('The library does not compile, so there is nothing to run.');
    process.exitCode = 1;
    return;
  }
  const require = createRequire(import.meta.url);
  require.extensions['.ts'] = (module, file) => {
    module._compile(transformFileSync(file, options).code, file);
  };
  require(root + path);
}
