import { spawn } from 'node:child_process';

/** A command of a console block, and what it prints. */
interface Step {
  readonly command: string;
  readonly output: readonly string[];
}

function stepsOf(transcript: string): Step[] {
  const parts = transcript.split(/^\$ /m).filter((part) => part.trim() !== '');
  return parts.map((part) => {
    // A line that ends in a backslash goes on in the next one.
    const [, command = '', rest = ''] = /^((?:.*\\\n)*.*)\n?([\s\S]*)$/.exec(part) ?? [];
    return { command, output: rest.trimEnd() === '' ? [] : rest.trimEnd().split('\n') };
  });
}

/** Where commands run. */
export interface Shell {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Runs the commands of console blocks in bash, and compares what they print with what is shown.
 *
 * `…` stands for any text in a line, and in a line of its own for any lines. Of an answer with its head (`curl -i`) the headers that are shown must be there,
 * others may be. Keys are made at random: the first time that one is shown the actual one takes its place, from then on.
 */
export class Transcript {
  readonly #shell: Shell;
  readonly #keys = new Map<string, string>();

  constructor(shell: Shell) {
    this.#shell = shell;
  }

  /** @throws Error that shows a command, what it should have printed, and what it did print */
  async run(transcript: string): Promise<void> {
    for (const { command, output } of stepsOf(transcript)) {
      const printed = await this.#execute(this.#withKeys(command));
      const differs = this.#findDifference(output, printed);
      if (differs === null) continue;
      throw new Error(`$ ${command}\n\n${differs}\n\nShown:\n${output.join('\n')}\n\nPrinted:\n${printed.join('\n')}`);
    }
  }

  #execute(command: string): Promise<string[]> {
    const { cwd, env } = this.#shell;
    return new Promise((resolve, reject) => {
      const bash = spawn('bash', ['-c', `exec 2>&1\n${command}`], { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
      let text = '';
      bash.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      bash.once('error', reject);
      bash.once('close', () => resolve(text.replaceAll('\r', '').trimEnd().split('\n')));
    });
  }

  #withKeys(text: string): string {
    return [...this.#keys].reduce((result, [shown, actual]) => result.replaceAll(shown, actual), text);
  }

  #findDifference(shown: readonly string[], printed: readonly string[]): string | null {
    const isAnswer = /^HTTP\/\d/.test(shown[0] ?? '');
    const { head, body } = isAnswer ? splitAnswer(shown) : { head: [], body: shown };
    const actual = isAnswer ? splitAnswer(printed) : { head: [], body: printed };
    const missing = head.find((line) => !actual.head.some((candidate) => this.#matches(line, candidate)));
    if (missing !== undefined) return `The head lacks: ${missing}`;
    return this.#findDifferentLine(body.length === 0 ? [''] : body, actual.body);
  }

  #findDifferentLine(shown: readonly string[], printed: readonly string[]): string | null {
    let at = 0;
    let anyLines = false;
    for (const line of shown) {
      if (line.trim() === '…') {
        anyLines = true;
        continue;
      }
      while (anyLines && at < printed.length && !this.#matches(line, printed[at]!)) at++;
      if (!this.#matches(line, printed[at++] ?? '')) return `Another line than: ${line}`;
      anyLines = false;
    }
    return anyLines || at >= printed.length ? null : 'More lines than are shown.';
  }

  #matches(shown: string, printed: string): boolean {
    const line = this.#withKeys(shown);
    const keys: string[] = [];
    const pattern = line
      .split(/(…|\b[0-9a-f]{40}\b)/)
      .map((part) => {
        if (part === '…') return '.*';
        if (!/^[0-9a-f]{40}$/.test(part) || [...this.#keys.values()].includes(part)) return escapeRegex(part);
        keys.push(part);
        return '([0-9a-f]{40})';
      })
      .join('');
    const match = new RegExp(`^${pattern}$`).exec(printed);
    if (match === null) return false;
    keys.forEach((key, i) => this.#keys.set(key, match[i + 1]!));
    return true;
  }
}

function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

function splitAnswer(lines: readonly string[]): { head: readonly string[]; body: readonly string[] } {
  const end = lines.indexOf('');
  if (end < 0) return { head: lines, body: [''] };
  return { head: lines.slice(0, end), body: lines.slice(end + 1) };
}
