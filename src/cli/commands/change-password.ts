import type { Command } from 'commander';
import { userInfo } from 'node:os';
import type { CommandUserStore } from '../config';
import { withDatabase } from '../database';
import { CommandError } from '../errors';
import { configOf } from '../options';
import { print } from '../output';
import { Terminal } from '../terminal';

export function addChangePassword(program: Command): void {
  program
    .command('changepassword')
    .description('Change the password of a user, whose sessions end')
    .argument('[username]', "the login of the user (default: the name of the system's user)")
    .action(async (given: string | undefined) => {
      const username = given ?? userInfo().username;
      await withDatabase(configOf(program), ({ users }) => changePassword(users, username));
    });
}

/**
 * Django's command, with its questions and texts.
 * @throws CommandError when there is no such user, or no password
 */
async function changePassword(users: CommandUserStore, username: string): Promise<void> {
  const user = await users.getByNaturalKey(username);
  if (user === null) throw new CommandError(`user '${username}' does not exist`);
  print(`Changing password for user '${username}'`);
  const terminal = new Terminal(process.stdin, process.stdout);
  try {
    await users.setPassword(user, await askPassword(terminal, username));
  } finally {
    terminal.close();
  }
  print(`Password changed successfully for user '${username}'`);
}

const MAX_TRIES = 3;

async function askPassword(terminal: Terminal, username: string): Promise<string> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const password = await askHidden(terminal, 'Password: ');
    if (password === (await askHidden(terminal, 'Password (again): '))) return password;
    print('Passwords do not match. Please try again.');
  }
  throw new CommandError(`Aborting password change for user '${username}' after ${String(MAX_TRIES)} attempts`);
}

async function askHidden(terminal: Terminal, question: string): Promise<string> {
  const password = await terminal.askHidden(question);
  if (password === '') throw new CommandError('aborted');
  return password;
}
