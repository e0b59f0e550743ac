import type { Command } from 'commander';
import { withDatabase } from '../database';
import { configOf } from '../options';
import { print } from '../output';

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description("Bring the library's tables up to date")
    .option('--json', 'print the names of the migrations as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const applied = await withDatabase(configOf(program), (database) => database.migrate());
      if (json === true) {
        print(JSON.stringify({ applied }));
        return;
      }
      print('Running migrations:');
      for (const name of applied) print(`  Applying ${name}... OK`);
      if (applied.length === 0) print('  No migrations to apply.');
    });
}
