import type { Command } from 'commander';
import { generateKey } from '../../auth/token/models';
import { authtoken } from '../../auth/token/settings';
import { hashKey, isHashedKey } from '../../crypto/key-at-rest';
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
      const key = await withDatabase(configOf(program), (database) => createToken(database, username, reset));
      print(json === true ? JSON.stringify({ token: key, username }) : `Generated token ${key} for user ${username}`);
    });
}

/**
 * The key of a user, made if there is none.
 *
 * @param reset whether a new one takes the place of the old one
 * @throws CommandError when there is no such user, or a key that can't be shown
 */
async function createToken(database: Database, username: string, reset: boolean): Promise<string> {
  const { users, tokens } = database;
  const user = await users.getByNaturalKey(username);
  if (user === null) throw new CommandError(`Cannot create the Token: user ${username} does not exist`);
  const settings = await database.settings();
  const isHashed = settings !== null && authtoken.find(settings)?.keysAtRest === 'hashed';
  const fresh = generateKey();
  const stored = isHashed ? hashKey(fresh) : undefined;
  const token = reset
    ? await tokens.replace(user, undefined, stored)
    : (await tokens.getOrCreate(user, undefined, stored))[0];
  const { key } = token;
  if (key === stored) return fresh;
  if (isHashedKey(key)) {
    throw new CommandError(
      `The token of user ${username} rests hashed, so it can't be shown again. With --reset a new one takes its place.`,
    );
  }
  // Somebody has seen it now, as if it had been used: it needn't rest in clear any longer.
  if (isHashed) await tokens.find(key, undefined, hashKey(key));
  return key;
}
