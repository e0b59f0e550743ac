import type { TokenRecord } from '../auth/token/store';
import type { Database } from './database';
import { CommandError } from './errors';

/**
 * The token of a user, made if there is none.
 *
 * @param reset whether a new one takes the place of the old one
 * @throws CommandError when there is no such user
 */
export async function createToken({ users, tokens }: Database, username: string, reset: boolean): Promise<TokenRecord> {
  const user = await users.getByNaturalKey(username);
  if (user === null) throw new CommandError(`Cannot create the Token: user ${username} does not exist`);
  if (reset) return tokens.replace(user);
  const [token] = await tokens.getOrCreate(user);
  return token;
}
