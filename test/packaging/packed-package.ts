import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export const root = resolve(__dirname, '../..');

export interface Manifest {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** The package as npm would publish it, and projects that have installed it. */
export class PackedPackage {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sallyport-package-'));
  readonly tarball: string;
  readonly #unpacked: string;

  constructor() {
    execFileSync(process.execPath, ['scripts/build.mjs', '--if-stale'], { cwd: root, stdio: 'pipe' });
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', this.#folder];
    const [packed] = JSON.parse(execFileSync('npm', args, { cwd: root, stdio: 'pipe', encoding: 'utf8' })) as [
      { filename: string },
    ];
    this.tarball = join(this.#folder, packed.filename);
    execFileSync('tar', ['-xzf', this.tarball, '-C', this.#folder]);
    this.#unpacked = join(this.#folder, 'package');
  }

  /**
   * A project outside the repository with the package, what it depends on, and the given packages; nothing else can be
   * resolved from it.
   */
  createProject(name: string, options: { type?: 'commonjs' | 'module'; packages?: readonly string[] } = {}): string {
    const project = join(this.#folder, name);
    const modules = join(project, 'node_modules');
    mkdirSync(modules, { recursive: true });
    cpSync(this.#unpacked, join(modules, 'sallyport'), { recursive: true });
    const dependencies = Object.keys(readManifest(this.#unpacked).dependencies ?? {});
    for (const dependency of new Set([...dependencies, ...(options.packages ?? [])])) {
      mkdirSync(dirname(join(modules, dependency)), { recursive: true });
      symlinkSync(join(root, 'node_modules', dependency), join(modules, dependency), 'junction');
    }
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name, type: options.type ?? 'commonjs' }));
    return project;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Runs Node in a folder; what it prints is the answer. */
export function runNode(folder: string, args: readonly string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

/** The script behind a command of a development dependency. */
export function toolScript(packageName: string, command: string): string {
  const folder = join(root, 'node_modules', packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    bin: string | Record<string, string>;
  };
  const script = typeof bin === 'string' ? bin : bin[command];
  if (script === undefined) throw new Error(`The package ${packageName} has no command ${command}.`);
  return join(folder, script);
}
