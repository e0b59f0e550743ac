import { describe } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { command, environment } from './sallyport';

// The command of util-linux that runs a program on a terminal of its own.
const hasTerminals = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true;

/** A group of tests that need a terminal; skipped, and said so, where none can be made. */
export function describeOnTerminal(name: string, tests: () => void): void {
  if (hasTerminals) describe(name, tests);
  else describe.skip(`${name} (skipped: there is no \`script\` of util-linux here to make terminals)`, tests);
}

/** One step at the terminal: what must have been asked, and what is typed then. */
export type Step = readonly [question: string, typed: string];

export interface Conversation {
  readonly status: number | null;
  /** What stood on the terminal, with the echo of what was typed. */
  readonly shown: string;
}

/** Runs the command on a terminal. */
export function onTerminal(
  args: readonly string[],
  steps: readonly Step[],
  env: Readonly<Record<string, string>>,
): Promise<Conversation> {
  return new Promise((done, fail) => {
    const line = [process.execPath, command, ...args].map((word) => `'${word}'`).join(' ');
    const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
      cwd: tmpdir(),
      env: environment({ ...env, TERM: 'xterm' }),
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const rest = [...steps];
    let shown = '';
    let seen = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
      for (let step = rest[0]; step !== undefined && shown.includes(step[0], seen); step = rest[0]) {
        seen = shown.indexOf(step[0], seen) + step[0].length;
        child.stdin.write(step[1]);
        rest.shift();
      }
    });
    // A question that nobody answers must not outlive the test.
    const timer = setTimeout(() => child.kill(), 15_000);
    child.once('error', fail);
    child.once('close', (status) => {
      clearTimeout(timer);
      done({ status, shown: shown.replaceAll('\r\n', '\n') });
    });
  });
}
