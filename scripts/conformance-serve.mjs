// npm run --silent conformance:serve: the conforming app of test/conformance/app on $PORT, with the views of
// $CONFORMANCE_VIEWS and the fixtures of $CONFORMANCE_FIXTURES.
import { createRequire } from 'node:module';
import { transformFileSync } from '@swc/core';
import { ensureDist } from './dist.mjs';
import { root } from './run.mjs';

const options = {
  jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
  module: { type: 'commonjs' },
  sourceMaps: 'inline',
};

if (await ensureDist()) {
  const require = createRequire(import.meta.url);
  // The app imports the package by its name, as any app does, so it gets dist/; only its own files are TypeScript.
  require.extensions['.ts'] = (module, file) => {
    module._compile(transformFileSync(file, options).code, file);
  };
  require(`${root}test/conformance/app/main.ts`);
} else {
  console.error('The library does not compile, so there is nothing to serve.');
  process.exitCode = 1;
}
