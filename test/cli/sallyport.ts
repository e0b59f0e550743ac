import { execFileSync, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '../..');
export const fixtures = join(__dirname, 'fixtures');
export const command = join(root, 'dist/cli/main.js');

/** Sees to it that the command is built from the sources as they are. */
export function build(): void {
  execFileSync(process.execPath, ['scripts/build.mjs', '--if-stale'], { cwd: root, stdio: 'pipe' });
}

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  /** Variables beside the few that a program can't do without. */
  readonly env?: Readonly<Record<string, string>>;
  /** @default a folder without a configuration */
  readonly cwd?: string;
  /** Arguments of Node itself. */
  readonly node?: readonly string[];
}

/** The environment of a program: nothing of the test run's but the path, and what is given. */
export function environment(env: Surroundings['env'] = {}): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], ...env };
}

/** Runs the command; its input is no terminal. */
export function sallyport(
  args: readonly string[],
  { env, cwd = tmpdir(), node = [] }: Surroundings = {},
): Promise<Outcome> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [...node, command, ...args], {
      cwd,
      env: environment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
    child.once('error', fail);
    child.once('close', (status) => done({ status, ...output }));
  });
}
