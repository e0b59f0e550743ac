import type { Command } from 'commander';
import type { TokenRecord } from '../../auth/token/store';
import { withDatabase, type Database } from '../database';
import { CommandError } from '../errors';
import { configOf } from '../options';
import { print } from '../output';

export function addCreateToken(program: Command): void {
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

/**
 * The token of a user, made if there is none.
 *
 * @param reset whether a new one takes the place of the old one
 * @throws CommandError when there is no such user
 */
async function createToken({ users, tokens }: Database, username: string, reset: boolean): Promise<TokenRecord> {
  const user = await users.getByNaturalKey(username);
  if (user === null) throw new CommandError(`Cannot create the Token: user ${username} does not exist`);
  if (reset) return tokens.replace(user);
  const [token] = await tokens.getOrCreate(user);
  return token;
}
