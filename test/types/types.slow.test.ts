import { beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import ts from 'typescript';

const folder = __dirname;
let program: ts.Program;

beforeAll(() => {
  const root = join(folder, '../..');
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  program = ts.createProgram(ts.sys.readDirectory(folder, ['.ts'], ['tc39', '*.test.ts']), options);
}, 120_000);

/** What the compiler says of a file: also that something compiles which the file says doesn't. */
function complaintsAbout(file: string): string[] {
  const source = program.getSourceFile(join(folder, file))!;
  return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
    ({ messageText, start = 0 }) =>
      `${source.getLineAndCharacterOfPosition(start).line + 1}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
  );
}

describe('the compiler', () => {
  it.each([
    ['request.ts', 'gives a request and an answer the types of their view; a user is no promise (D-097, D-145, S-154)'],
    ['policy-lists.ts', 'takes any sequence of classes for a list (S-033)'],
    ['function-views.ts', 'infers the user of a function view from its lists'],
    ['decorated.ts', 'takes decorators where they have an effect, and nowhere else'],
  ])('%s: %s', (file) => {
    expect(complaintsAbout(file)).toEqual([]);
  });
});
