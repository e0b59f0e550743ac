import { Command, CommanderError, Help, type Option } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { addCheck } from './commands/check';
import { addChangePassword } from './commands/change-password';
import { addClearSessions } from './commands/clear-sessions';
import { addCreateToken } from './commands/create-token';
import { addCreateTokens } from './commands/create-tokens';
import { addCreateUser } from './commands/create-user';
import { addExplain } from './commands/explain';
import { addFlushExpired } from './commands/flush-expired';
import { addFlushExpiredTokens } from './commands/flush-expired-tokens';
import { addHashTokens } from './commands/hash-tokens';
import { addMigrate } from './commands/migrate';
import { addRoutes } from './commands/routes';
import { Cancelled, Failure } from './errors';
import type { CommonOptions } from './options';

/**
 * Runs the command line.
 * @returns the exit status: 0, 1 when the command failed, 2 when the command line makes no sense
 */
export async function run(args: readonly string[]): Promise<number> {
  const program = createProgram();
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    // Of its own errors the parser has told already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof Failure) return 1;
    report(error, program.opts<CommonOptions>().traceback === true);
    return 1;
  }
}

function report(error: unknown, traceback: boolean): void {
  const text = error instanceof Cancelled ? '\nOperation cancelled.' : describe(error);
  process.stderr.write(`${text}\n`);
  if (traceback) process.stderr.write(`${inspect(error)}\n`);
}

/** PostgreSQL's code for a table that isn't there. */
const UNDEFINED_TABLE = '42P01';

function describe(error: unknown): string {
  const { message, code }: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error));
  if (code === UNDEFINED_TABLE) return 'CommandError: The database lacks a table. Run `sallyport migrate` first.';
  return `CommandError: ${message === '' ? String(code) : message}`;
}

function createProgram(): Command {
  const program = new Command('sallyport')
    .description('Administers users, tokens and tables of an app, and looks into its routes.')
    .version(packageVersion())
    .option('--config <file>', "module that exports the app's `orm` and `urls` (default: sallyport.config.js here)")
    .option('--traceback', 'show where an error came from')
    .configureHelp({ showGlobalOptions: true, optionDescription: describeOption })
    .addHelpText('after', '\nWithout a configuration file the database is the one that DATABASE_URL names.')
    .exitOverride();
  addMigrate(program);
  addCreateUser(program, { noun: 'User', command: 'createuser', prefix: 'DJANGO_USER_', method: 'createUser' });
  addCreateUser(program, {
    noun: 'Superuser',
    command: 'createsuperuser',
    prefix: 'DJANGO_SUPERUSER_',
    method: 'createSuperuser',
  });
  addChangePassword(program);
  addCreateToken(program);
  addCreateTokens(program);
  addHashTokens(program);
  addClearSessions(program);
  addFlushExpired(program);
  addFlushExpiredTokens(program);
  addCheck(program);
  addRoutes(program);
  addExplain(program);
  return program;
}

/** That a switch is off by default goes without saying. */
function describeOption(option: Option): string {
  return option.defaultValue === false ? option.description : new Help().optionDescription(option);
}

function packageVersion(): string {
  const manifest = readFileSync(join(__dirname, '../../package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
