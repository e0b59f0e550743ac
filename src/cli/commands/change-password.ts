import type { Command } from 'commander';
import { userInfo } from 'node:os';
import { passwordChanged, type PasswordValidator } from '../../core/passwords/validation';
import type { BaseUser } from '../../core/users';
import { withDatabase, type Database } from '../database';
import { CommandError } from '../errors';
import { configOf } from '../options';
import { complain, print } from '../output';
import { Terminal } from '../terminal';
import { passwordErrors } from '../validation';

export function addChangePassword(program: Command): void {
  program
    .command('changepassword')
    .description('Change the password of a user, whose sessions end')
    .argument('[username]', "the login of the user (default: the name of the system's user)")
    .action(async (given: string | undefined) => {
      const username = given ?? userInfo().username;
      await withDatabase(configOf(program), (database) => changePassword(database, username));
    });
}

/**
 * Django's command, with its questions and texts.
 * @throws CommandError when there is no such user, or no password
 */
async function changePassword(database: Database, username: string): Promise<void> {
  const { users } = database;
  const user = await users.getByNaturalKey(username);
  if (user === null) throw new CommandError(`user '${username}' does not exist`);
  print(`Changing password for user '${username}'`);
  const validators = await database.passwordValidators();
  const terminal = new Terminal(process.stdin, process.stdout);
  try {
    const password = await askPassword(terminal, { username, user, validators });
    await users.setPassword(user, password);
    await passwordChanged(password, user, validators);
  } finally {
    terminal.close();
  }
  print(`Password changed successfully for user '${username}'`);
}

interface PasswordOwner {
  readonly username: string;
  readonly user: BaseUser;
  readonly validators: readonly PasswordValidator[];
}

const MAX_TRIES = 3;

async function askPassword(terminal: Terminal, { username, user, validators }: PasswordOwner): Promise<string> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const password = await askHidden(terminal, 'Password: ');
    if (password !== (await askHidden(terminal, 'Password (again): '))) {
      print('Passwords do not match. Please try again.');
      continue;
    }
    const errors = await passwordErrors(password, user, validators);
    if (errors.length === 0) return password;
    complain(errors.join('\n'));
  }
  throw new CommandError(`Aborting password change for user '${username}' after ${String(MAX_TRIES)} attempts`);
}

async function askHidden(terminal: Terminal, question: string): Promise<string> {
  const password = await terminal.askHidden(question);
  if (password === '') throw new CommandError('aborted');
  return password;
}
