import { beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PackedPackage } from '../packaging/packed-package';
import { runNode } from '../packaging/packed-package';
import { build, fixtures, sallyport } from './sallyport';

beforeAll(build, 60_000);

describe('the command line', () => {
  it('names its commands, and loads no ORM for that', async () => {
    const { status, stdout, stderr } = await sallyport(['--help'], {
      node: ['--require', join(fixtures, 'print-packages.cjs')],
    });
    expect(status).toBe(0);
    const named = [
      'migrate',
      'createuser',
      'createsuperuser',
      'changepassword',
      'drf-create-token|drf_create_token',
      'createtokens',
      'clearsessions',
      'flushexpiredtokens',
    ];
    for (const name of [...named, 'check', 'routes', 'explain']) {
      expect(stdout).toContain(`\n  ${name} `);
    }
    expect(stderr).toMatch(/^packages:.* commander/m);
    expect(stderr).not.toContain('mikro-orm');
  });

  it.each([
    'migrate',
    'createuser',
    'createsuperuser',
    'changepassword',
    'clearsessions',
    'flushexpiredtokens',
    'check',
    'routes',
    'explain',
  ])('tells the options of %s, those of all commands too', async (name) => {
    const { status, stdout } = await sallyport([name, '--help']);
    expect(status).toBe(0);
    expect(stdout).toContain(`Usage: sallyport ${name}`);
    expect(stdout).toContain('--config <file>');
    expect(stdout).not.toContain('(default: false)');
  });

  it('tells its version', async () => {
    const manifest = readFileSync(join(__dirname, '../../package.json'), 'utf8');
    const { version } = JSON.parse(manifest) as { version: string };
    expect(await sallyport(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each([
    [['nonsense'], "error: unknown command 'nonsense'"],
    [['drf-create-token'], "error: missing required argument 'username'"],
    [['migrate', '--nonsense'], "error: unknown option '--nonsense'"],
    [[], 'Usage: sallyport'],
  ])('exits with 2 when it makes no sense: %p', async (args, message) => {
    const { status, stdout, stderr } = await sallyport(args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
  });

  it('prints no colours', async () => {
    const { stdout, stderr } = await sallyport(['migrate', '--traceback'], { env: { FORCE_COLOR: '1' } });
    expect(stdout + stderr).not.toContain('\u001b');
  });
});

describe('without a database', () => {
  it('says how to name one', async () => {
    const { status, stdout, stderr } = await sallyport(['migrate']);
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^CommandError: No database is named\. Set DATABASE_URL=.* sallyport\.config\.js\.\n$/);
    expect(await sallyport(['migrate'], { env: { DATABASE_URL: '' } })).toMatchObject({ status: 1, stderr });
  });

  it('says that a server cannot be reached, in one line and without the password', async () => {
    const env = { DATABASE_URL: 'postgres://ann:secret@127.0.0.1:1/none' };
    const plain = await sallyport(['migrate'], { env });
    expect(plain).toEqual({ status: 1, stdout: '', stderr: 'CommandError: connect ECONNREFUSED 127.0.0.1:1\n' });
    const thorough = await sallyport(['migrate', '--traceback'], { env });
    expect(thorough.stderr).toContain('    at ');
    expect(thorough.stderr).not.toContain('secret');
  });
});

describe('a configuration', () => {
  const config = (name: string): string => join(fixtures, 'odd', name);

  it.each([
    ['missing.mjs', /^CommandError: There is no file .*missing\.mjs\.\n$/],
    [
      'without-orm.mjs',
      /^CommandError: .*without-orm\.mjs exports no `orm`, and DATABASE_URL names no database\. Set DATABASE_URL=/,
    ],
    ['throws.mjs', /^CommandError: .*throws\.mjs can't be loaded: Error: out of order\n$/],
    ['config.unknown', /^CommandError: This Node can't load .*config\.unknown\. Let --config name the file/],
  ])('that cannot be used is named: %s', async (name, message) => {
    const { status, stdout, stderr } = await sallyport(['migrate', '--config', config(name)]);
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
  });

  it('shows where its error came from on demand', async () => {
    const { stderr } = await sallyport(['--traceback', '--config', config('throws.mjs'), 'migrate']);
    expect(stderr).toMatch(/at .*throws\.mjs:1/);
  });
});

describe('the installed package', () => {
  it('says what to install where MikroORM is missing', () => {
    const packed = new PackedPackage();
    try {
      const project = packed.createProject('without-mikro-orm');
      const main = join(project, 'node_modules/sallyport/dist/cli/main.js');
      expect(existsSync(main)).toBe(true);
      const { status, output } = runNode(project, [main, 'migrate']);
      expect(status).toBe(1);
      expect(output).toContain(
        'CommandError: This needs MikroORM: npm install @mikro-orm/core @mikro-orm/postgresql\n',
      );
    } finally {
      packed.remove();
    }
  }, 60_000);
});
