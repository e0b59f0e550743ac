import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PackedPackage, readManifest, root, runNode, toolScript } from './packed-package';
import { codeBlocks, exchanges } from './readme';
import type { CodeBlock, Exchange } from './readme';

const readme = join(root, 'README.md');
const blocks = existsSync(readme) ? codeBlocks(readFileSync(readme, 'utf8')) : [];

const compilerOptions = {
  target: 'es2022',
  module: 'node16',
  strict: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  moduleDetection: 'force',
  skipLibCheck: true,
  types: ['node'],
};

// Compilers and child processes: quick on a machine of their own, slow on a busy one.
jest.setTimeout(60_000);

let packed: PackedPackage;
beforeAll(() => {
  packed = new PackedPackage();
});
afterAll(() => packed.remove());

function theBlock(language: string, title: string): CodeBlock {
  const block = blocks.find((candidate) => candidate.language === language && candidate.title === title);
  if (block === undefined)
    throw new Error(`README.md lacks a code block that begins with: \`\`\`${language} title="${title}"`);
  return block;
}

function createProject(name: string, type: 'commonjs' | 'module'): string {
  const { devDependencies = {} } = readManifest(root);
  const project = packed.createProject(name, { type, packages: Object.keys(devDependencies) });
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  return project;
}

function compile(project: string, ...options: readonly string[]): void {
  const { status, output } = runNode(project, [toolScript('typescript', 'tsc'), '-p', '.', ...options]);
  if (status !== 0) throw new Error(output);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function expectAnswer(port: number, exchange: Exchange): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${String(port)}${exchange.path}`, exchange.init);
  const shown = exchange.headers.map(([name]) => [name, response.headers.get(name)]);
  expect({
    command: exchange.command,
    status: exchange.status === undefined ? undefined : response.status,
    headers: shown,
    body: (await response.text()).trimEnd(),
  }).toEqual({ command: exchange.command, status: exchange.status, headers: exchange.headers, body: exchange.body });
}

/** Starts the first view and has it answer what README.md says it answers. */
async function expectFirstViewRuns(project: string, args: readonly string[]): Promise<void> {
  const said = exchanges(theBlock('console', 'first-view').code);
  expect(said).not.toEqual([]);
  const port = await freePort();
  const server = spawn(process.execPath, args, { cwd: project, env: { ...process.env, PORT: String(port) } });
  let output = '';
  for (const stream of [server.stdout, server.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  const ended = new Promise<void>((resolve) => server.once('close', () => resolve()));
  try {
    await waitUntilListening(port, () => {
      if (server.exitCode !== null) throw new Error(`The first view ended instead of listening on $PORT.\n${output}`);
    });
    for (const exchange of said) await expectAnswer(port, exchange);
  } finally {
    server.kill();
    await ended;
  }
}

async function waitUntilListening(port: number, check: () => void): Promise<void> {
  for (;;) {
    check();
    try {
      await fetch(`http://127.0.0.1:${String(port)}/`);
      return;
    } catch {
      await delay(50);
    }
  }
}

describe("README.md's code", () => {
  it('compiles with the packed package, block by block', () => {
    const code = blocks.filter(({ language }) => language === 'ts');
    expect(code).not.toEqual([]);
    const project = createProject('blocks', 'commonjs');
    const names = code.map(({ title, line }) => title ?? `line-${String(line)}.ts`);
    expect(names).toEqual([...new Set(names)]);
    code.forEach((block, i) => writeFileSync(join(project, names[i] ?? ''), block.code));
    compile(project, '--noEmit');
  });

  it('has a first view that runs as TypeScript', async () => {
    const project = createProject('typescript', 'commonjs');
    writeFileSync(join(project, 'first-view.ts'), theBlock('ts', 'first-view.ts').code);
    await expectFirstViewRuns(project, ['--require', 'ts-node/register', 'first-view.ts']);
  });

  it.each([
    ['CommonJS', 'commonjs'],
    ['ESM', 'module'],
  ] as const)('has a first view that runs as %s', async (_name, type) => {
    const project = createProject(type, type);
    writeFileSync(join(project, 'first-view.ts'), theBlock('ts', 'first-view.ts').code);
    compile(project);
    await expectFirstViewRuns(project, ['first-view.js']);
  });
});
