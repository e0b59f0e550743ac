import { InvalidArgumentError, type Command } from 'commander';
import { STATUS_CODES } from 'node:http';
import type { Settings } from '../../core/settings';
import type { BaseUser } from '../../core/users';
import { loadApp } from '../app';
import { CommandError } from '../errors';
import { explain, type ExplainedStep, type Explanation } from '../explanation';
import { configOf } from '../options';
import { columns, print } from '../output';

interface ExplainOptions {
  readonly as?: string;
  readonly header: Readonly<Record<string, string>>;
  readonly json: boolean;
}

export function addExplain(program: Command): void {
  program
    .command('explain')
    .description('Tell which class would decide about a request, and why; its handler does not run')
    .argument('<method>')
    .argument('<path>', 'with its query; a whole URL where host or scheme matter')
    .option('--as <user>', 'the name of a user who makes the request')
    .option('-H, --header <line>', 'a header of the request, as for curl; may be repeated', addHeader, {})
    .option('--json', 'print the explanation as JSON', false)
    .action(async (method: string, url: string, { as: username, header, json }: ExplainOptions) => {
      const { urls } = await loadApp(configOf(program));
      const findUser = username === undefined ? undefined : finderOf(username);
      const explanation = await explain(urls, { method: method.toUpperCase(), url, headers: header, findUser });
      if (explanation === null) throw new CommandError(`No route matches ${url}.`);
      print(json ? JSON.stringify(explanation) : describe(explanation));
    });
}

function addHeader(line: string, headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(line) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("Write 'Name: value'.");
  return { ...headers, [name.toLowerCase()]: value };
}

function finderOf(username: string): (settings: Settings) => Promise<BaseUser> {
  return async ({ users }) => {
    if (users === null) throw new CommandError('The settings of the view have no `users` to find anybody in.');
    const user = await users.getByNaturalKey(username);
    if (user === null) throw new CommandError(`user '${username}' does not exist`);
    return user;
  };
}

function describe({ method, url, status, reasons, steps, ...about }: Explanation): string {
  const answer = status === null ? 'reaches the handler' : `${String(status)} ${STATUS_CODES[status] ?? ''}`.trimEnd();
  const head = [
    ['  route', about.name === null ? about.pattern : `${about.pattern}  ${about.name}`],
    ['  view', about.allow.length === 0 ? about.view : `${about.view}: ${about.allow.join(', ')}`],
    ['  user', about.user ?? 'not asked for'],
  ];
  const parts = [
    [`${method} ${url}: ${answer}`, ...columns(head)],
    columns(steps.flatMap((step) => rowsOf(step))),
    reasons,
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function rowsOf({ phase, policy, outcome, parts = [] }: ExplainedStep, depth = 0): string[][] {
  const row = [depth === 0 ? `  ${phase}` : '', `${'  '.repeat(depth)}${policy}`, outcome];
  return [row, ...parts.flatMap((part) => rowsOf(part, depth + 1))];
}
