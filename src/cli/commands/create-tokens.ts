import type { Command } from 'commander';
import { withDatabase, type Database } from '../database';
import { CommandError } from '../errors';
import { configOf } from '../options';
import { print } from '../output';

export function addCreateTokens(program: Command): void {
  program
    .command('createtokens')
    .description('Make a DRF Token for each user who has none; the keys are not printed')
    .option('--json', 'print how many were made as JSON', false)
    .action(async ({ json }: { json: boolean }) => {
      const created = await withDatabase(configOf(program), createTokens);
      const noun = created === 1 ? 'token' : 'tokens';
      print(json ? JSON.stringify({ created }) : `Created ${String(created)} ${noun}.`);
    });
}

/** @throws CommandError when the store of the app can't do it */
async function createTokens({ tokens }: Database): Promise<number> {
  if (tokens.createMissing !== undefined) return tokens.createMissing();
  throw new CommandError('The store that `tokens` gives has no method `createMissing`, as `tokenStore(orm)` has.');
}
