import { describe, expect, it } from '@jest/globals';
import { importsOf, readEdges, sourceFiles } from './imports';
import type { Edge } from './imports';

/** A row of the layer table. Files are paths below `src/` without extension; the first row that matches one is its row. */
interface Layer {
  readonly files: RegExp;
  /** What may be loaded. */
  readonly loads: readonly RegExp[];
  /** What may be imported as a type beside that. */
  readonly types?: readonly RegExp[];
  /** Whether files of the same scheme may be loaded. */
  readonly ownScheme?: true;
  readonly node?: true;
  readonly packages?: readonly RegExp[];
}

const pure = /^(http|crypto)\//;
const core = /^core\//;
const rootSchemes = /^auth\/(basic|token|session|remote-user)\//;
const stores = /^auth\/[^/]+\/store$/;
const models = /^auth\/[^/]+\/models$/;

/** Who may import whom. A new edge is a decision about the design: make it here, where it is seen. */
const layers: readonly Layer[] = [
  { files: /^http\//, node: true, loads: [/^http\//] },
  // A hasher whose package is missing says so to the developer; the package is loaded when something is hashed.
  { files: /^crypto\/hashers\/optional-package$/, node: true, loads: [/^core\/errors$/] },
  {
    files: /^crypto\/hashers\/(argon2|bcrypt)$/,
    node: true,
    loads: [/^crypto\//],
    packages: [/^@node-rs\/(argon2|bcrypt)$/],
  },
  // What Django signs is JSON as Python writes it.
  { files: /^crypto\/signing$/, node: true, loads: [/^crypto\//, /^http\/json(-reader)?$/] },
  { files: /^crypto\//, node: true, loads: [/^crypto\//] },
  // DRF's default list of authentication classes names these two.
  { files: /^core\/(settings|defaults)$/, node: true, loads: [pure, core, /^auth\/(basic|session)\//] },
  { files: /^core\/uploads\//, node: true, loads: [pure, core], packages: [/^@fastify\/busboy$/] },
  // The library of an app's input classes, if it has one, is loaded when an input is checked.
  { files: /^core\/validation\//, node: true, loads: [pure, core], packages: [/^class-(validator|transformer)$/] },
  { files: core, node: true, loads: [pure, core] },
  // Protocols and ports are plain data and functions: they know no request, no view and no database.
  {
    files: /^auth\/[^/]+\/(protocol|store)(\/|$)/,
    node: true,
    ownScheme: true,
    loads: [pure],
    types: [/^core\/users$/],
  },
  // A name and a password are read from a body by the same rules.
  {
    files: /^auth\/jwt\/(serializer|throttling)$/,
    node: true,
    ownScheme: true,
    loads: [pure, core, /^auth\/token\/credentials$/],
  },
  // The views that open sessions and change passwords read bodies as the one that gives tokens does.
  {
    files: /^auth\/session\/(serializers|password-change-serializer|throttling)$/,
    node: true,
    ownScheme: true,
    loads: [pure, core, /^auth\/token\/(credentials|serializers|throttling)$/],
  },
  // Two packages, one kind of token.
  {
    files: /^auth\/jwt-legacy\//,
    node: true,
    ownScheme: true,
    loads: [pure, core, /^auth\/jwt\/(backend|checks|protocol\/index|serializer|throttling|users)$/],
  },
  // Knox takes a name and a password as the view of DRF's tokens does.
  {
    files: /^auth\/knox\/password-login$/,
    ownScheme: true,
    loads: [core, /^auth\/token\/(serializers|throttling)$/],
  },
  // A cookie with a token needs what protects the cookie of a session.
  {
    files: /^auth\/jwt\/cookies\//,
    node: true,
    ownScheme: true,
    loads: [pure, core, /^auth\/session\/(csrf|request-session|settings)$/],
  },
  { files: /^auth\//, node: true, ownScheme: true, loads: [pure, core] },
  {
    files: /^mikro-orm\//,
    node: true,
    loads: [/^mikro-orm\//, pure, /^core\/(users|user-permissions|backends|clock|errors)$/, models],
    types: [core, stores],
    packages: [/^@mikro-orm\//],
  },
  { files: /^express\//, node: true, loads: [/^express\//, /^core\/shapes$/], types: [stores] },
  { files: /^fetch\//, node: true, loads: [/^fetch\//, pure, core] },
  // Clients of Redis are handed in; none is loaded.
  {
    files: /^redis\//,
    node: true,
    loads: [/^redis\//, /^crypto\//, /^core\/clock$/],
    types: [/^core\/cache$/, stores],
  },
  // The one host that needs code of ours.
  {
    files: /^routing-controllers\//,
    loads: [/^routing-controllers\//, pure, core],
    packages: [/^routing-controllers$/],
  },
  { files: /^testing\//, node: true, loads: [/^testing\//, pure, core, rootSchemes, models], types: [stores] },
  // Only here does a command meet the database, and only when it runs.
  {
    files: /^cli\/database$/,
    node: true,
    loads: [/^cli\//, pure, core, models, /^mikro-orm\/index$/],
    types: [stores],
    packages: [/^@mikro-orm\//],
  },
  // A token is made as the settings of the app let keys rest.
  {
    files: /^cli\/commands\/(check|create-token)$/,
    loads: [/^cli\//, pure, core, /^auth\/token\/(models|settings)$/],
    packages: [/^commander$/],
  },
  // Tokens of the users of the app, whose class the configuration names.
  {
    files: /^cli\/commands\/flush-expired$/,
    loads: [/^cli\//, core, /^auth\/knox\/models$/],
    packages: [/^commander$/],
  },
  {
    files: /^cli\//,
    node: true,
    loads: [/^cli\//, pure, core],
    types: [stores, /^mikro-orm\/index$/],
    packages: [/^commander$/],
  },
  { files: /^index$/, loads: [pure, core, rootSchemes] },
];

function layerOf(file: string): Layer | undefined {
  return layers.find(({ files }) => files.test(file));
}

function sameScheme(from: string, to: string): boolean {
  const scheme = /^auth\/[^/]+\//.exec(from)?.[0];
  return scheme !== undefined && to.startsWith(scheme);
}

function allowed({ from, to, kind, typeOnly }: Edge): boolean {
  const layer = layerOf(from);
  if (layer === undefined) return false;
  if (kind === 'node') return layer.node === true;
  const matches = (patterns: readonly RegExp[] = []): boolean => patterns.some((pattern) => pattern.test(to));
  if (kind === 'package') return matches(layer.packages);
  if (layer.ownScheme === true && sameScheme(from, to)) return true;
  return matches(layer.loads) || (typeOnly && matches(layer.types));
}

/** Each group of files that load each other, directly or in a circle. */
function cycles(edges: readonly Edge[]): string[] {
  const loads = new Map<string, string[]>();
  for (const { from, to, kind, typeOnly } of edges) {
    if (kind === 'file' && !typeOnly) loads.set(from, [...(loads.get(from) ?? []), to]);
  }
  const found = new Set<string>();
  const done = new Set<string>();
  function follow(file: string, path: readonly string[]): void {
    const start = path.indexOf(file);
    if (start >= 0) found.add([...path.slice(start), file].join(' → '));
    if (start >= 0 || done.has(file)) return;
    for (const next of loads.get(file) ?? []) follow(next, [...path, file]);
    done.add(file);
  }
  for (const file of loads.keys()) follow(file, []);
  return [...found];
}

describe('the layer table', () => {
  const edges = readEdges();

  it('has a row for every file of src', () => {
    expect(sourceFiles().filter((file) => layerOf(file) === undefined)).toEqual([]);
  });

  it('has no row that no file stands in', () => {
    const used = new Set(sourceFiles().map(layerOf));
    expect(layers.filter((layer) => !used.has(layer)).map(({ files }) => files.source)).toEqual([]);
  });

  it('is kept by every import line', () => {
    const offences = edges
      .filter((edge) => !allowed(edge))
      .map(
        ({ from, line, to, typeOnly }) =>
          `src/${from}.ts:${String(line)} ${typeOnly ? 'takes a type of' : 'loads'} ${to}`,
      );
    expect(offences).toEqual([]);
  });

  it('leaves no circle of modules that load each other', () => {
    expect(cycles(edges)).toEqual([]);
  });
});

describe('the reader of import lines', () => {
  const typeOnly = (text: string): boolean[] => importsOf(text).map((line) => line.typeOnly);

  it('tells what is loaded from what is a type', () => {
    expect(typeOnly(`import type { A } from './a';`)).toEqual([true]);
    expect(typeOnly(`import { type A, type B } from './a';`)).toEqual([true]);
    expect(typeOnly(`export type { A } from './a';`)).toEqual([true]);
    expect(typeOnly(`let a: import('./a').A;`)).toEqual([true]);
    expect(typeOnly(`import { type A, b } from './a';`)).toEqual([false]);
    expect(typeOnly(`import './a';`)).toEqual([false]);
    expect(typeOnly(`export * from './a';`)).toEqual([false]);
    expect(typeOnly(`const a = await import('./a');`)).toEqual([false]);
    expect(typeOnly(`function late() { return require('./a'); }`)).toEqual([false]);
    expect(typeOnly(`import a = require('./a');`)).toEqual([false]);
  });

  it('gives the module and the line', () => {
    expect(importsOf(`\nimport {\n  a,\n} from './a';\n`)).toEqual([{ specifier: './a', line: 4, typeOnly: false }]);
  });

  it('finds a circle', () => {
    const edge = (from: string, to: string): Edge => ({
      from,
      to,
      kind: 'file',
      specifier: to,
      line: 1,
      typeOnly: false,
    });
    expect(cycles([edge('a', 'b'), edge('b', 'c'), edge('c', 'b'), edge('c', 'd')])).toEqual(['b → c → b']);
  });
});
