import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const root = resolve(__dirname, '../..');

export interface StartOptions {
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** `npm start`, as somebody runs it in a terminal. */
export class Start {
  readonly #npm: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #data: string;
  /** All that it has printed. */
  output = '';

  /** @param data the folder of the database; its name tells the processes of this start from others */
  constructor(data: string, { args = [], env = {} }: StartOptions = {}) {
    // The database of the test run is none that the example was told to use.
    const { DATABASE_URL: _, ...inherited } = process.env;
    this.#data = data;
    this.#npm = spawn('npm', ['start', '--', '--data', data, ...args], {
      cwd: root,
      env: { ...inherited, PORT: '0', NO_COLOR: '1', ...env },
      detached: true, // a terminal gives each command a process group, to which it sends Ctrl-C
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#npm.stdout!, this.#npm.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
    this.#ended = once(this.#npm, 'close');
  }

  /** Waits until the notebook is open; its address. */
  async url(): Promise<string> {
    await eventually(() => this.output.includes('sixth login') || this.#npm.exitCode !== null);
    const [, url] = /open at (http:\S+)\. Ctrl-C/.exec(this.output) ?? [];
    if (url === undefined) throw new Error(`The notebook did not open:\n${this.output}`);
    return url;
  }

  /** Waits for its end; the exit status. */
  async end(): Promise<number | null> {
    await this.#ended;
    return this.#npm.exitCode;
  }

  /** What a terminal does at Ctrl-C. */
  pressCtrlC(): void {
    process.kill(-this.#npm.pid!, 'SIGINT');
  }

  /** A signal to npm alone. */
  kill(signal: NodeJS.Signals): void {
    this.#npm.kill(signal);
  }

  /** The command lines of its processes that are left: npm's, ours, PostgreSQL's. */
  processes(): string[] {
    return readdirSync('/proc').flatMap((name) => {
      try {
        const command = readFileSync(join('/proc', name, 'cmdline'), 'utf8').replaceAll('\0', ' ');
        return command.includes(this.#data) ? [command] : [];
      } catch {
        return []; // no process, or it has ended meanwhile
      }
    });
  }

  /** For what a failed test leaves behind. */
  killAll(): void {
    if (this.#npm.exitCode !== null) return;
    try {
      process.kill(-this.#npm.pid!, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}

export async function eventually(check: () => boolean, seconds = 60): Promise<void> {
  for (const until = Date.now() + seconds * 1000; !check(); await delay(20)) {
    if (Date.now() > until) throw new Error(`It did not happen within ${String(seconds)} seconds.`);
  }
}
