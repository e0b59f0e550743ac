import type { Command } from 'commander';
import { systemClock } from '../../core/clock';
import { withDatabase } from '../database';
import { configOf } from '../options';
import { print } from '../output';

export function addClearSessions(program: Command): void {
  program
    .command('clearsessions')
    .description('Remove the sessions that have ended; prints nothing, as a job that runs each night should')
    .option('--json', 'print how many there were as JSON', false)
    .action(async ({ json }: { json: boolean }) => {
      const now = new Date(systemClock.now());
      const cleared = await withDatabase(configOf(program), ({ sessions }) => sessions.clearExpired(now));
      if (json) print(JSON.stringify({ cleared }));
    });
}
