// npm run --silent ecosystem:serve: the app of test/conformance/ecosystem/app on $PORT, with the profiles of
// $ECOSYSTEM_PROFILES (files, with colons between them) and the data of $ECOSYSTEM_FIXTURES.
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
  require(`${root}test/conformance/ecosystem/app/main.ts`);
} else {
  console.error('The library does not compile, so there is nothing to serve.');
  process.exitCode = 1;
}
