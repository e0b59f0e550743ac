import type { Command } from 'commander';
import { systemClock } from '../../core/clock';
import { withDatabase, type Database } from '../database';
import { configOf } from '../options';
import { print } from '../output';

export function addFlushExpiredTokens(program: Command): void {
  program
    .command('flushexpiredtokens')
    .description(
      'Remove JSON web tokens that have expired from blacklist and families; prints nothing, for a job of each night',
    )
    .option('--json', 'print how many there were as JSON', false)
    .action(async ({ json }: { json: boolean }) => {
      const now = new Date(systemClock.now());
      const flushed = await withDatabase(
        configOf(program),
        (database) => flush(database, now),
        ({ blacklistSchemas, RefreshFamilySchema }, user) => [blacklistSchemas({ user }), [RefreshFamilySchema]],
      );
      if (json) print(JSON.stringify(flushed));
    });
}

interface Flushed {
  /** Tokens of the blacklist. */
  readonly flushed: number;
  /** Families of refresh tokens. */
  readonly families: number;
}

async function flush({ blacklist, families }: Database, now: Date): Promise<Flushed> {
  return {
    flushed: (await blacklist?.flushExpired(now)) ?? 0,
    families: (await families?.flushExpired(now)) ?? 0,
  };
}
