/**
 * The code of README.md, as a reader would use it:
 *
 * - ```` ```ts ````: a module that compiles. With `title="api.ts"` it has that name, and other blocks may import it.
 * - ```` ```ts title="first-view.ts" ````: a server that listens on `$PORT`; it is run.
 * - ```` ```console title="first-view" ````: `$ curl …` lines and, beneath each, what the server answers.
 */
export interface CodeBlock {
  readonly language: string;
  readonly title: string | undefined;
  readonly code: string;
  /** Where it begins. */
  readonly line: number;
}

export function codeBlocks(markdown: string): CodeBlock[] {
  const fence = /^```(\w+)([^\n]*)\n([\s\S]*?)^```$/gm;
  return [...markdown.matchAll(fence)].map(({ index, 1: language = '', 2: info = '', 3: code = '' }) => ({
    language,
    title: /title="([^"]+)"/.exec(info)?.[1],
    code,
    line: markdown.slice(0, index).split('\n').length,
  }));
}

/** A request as a `curl` line says it, and the answer that is printed beneath. */
export interface Exchange {
  readonly command: string;
  readonly path: string;
  readonly init: {
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
  };
  /** The status and the headers that are shown, where the line has `-i`. */
  readonly status?: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export function exchanges(transcript: string): Exchange[] {
  return transcript
    .split(/^\$ /m)
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const [command = '', ...answer] = part.trimEnd().split('\n');
      return { command, ...request(words(command)), ...expected(answer, words(command).includes('-i')) };
    });
}

/** The words of a command line; quotes of both kinds hold blanks. */
function words(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

function request([program, ...args]: readonly string[]): Pick<Exchange, 'path' | 'init'> {
  if (program !== 'curl') throw new Error(`README.md: '${String(program)}' is shown where only curl is understood.`);
  const headers: Record<string, string> = {};
  let method: string | undefined;
  let body: string | undefined;
  let path = '';
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    const value = (): string => args[++i] ?? '';
    if (arg === '-i') continue;
    if (arg === '-u') headers['authorization'] = `Basic ${Buffer.from(value()).toString('base64')}`;
    else if (arg === '-X') method = value();
    else if (arg === '-d') body = value();
    else if (arg === '-H') {
      const [name = '', ...rest] = value().split(':');
      headers[name] = rest.join(':').trim();
    } else if (/^(http:\/\/)?(localhost|127\.0\.0\.1):\d+/.test(arg)) path = arg.replace(/^(http:\/\/)?[^/]+/, '');
    else throw new Error(`README.md: '${arg}' of a curl line is not understood by its test.`);
  }
  if (body !== undefined) headers['content-type'] ??= 'application/x-www-form-urlencoded';
  method ??= body === undefined ? 'GET' : 'POST';
  return { path: path === '' ? '/' : path, init: { method, headers, ...(body === undefined ? {} : { body }) } };
}

function expected(answer: readonly string[], withHead: boolean): Pick<Exchange, 'status' | 'headers' | 'body'> {
  if (!withHead) return { headers: [], body: answer.join('\n') };
  const end = answer.indexOf('');
  const head = end < 0 ? answer : answer.slice(0, end);
  return {
    status: Number(head[0]?.split(' ')[1]),
    headers: head.slice(1).map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
    body: end < 0 ? '' : answer.slice(end + 1).join('\n'),
  };
}
