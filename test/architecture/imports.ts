import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix, resolve } from 'node:path';
import ts from 'typescript';

/** Where the text of one module names another. */
export interface ImportLine {
  readonly specifier: string;
  readonly line: number;
  /** Gone after compilation: nothing is loaded. */
  readonly typeOnly: boolean;
}

/** An import of a file below `src/`. Files are written as paths below it, without extension: `core/views`. */
export interface Edge extends ImportLine {
  readonly from: string;
  /** The file, `node:…`, or the name of a package. */
  readonly to: string;
  readonly kind: 'file' | 'node' | 'package';
}

const src = resolve(__dirname, '../../src');

/** The files below `src/`, without extension, with slashes on each system. */
export function sourceFiles(): string[] {
  return readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(src.length + 1, -'.ts'.length))
    .map((path) => path.replaceAll('\\', '/'))
    .sort();
}

/** All that a module's text imports, whatever the grammar: import, export … from, import(), require, import types. */
export function importsOf(text: string): ImportLine[] {
  const source = ts.createSourceFile('module.ts', text, ts.ScriptTarget.Latest, true);
  const found: ImportLine[] = [];

  function add(specifier: ts.Node | undefined, typeOnly: boolean): void {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const line = source.getLineAndCharacterOfPosition(specifier.getStart()).line + 1;
    found.push({ specifier: specifier.text, line, typeOnly });
  }
  function visit(node: ts.Node): void {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, importsTypesOnly(node.importClause));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, exportsTypesOnly(node));
    else if (ts.isImportTypeNode(node))
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true);
    else if (ts.isExternalModuleReference(node)) add(node.expression, false);
    else if (ts.isCallExpression(node) && loadsModule(node.expression)) add(node.arguments[0], false);
    ts.forEachChild(node, visit);
  }
  visit(source);
  return found;
}

function importsTypesOnly(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { name, namedBindings: bindings } = clause;
  return name === undefined && bindings !== undefined && ts.isNamedImports(bindings) && allTypes(bindings.elements);
}

function exportsTypesOnly({ isTypeOnly, exportClause }: ts.ExportDeclaration): boolean {
  return (
    isTypeOnly || (exportClause !== undefined && ts.isNamedExports(exportClause) && allTypes(exportClause.elements))
  );
}

function allTypes(elements: readonly (ts.ImportSpecifier | ts.ExportSpecifier)[]): boolean {
  return elements.length > 0 && elements.every((element) => element.isTypeOnly);
}

function loadsModule(callee: ts.Expression): boolean {
  return callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require');
}

/** Every import of every file below `src/`. */
export function readEdges(): Edge[] {
  return sourceFiles().flatMap((from) =>
    importsOf(readFileSync(join(src, `${from}.ts`), 'utf8')).map((line) => ({ ...line, from, ...target(from, line) })),
  );
}

function target(from: string, { specifier, line }: ImportLine): Pick<Edge, 'to' | 'kind'> {
  if (specifier.startsWith('node:')) return { kind: 'node', to: specifier };
  if (!specifier.startsWith('.')) return { kind: 'package', to: packageName(specifier) };
  const path = posix.join(posix.dirname(from), specifier);
  const to = [path, posix.join(path, 'index')].find((file) => existsSync(join(src, `${file}.ts`)));
  if (to === undefined) throw new Error(`src/${from}.ts:${String(line)} imports '${specifier}', which is no file.`);
  return { kind: 'file', to };
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
