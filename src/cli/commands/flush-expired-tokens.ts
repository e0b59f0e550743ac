import type { Command } from 'commander';
import { systemClock } from '../../core/clock';
import { withDatabase } from '../database';
import { configOf } from '../options';
import { print } from '../output';

export function addFlushExpiredTokens(program: Command): void {
  program
    .command('flushexpiredtokens')
    .description('Remove JSON web tokens that have expired from the blacklist; prints nothing, for a job of each night')
    .option('--json', 'print how many there were as JSON', false)
    .action(async ({ json }: { json: boolean }) => {
      const now = new Date(systemClock.now());
      const flushed = await withDatabase(
        configOf(program),
        ({ blacklist }) => blacklist.flushExpired(now),
        ({ blacklistSchemas }) => blacklistSchemas(),
      );
      if (json) print(JSON.stringify({ flushed }));
    });
}
