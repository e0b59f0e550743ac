import type { Command } from 'commander';
import { withDatabase, type Database } from '../database';
import { CommandError } from '../errors';
import { configOf } from '../options';
import { print } from '../output';

export function addHashTokens(program: Command): void {
  program
    .command('hashtokens')
    .description('Hash the keys of DRF Tokens that rest in clear, for apps that have them hashed; clients keep theirs')
    .option('--dry-run', 'only say how many there are', false)
    .option('--json', 'print how many there were as JSON', false)
    .action(async ({ dryRun, json }: { dryRun: boolean; json: boolean }) => {
      const count = await withDatabase(configOf(program), (database) => hashTokens(database, dryRun));
      const [noun, verb] = count === 1 ? ['key', 'rests'] : ['keys', 'rest'];
      const text = dryRun ? `${String(count)} ${noun} ${verb} in clear.` : `Hashed ${String(count)} ${noun}.`;
      print(json ? JSON.stringify(dryRun ? { clear: count } : { hashed: count }) : text);
    });
}

/** @throws CommandError when the store of the app can't do it */
async function hashTokens({ tokens }: Database, dryRun: boolean): Promise<number> {
  const count = dryRun ? tokens.countClearKeys?.() : tokens.hashKeys?.();
  if (count !== undefined) return count;
  throw new CommandError(
    'The store that `tokens` gives has no methods `hashKeys` and `countClearKeys`, as `tokenStore(orm)` has.',
  );
}
