import type { Command } from 'commander';
import { AuthToken } from '../../auth/knox/models';
import { systemClock } from '../../core/clock';
import { withDatabase } from '../database';
import { configOf } from '../options';
import { print } from '../output';

export function addFlushExpired(program: Command): void {
  program
    .command('flushexpired')
    .description("Remove knox's tokens that have ended; prints nothing, for a job of each night")
    .option('--json', 'print how many there were as JSON', false)
    .action(async ({ json }: { json: boolean }) => {
      const now = new Date(systemClock.now());
      const flushed = await withDatabase(
        configOf(program),
        ({ knoxTokens }) => knoxTokens.flushExpired(now),
        ({ authTokenSchema, AuthTokenDetailsSchema }, user) => [
          [authTokenSchema({ class: AuthToken, user })],
          [AuthTokenDetailsSchema],
        ],
      );
      if (json) print(JSON.stringify({ flushed }));
    });
}
