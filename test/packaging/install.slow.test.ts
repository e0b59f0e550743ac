import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PackedPackage, readManifest, root, runNode } from './packed-package';

describe('npm install of the package into an empty folder', () => {
  let packed: PackedPackage;
  let project: string;

  beforeAll(() => {
    packed = new PackedPackage();
    project = join(dirname(packed.tarball), 'installed');
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'installed', private: true }));
    execFileSync('npm', ['install', '--no-audit', '--no-fund', packed.tarball], { cwd: project, stdio: 'pipe' });
  });
  afterAll(() => packed.remove());

  it('brings its dependencies and nothing else: peers are the choice of the app', () => {
    const lock = readFileSync(join(project, 'node_modules/.package-lock.json'), 'utf8');
    const { packages } = JSON.parse(lock) as { packages: object };
    const { dependencies = {} } = readManifest(root);
    const expected = ['sallyport', ...Object.keys(dependencies)].map((name) => `node_modules/${name}`);
    expect(Object.keys(packages).sort()).toEqual(expected.sort());
  });

  it('can be required and imported', () => {
    expect(runNode(project, ['-e', `require('sallyport').APIView.asView`])).toEqual({ status: 0, output: '' });
    expect(
      runNode(project, ['--input-type=module', '-e', `import { APIView } from 'sallyport'; APIView.asView`]),
    ).toEqual({
      status: 0,
      output: '',
    });
  });

  it('has the command sallyport, which says how it is used', () => {
    const command = join(project, 'node_modules/.bin/sallyport');
    expect(execFileSync(command, ['--help'], { cwd: project, encoding: 'utf8' })).toMatch(/^Usage: sallyport /);
  });
});
