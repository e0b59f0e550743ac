import js from '@eslint/js';
import tseslint from 'typescript-eslint';

// What is forbidden: a node of the syntax tree, and the cure.
const noDefaultExport = {
  selector: 'ExportDefaultDeclaration, ExportSpecifier[exported.name="default"]',
  message: 'Named exports only: a name is the same everywhere and can be searched for.',
};
const noHiddenClock = {
  selector:
    'CallExpression[callee.object.name="Date"][callee.property.name="now"], NewExpression[callee.name="Date"][arguments.length=0], CallExpression[callee.object.name="performance"][callee.property.name="now"]',
  message: 'Ask the clock of the settings.',
};
const noHiddenRandomness = {
  selector: 'CallExpression[callee.object.name="Math"][callee.property.name="random"]',
  message: 'Ask the random source of the settings.',
};
const noModuleLevelLet = {
  selector:
    'Program > VariableDeclaration[kind="let"], Program > ExportNamedDeclaration > VariableDeclaration[kind="let"]',
  message: 'No mutable state in modules: put it on an object that a setting or an instance holds.',
};

export default tseslint.config(
  {
    ignores: [
      '**/node_modules/',
      'dist/',
      'coverage/',
      'test/conformance/kit/',
      'test/interop/kit/',
      'test/vectors/',
      '**/.data/',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    rules: {
      eqeqeq: 'error',
      'no-restricted-syntax': ['error', noDefaultExport],
    },
  },

  // Everything in TypeScript is linted with its types.
  {
    files: ['**/*.ts', '**/*.cts', '**/*.mts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // A promise where a boolean is expected is always true: in a permission that means open to all.
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/strict-boolean-expressions': ['error', { allowNumber: false, allowString: false }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      // A static method that is a view is handed over as a value: handler(Views.ping).
      '@typescript-eslint/unbound-method': ['error', { ignoreStatic: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // Overridable methods are asynchronous by their contract, whatever a body happens to do.
      '@typescript-eslint/require-await': 'off',
    },
  },

  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', noDefaultExport, noHiddenClock, noHiddenRandomness, noModuleLevelLet],
      'no-console': 'error',
      'max-lines': ['error', { max: 350 }],
      'max-lines-per-function': ['error', { max: 40, skipComments: true, skipBlankLines: true, IIFEs: true }],
      'max-params': ['error', { max: 3 }],
      complexity: ['error', { max: 10 }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
    },
  },
  // The default clock and the default random source are the places that ask the system.
  {
    files: ['src/**/*.ts'],
    ignores: ['src/crypto/random.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        ...['node:crypto', 'crypto'].map((name) => ({
          name,
          importNames: ['randomBytes', 'randomFillSync', 'randomInt', 'randomUUID', 'webcrypto'],
          message: noHiddenRandomness.message,
        })),
      ],
    },
  },
  {
    files: ['src/core/clock.ts'],
    rules: { 'no-restricted-syntax': ['error', noDefaultExport, noHiddenRandomness, noModuleLevelLet] },
  },
  { files: ['src/cli/**/*.ts'], rules: { 'no-console': 'off' } },

  // Tests look into answers whose types they don't know, and hand over methods to compare them.
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  // Their readers ask for a default export.
  {
    files: ['jest.config.ts', 'eslint.config.mjs', 'test/support/global-*.ts', 'test/**/fixtures/**'],
    rules: { 'no-restricted-syntax': 'off' },
  },

  // Scripts in plain JavaScript know the globals of the Node that runs this file.
  {
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: Object.fromEntries(Object.getOwnPropertyNames(globalThis).map((name) => [name, 'readonly'])),
    },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: { sourceType: 'commonjs', globals: { __dirname: 'readonly', __filename: 'readonly' } },
  },
);
