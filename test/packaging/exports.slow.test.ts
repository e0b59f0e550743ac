import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PackedPackage, readManifest, root, runNode, toolScript } from './packed-package';

/** Each subpath, and the packages that an app must have for it beside `sallyport` and its dependencies. */
const peersOf: Readonly<Record<string, readonly string[]>> = {
  '.': [],
  './api-key': [],
  './express': [],
  './fetch': [],
  './jwt': [],
  './jwt-legacy': [],
  './knox': [],
  './mikro-orm': ['@mikro-orm/core'],
  './redis': [],
  './routing-controllers': ['routing-controllers', 'class-transformer', 'class-validator'],
  './testing': [],
};
const subpaths = Object.keys(peersOf);

// Compilers and child processes: quick on a machine of their own, slow on a busy one.
jest.setTimeout(60_000);

let packed: PackedPackage;
beforeAll(() => {
  packed = new PackedPackage();
});
afterAll(() => packed.remove());

function specifierOf(subpath: string): string {
  return subpath.replace('.', 'sallyport');
}

function projectFor(subpath: string, use: string): string {
  const name = `${use}-${specifierOf(subpath).replace('/', '-')}`;
  return packed.createProject(name, { packages: peersOf[subpath] ?? [] });
}

/** Prints what a program has learnt, behind a mark that no log line begins with. */
function learn<T>(folder: string, args: readonly string[]): T {
  const { status, output } = runNode(folder, args);
  const answer = /^answer: (.*)$/m.exec(output)?.[1];
  if (status !== 0 || answer === undefined) throw new Error(output);
  return JSON.parse(answer) as T;
}

/** The names of the packages with their dependencies, and the dependencies of these. */
function withDependencies(names: readonly string[]): Set<string> {
  const found = new Set<string>();
  const follow = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    Object.keys(readManifest(join(root, 'node_modules', name)).dependencies ?? {}).forEach(follow);
  };
  names.forEach(follow);
  return found;
}

function packageOf(file: string): string | undefined {
  return /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file)?.[1]?.replace('\\', '/');
}

describe('the packed package', () => {
  it('offers the subpaths that are tested here', () => {
    expect(Object.keys(readManifest(root).exports)).toEqual([...subpaths, './package.json']);
  });

  it.each(subpaths)('%s is loaded by require, with no package but its own peers', (subpath) => {
    const { names, files } = learn<{ names: string[]; files: string[] }>(projectFor(subpath, 'require'), [
      '-e',
      `const names = Object.keys(require('${specifierOf(subpath)}'));
       console.log('answer: ' + JSON.stringify({ names, files: Object.keys(require.cache) }));`,
    ]);
    expect(names).not.toEqual([]);
    const { dependencies = {} } = readManifest(root);
    const may = withDependencies([...Object.keys(dependencies), ...(peersOf[subpath] ?? [])]).add('sallyport');
    const loaded = new Set(files.map(packageOf));
    expect([...loaded].filter((name) => name === undefined || !may.has(name))).toEqual([]);
  });

  it.each(subpaths)('%s gives ESM each name, and the same objects as require', (subpath) => {
    const specifier = specifierOf(subpath);
    const project = projectFor(subpath, 'import');
    const names = learn<string[]>(project, [
      '-e',
      `console.log('answer: ' + JSON.stringify(Object.keys(require('${specifier}'))));`,
    ]);
    const different = learn<string[]>(project, [
      '--input-type=module',
      '-e',
      `import { createRequire } from 'node:module';
       import { ${names.join(', ')} } from '${specifier}';
       const imported = { ${names.join(', ')} };
       const required = createRequire(process.cwd() + '/')('${specifier}');
       const different = Object.keys(imported).filter((name) => imported[name] !== required[name]);
       console.log('answer: ' + JSON.stringify(different));`,
    ]);
    expect(different).toEqual([]);
  });

  it.each(subpaths)('%s has types that need no package but its own peers', (subpath) => {
    const project = packed.createProject(`types-${specifierOf(subpath).replace('/', '-')}`, {
      packages: ['@types/node', ...(peersOf[subpath] ?? [])],
    });
    const text = `import * as all from '${specifierOf(subpath)}';\nexport const names: object = all;\n`;
    writeFileSync(join(project, 'from-commonjs.cts'), text);
    writeFileSync(join(project, 'from-esm.mts'), text);
    // The types of a peer are its own business; those of this package are checked in full where there is none.
    const thorough = (peersOf[subpath] ?? []).length === 0 ? [] : ['--skipLibCheck'];
    const options = [
      '--noEmit',
      '--strict',
      '--target',
      'es2022',
      '--module',
      'node16',
      '--types',
      'node',
      ...thorough,
    ];
    const files = ['from-commonjs.cts', 'from-esm.mts'];
    const { output } = runNode(project, [toolScript('typescript', 'tsc'), ...options, ...files]);
    expect(output).toBe('');
  });

  it('brings the list of common passwords, and its licence', () => {
    const project = projectFor('.', 'passwords');
    const texts = learn<string[]>(project, [
      '-e',
      `require('sallyport').validatePassword('password').catch(({ detail }) => {
         console.log('answer: ' + JSON.stringify(detail));
       });`,
    ]);
    expect(texts).toEqual(['This password is too common.']);
    const licence = join(project, 'node_modules/sallyport/dist/core/passwords/common-passwords.LICENSE');
    expect(readFileSync(licence, 'utf8')).toContain('Copyright (c) Django Software Foundation');
  });

  it('passes publint', () => {
    const { status, output } = runNode(root, [toolScript('publint', 'publint'), 'run', '--strict', packed.tarball]);
    expect({ status, output }).toMatchObject({ status: 0 });
  });

  it('passes attw for Node 16 and later', () => {
    const options = ['--profile', 'node16', '--no-definitely-typed', '--format', 'ascii', '--no-color', '--no-emoji'];
    const { status, output } = runNode(root, [toolScript('@arethetypeswrong/cli', 'attw'), packed.tarball, ...options]);
    expect({ status, output }).toMatchObject({ status: 0 });
  });
});
