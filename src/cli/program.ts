import { Command, CommanderError, Option } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { addCheck } from './commands/check';
import { addExplain } from './commands/explain';
import { addRoutes } from './commands/routes';
import { createToken } from './create-token';
import { createUser, type UserKind, type UserOptions } from './create-user';
import { withDatabase } from './database';
import { Cancelled, Failure } from './errors';
import { configOf, type CommonOptions } from './options';
import { print } from './output';

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
    .configureHelp({ showGlobalOptions: true })
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
  addCreateToken(program);
  addCheck(program);
  addRoutes(program);
  addExplain(program);
  return program;
}

function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description("Bring the library's tables up to date")
    .option('--json', 'print the names of the migrations as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const applied = await withDatabase(configOf(program), (database) => database.migrate());
      if (json === true) {
        print(JSON.stringify({ applied }));
        return;
      }
      print('Running migrations:');
      for (const name of applied) print(`  Applying ${name}... OK`);
      if (applied.length === 0) print('  No migrations to apply.');
    });
}

function addCreateUser(program: Command, kind: UserKind): void {
  const noun = kind.noun.toLowerCase();
  program
    .command(kind.command)
    .description(`Create a ${noun}`)
    .option('--username <name>', `the login of the ${noun}`)
    .option('--email <address>', `the e-mail address of the ${noun}`)
    .option('--noinput', 'ask nothing; the same as --no-input')
    .addOption(new Option('--no-input').hideHelp())
    .addHelpText(
      'after',
      `\nWith --noinput, ${kind.prefix}USERNAME and ${kind.prefix}EMAIL stand for options that are left out, and\n` +
        `${kind.prefix}PASSWORD is the password; without one nobody can log in as the ${noun}.`,
    )
    .action(async ({ noinput = false, input, ...given }: GivenUserOptions) => {
      const interactive = !noinput && input;
      if (interactive && !process.stdin.isTTY) {
        print(
          `${kind.noun} creation skipped due to not running in a TTY. You can run \`sallyport ${kind.command}\` in your project to create one manually.`,
        );
        return;
      }
      await withDatabase(configOf(program), ({ users }) => createUser(users, kind, { ...given, interactive }));
      print(`${kind.noun} created successfully.`);
    });
}

interface GivenUserOptions extends Pick<UserOptions, 'username' | 'email'> {
  readonly noinput?: boolean;
  readonly input: boolean;
}

function addCreateToken(program: Command): void {
  program
    .command('drf-create-token')
    .alias('drf_create_token')
    .description('Create DRF Token for a given user')
    .argument('<username>')
    .option('-r, --reset', 'reset existing User token and create a new one', false)
    .option('--json', 'print token and user as JSON')
    .action(async (username: string, { reset, json }: { reset: boolean; json?: boolean }) => {
      const { key } = await withDatabase(configOf(program), (database) => createToken(database, username, reset));
      print(json === true ? JSON.stringify({ token: key, username }) : `Generated token ${key} for user ${username}`);
    });
}

function packageVersion(): string {
  const manifest = readFileSync(join(__dirname, '../../package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
