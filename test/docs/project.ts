import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PackedPackage, readManifest, root, runNode, toolScript } from '../packaging/packed-package';
import type { Page } from './pages';

const compilerOptions = {
  target: 'es2022',
  module: 'node16',
  strict: true,
  noImplicitOverride: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  moduleDetection: 'force',
  skipLibCheck: true,
  types: ['node'],
  rootDir: '.',
  outDir: 'build',
};

/** The port that the pages name. */
const SHOWN_PORT = /\b8000\b/g;

/** The code of all pages, each page in a folder of its own, in a project that has installed the packed package. */
export class DocsProject {
  readonly #packed = new PackedPackage();
  readonly folder: string;
  readonly port: number;

  private constructor(port: number) {
    this.port = port;
    const { devDependencies = {} } = readManifest(root);
    this.folder = this.#packed.createProject('docs', { packages: Object.keys(devDependencies) });
    const commands = join(this.folder, 'node_modules/.bin');
    mkdirSync(commands, { recursive: true });
    symlinkSync('../sallyport/dist/cli/main.js', join(commands, 'sallyport'));
    writeFileSync(join(this.folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*/*.ts'] }));
    writeFileSync(join(this.folder, '.curlrc'), 'silent\nshow-error\n');
  }

  static async create(): Promise<DocsProject> {
    return new DocsProject(await freePort());
  }

  /** A text of a page as somebody would use it for whom another port is free. */
  adapt(text: string): string {
    return text.replace(SHOWN_PORT, String(this.port));
  }

  /** Writes the modules of a page. */
  write({ name, blocks }: Page): void {
    const folder = join(this.folder, name);
    mkdirSync(folder, { recursive: true });
    for (const { title, line, code } of blocks.filter(({ language }) => language === 'ts')) {
      writeFileSync(join(folder, title ?? `line-${String(line)}.ts`), this.adapt(code));
    }
  }

  /** Compiles all modules. What the compiler has to say. */
  compile(): string {
    return runNode(this.folder, [toolScript('typescript', 'tsc'), '-p', '.']).output;
  }

  /** The environment of a program in this project: nothing of the test run's but the path. */
  environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    return { PATH: process.env['PATH'] ?? '', HOME: this.folder, npm_config_update_notifier: 'false', ...more };
  }

  /** Starts a compiled module, such as `authentication/server.ts`. */
  start(module: string, env: Readonly<Record<string, string>> = {}): Program {
    return new Program(this.compiled(module), this.folder, this.environment(env));
  }

  /** What a module is compiled to, or the modules of a page. */
  compiled(path: string): string {
    return join(this.folder, 'build', path.replace(/\.ts$/, '.js'));
  }

  remove(): void {
    this.#packed.remove();
  }
}

/** A program that runs. */
export class Program {
  readonly process: ChildProcess;
  readonly #closed: Promise<unknown>;
  output = '';

  constructor(file: string, cwd: string, env: Record<string, string>) {
    this.process = spawn(process.execPath, [file], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout!, this.process.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
    this.#closed = once(this.process, 'close');
  }

  /** Waits until something answers at the port. */
  async listening(port: number): Promise<void> {
    while (!(await answers(port))) {
      if (this.process.exitCode !== null) throw new Error(`The program ended instead of listening.\n${this.output}`);
      await delay(50);
    }
  }

  /** Waits for its end; the exit status. */
  async end(): Promise<number | null> {
    await this.#closed;
    return this.process.exitCode;
  }

  async stop(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.#closed;
  }
}

async function answers(port: number): Promise<boolean> {
  try {
    await fetch(`http://127.0.0.1:${String(port)}/`);
    return true;
  } catch {
    return false;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
