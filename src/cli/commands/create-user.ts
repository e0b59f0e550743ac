import { Option, type Command } from 'commander';
import { userInfo } from 'node:os';
import { passwordChanged, type PasswordValidator } from '../../core/passwords/validation';
import type { BaseUser } from '../../core/users';
import type { CommandUserStore } from '../config';
import { withDatabase, type Database } from '../database';
import { CommandError } from '../errors';
import { configOf } from '../options';
import { complain, print } from '../output';
import { Terminal } from '../terminal';
import { emailError, passwordErrors, usernameError } from '../validation';

/** What differs between the two commands that create users. */
export interface UserKind {
  readonly noun: 'User' | 'Superuser';
  readonly command: 'createuser' | 'createsuperuser';
  /** The beginning of the environment variables that stand for answers with `--noinput`. */
  readonly prefix: 'DJANGO_USER_' | 'DJANGO_SUPERUSER_';
  readonly method: 'createUser' | 'createSuperuser';
}

interface UserOptions {
  readonly username?: string;
  readonly email?: string;
  readonly interactive: boolean;
}

interface Answers {
  readonly username: string;
  readonly email: string;
  readonly password: string | null;
}

interface GivenUserOptions extends Pick<UserOptions, 'username' | 'email'> {
  readonly noinput?: boolean;
  readonly input: boolean;
}

export function addCreateUser(program: Command, kind: UserKind): void {
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
      await withDatabase(configOf(program), (database) => createUser(database, kind, { ...given, interactive }));
      print(`${kind.noun} created successfully.`);
    });
}

/**
 * Creates a user as Django's `createsuperuser` does, with its questions and texts.
 * @throws CommandError when an option or the environment says something wrong
 */
async function createUser(database: Database, kind: UserKind, options: UserOptions): Promise<void> {
  const { users } = database;
  const validators = await database.passwordValidators();
  const answers = await (options.interactive ? askAll(users, options, validators) : readAll(users, kind, options));
  const user = await insert(users, kind, answers);
  if (answers.password !== null) await passwordChanged(answers.password, user, validators);
}

async function insert(users: CommandUserStore, { method }: UserKind, answers: Answers): Promise<BaseUser> {
  try {
    return await users[method](answers);
  } catch (error) {
    // The name is empty, or was taken meanwhile.
    if (error instanceof RangeError) throw new CommandError(error.message, { cause: error });
    throw error;
  }
}

async function askAll(
  users: CommandUserStore,
  given: UserOptions,
  validators: readonly PasswordValidator[],
): Promise<Answers> {
  const terminal = new Terminal(process.stdin, process.stdout);
  try {
    const username = await askUsername(terminal, users, given.username);
    const email = given.email === undefined ? await askEmail(terminal) : checked(given.email, emailError(given.email));
    return { username, email, password: await askPassword(terminal, { username, email }, validators) };
  } finally {
    terminal.close();
  }
}

async function askUsername(terminal: Terminal, users: CommandUserStore, given?: string): Promise<string> {
  if (given === '') throw new CommandError('Username cannot be blank.');
  if (given !== undefined) {
    const complaint = (await takenError(users, given)) ?? usernameError(given);
    if (complaint === null) return given;
    complain(complaint);
  }
  const offered = await offeredUsername(users);
  const question = offered === '' ? 'Username: ' : `Username (leave blank to use '${offered}'): `;
  for (;;) {
    const answer = await terminal.ask(question);
    const username = answer === '' ? offered : answer;
    const complaint = username === '' ? 'Error: This field cannot be blank.' : await answerError(users, username);
    if (complaint === null) return username;
    complain(complaint);
  }
}

async function answerError(users: CommandUserStore, username: string): Promise<string | null> {
  const complaint = usernameError(username);
  return complaint === null ? takenError(users, username) : `Error: ${complaint}`;
}

/** The name of the system's user, if it could be one here. */
async function offeredUsername(users: CommandUserStore): Promise<string> {
  let name: string;
  try {
    name = userInfo().username.replaceAll(' ', '').toLowerCase();
  } catch {
    return ''; // the process runs as a user without a name
  }
  return (await answerError(users, name)) === null ? name : '';
}

async function takenError(users: CommandUserStore, username: string): Promise<string | null> {
  return (await users.getByNaturalKey(username)) === null ? null : 'Error: That username is already taken.';
}

async function askEmail(terminal: Terminal): Promise<string> {
  for (;;) {
    const email = await terminal.ask('Email address: ');
    const complaint = emailError(email);
    if (complaint === null) return email;
    complain(`Error: ${complaint}`);
  }
}

async function askPassword(
  terminal: Terminal,
  user: Pick<Answers, 'username' | 'email'>,
  validators: readonly PasswordValidator[],
): Promise<string> {
  for (;;) {
    const password = await terminal.askHidden('Password: ');
    const again = await terminal.askHidden('Password (again): ');
    if (password !== again) complain("Error: Your passwords didn't match.");
    else if (password.trim() === '') complain("Error: Blank passwords aren't allowed.");
    else if (await isAccepted(terminal, await passwordErrors(password, user, validators))) return password;
  }
}

/** Whether a password will do: it breaks no rule, or whoever chose it insists. */
async function isAccepted(terminal: Terminal, errors: readonly string[]): Promise<boolean> {
  if (errors.length === 0) return true;
  complain(errors.join('\n'));
  const answer = await terminal.ask('Bypass password validation and create user anyway? [y/N]: ');
  return answer.toLowerCase() === 'y';
}

/** What `--noinput` works with: options, then the environment. */
async function readAll(users: CommandUserStore, { prefix }: UserKind, given: UserOptions): Promise<Answers> {
  const username = given.username ?? process.env[`${prefix}USERNAME`];
  if (username === undefined) throw new CommandError('You must use --username with --noinput.');
  checked(username, (await takenError(users, username)) ?? usernameError(username));
  // An empty address must be said to be one; left out, it may have been forgotten.
  const emails = [given.email, process.env[`${prefix}EMAIL`]].filter((email) => email !== undefined);
  const email = emails.find((candidate) => candidate !== '') ?? emails[0];
  if (email === undefined) throw new CommandError('You must use --email with --noinput.');
  checked(email, emailError(email));
  return { username, email, password: readPassword(`${prefix}PASSWORD`) };
}

/** Unlike Django's command it refuses an empty password, with which Basic authentication would let everybody in. */
function readPassword(variable: string): string | null {
  const password = process.env[variable] ?? null;
  if (password?.trim() !== '') return password;
  throw new CommandError(`${variable} is empty. Unset it for a user whom no password lets in.`);
}

/** @throws CommandError when there is a complaint about the value */
function checked(value: string, complaint: string | null): string {
  if (complaint !== null) throw new CommandError(complaint);
  return value;
}
