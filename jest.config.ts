import type { Config } from 'jest';

const swc: [string, Record<string, unknown>] = [
  '@swc/jest',
  {
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true },
    },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  },
];

/** Tests that take more than ten seconds are named `*.slow.test.ts` and run by `npm run test:slow`. */
const slow = process.env['SALLYPORT_SLOW'] === '1';

const config: Config = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: slow ? ['**/*.slow.test.ts'] : ['**/*.test.ts', '!**/*.slow.test.ts'],
  transform: { '^.+\\.(ts|js)$': swc },
  moduleNameMapper: {
    '^sallyport$': '<rootDir>/src/index.ts',
    '^sallyport/(api-key|jwt|jwt-legacy|knox)$': '<rootDir>/src/auth/$1/index.ts',
    '^sallyport/(.+)$': '<rootDir>/src/$1/index.ts',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  reporters: ['default', '<rootDir>/scripts/tally-reporter.cjs', '<rootDir>/scripts/results-reporter.cjs'],
  testTimeout: slow ? 300_000 : 20_000,
};

export default config;
