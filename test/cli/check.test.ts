import { beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { build, fixtures, sallyport } from './sallyport';

beforeAll(build, 60_000);

const cwd = join(fixtures, 'app');
const sound = join(fixtures, 'sound');

describe('sallyport check', () => {
  it('tells what it has found as Django does, and fails at errors alone', async () => {
    const { status, stdout, stderr } = await sallyport(['check'], { cwd });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^System check identified some issues:\n\nWARNINGS:\n/);
    expect(stdout).toContain(
      'Open at /open: (sallyport.W001) Everybody gets in, for neither the view nor the settings declare permissions.\n' +
        '\tHINT: Set defaultPermissionClasses: [IsAuthenticated] for all views.',
    );
    expect(stdout).toMatch(/\n\nSystem check identified 4 issues \(0 silenced\)\.\n$/);
  });

  it('looks for what matters in production alone on demand, and fails at what it is told to', async () => {
    const strict = await sallyport(['check', '--deploy', '--fail-level', 'warning', '--json'], { cwd });
    expect(strict).toMatchObject({ status: 1, stderr: '' });
    const { findings, silenced } = JSON.parse(strict.stdout) as {
      findings: { id: string; where: string }[];
      silenced: number;
    };
    expect(silenced).toBe(0);
    expect(findings).toContainEqual({
      id: 'sallyport.W011',
      level: 'warning',
      deploy: true,
      where: 'the setting session.cookieSecure',
      message: expect.any(String),
      hint: 'Set session({ cookieSecure: true }).',
    });
    const places = findings.map(({ id, where }) => `${id} ${where}`);
    expect(places).toEqual(
      expect.arrayContaining([
        'sallyport.W001 Open at /open', // open by accident
        'sallyport.W003 Staff at /staff', // the first authenticator has no challenge
        'sallyport.W010 the setting secretKey', // a weak one
        'sallyport.W011 the setting session.cookieSecure', // cookies without Secure
        'sallyport.W012 the setting csrf.cookieSecure',
        'sallyport.W014 the setting secureProxySslHeader', // Basic without TLS
      ]),
    );
    // Settings of no view: those that the configuration exports.
    expect(findings.map(({ id }) => id)).toContain('sallyport.W015');
    expect(strict.stdout).not.toContain('"secret"');
  });

  it('fails at errors', async () => {
    const { status, stdout } = await sallyport(['check'], { cwd: join(fixtures, 'incomplete') });
    expect(status).toBe(1);
    expect(stdout).toContain('\n\nERRORS:\nthe setting defaultAuthenticationClasses: (sallyport.E001) ');
    expect(stdout).toMatch(/\n\nWARNINGS:\n[^]*\n\nSystem check identified 2 issues \(0 silenced\)\.\n$/);
  });

  it('finds the routes among the settings, and says nothing of what is silenced', async () => {
    expect(await sallyport(['check', '--deploy', '--fail-level', 'warning'], { cwd: sound })).toEqual({
      status: 0,
      stdout: 'System check identified no issues (1 silenced).\n',
      stderr: '',
    });
  });

  it.each(['check', 'routes', 'explain GET /'])('says how to name the routes: %s', async (line) => {
    const nowhere = await sallyport(line.split(' '));
    expect(nowhere).toEqual({
      status: 1,
      stdout: '',
      stderr:
        'CommandError: No routes are named. Export the URL list of your app as `urls` from sallyport.config.js: what `handle` is given.\n',
    });
    const { status, stderr } = await sallyport(line.split(' '), { cwd: join(fixtures, 'commonjs') });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^CommandError: .*sallyport\.config\.cjs exports no `urls`: the list of routes that `handle` is given, or a function that gives it\.\n$/,
    );
  });

  it('says what it needs to look into the database', async () => {
    expect(await sallyport(['check', '--database'], { cwd: join(fixtures, 'incomplete') })).toEqual({
      status: 1,
      stdout: '',
      stderr:
        'CommandError: --database compares the rows with the settings of the app. Export them as `settings` from sallyport.config.js.\n',
    });
  });

  it('knows two levels', async () => {
    const { status, stderr } = await sallyport(['check', '--fail-level', 'hint'], { cwd });
    expect(status).toBe(2);
    expect(stderr).toContain('Allowed choices are warning, error.');
  });
});
