import { Option, type Command } from 'commander';
import type { Adoption, AdoptedTable, MigrationStatus, Movement } from '../../mikro-orm';
import { withDatabase, type Database } from '../database';
import { CommandError } from '../errors';
import { configOf } from '../options';
import { print } from '../output';

interface MigrateOptions {
  readonly list: boolean;
  readonly to?: string;
  readonly adopt: boolean;
  readonly json: boolean;
}

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description("Bring the library's tables up to date, or to another state")
    .addOption(new Option('--list', 'tell which migrations have run, and change nothing').default(false))
    .addOption(
      new Option('--to <name>', 'go to the state behind a migration, forth or back; `zero` is before all').conflicts(
        'list',
      ),
    )
    .addOption(
      new Option('--adopt', "take over a database of Django's: recognise its tables, and change nothing in them")
        .default(false)
        .conflicts(['list', 'to']),
    )
    .option('--json', 'print the names of the migrations as JSON', false)
    .addHelpText(
      'after',
      '\nMigrations are named in full or by their beginning: sallyport_0009_django_session, or 0009. The way back drops\n' +
        "tables with their rows; in a database that Django migrates, Django's tables stay.",
    )
    .action(async (options: MigrateOptions) => {
      print(await withDatabase(configOf(program), (database) => migrate(database, options)));
    });
}

/** @returns what is to be printed */
async function migrate(database: Database, { list, to, adopt, json }: MigrateOptions): Promise<string> {
  if (list) return write(await database.listMigrations(), json, describeList);
  if (to !== undefined) return write(await database.migrateTo(to), json, describeMovement);
  if (adopt) return write(assertAlike(await database.adopt()), json, describeAdoption);
  return write({ applied: await database.migrate() }, json, describeMovement);
}

function write<T>(result: T, isJson: boolean, describe: (result: T) => string[]): string {
  return isJson ? JSON.stringify(result) : describe(result).join('\n');
}

function describeMovement({ applied, reverted = [] }: Partial<Movement> & Pick<Movement, 'applied'>): string[] {
  const lines = [
    ...reverted.map((name) => `  Unapplying ${name}... OK`),
    ...applied.map((name) => `  Applying ${name}... OK`),
  ];
  return ['Running migrations:', ...(lines.length === 0 ? ['  No migrations to apply.'] : lines)];
}

function describeList(migrations: readonly MigrationStatus[]): string[] {
  return migrations.map(({ name, applied, mapped }) => {
    const note = applied || mapped ? '' : ' (no class is mapped to its table)';
    return ` [${applied ? 'X' : ' '}] ${name}${note}`;
  });
}

const OUTCOMES: Readonly<Record<AdoptedTable['state'], string>> = {
  adopted: 'OK',
  known: 'OK, and known before',
  missing: 'not there; `sallyport migrate` would make it',
  different: 'different',
};

function describeAdoption({ tables, applied }: Adoption): string[] {
  return [
    'Recognising tables:',
    ...tables.map(({ table, state }) => `  ${table}... ${OUTCOMES[state]}`),
    ...(applied.length === 0 ? [] : describeMovement({ applied })),
  ];
}

/** @throws CommandError when nothing was adopted */
function assertAlike(adoption: Adoption): Adoption {
  const { tables } = adoption;
  const different = tables.filter(({ state }) => state === 'different');
  if (different.length > 0) {
    const lines = different.flatMap(({ table, differences }) => differences.map((text) => `  ${table}: ${text}`));
    throw new CommandError(`Nothing was adopted, as tables differ from what is mapped:\n${lines.join('\n')}`);
  }
  if (tables.every(({ state }) => state === 'missing')) {
    throw new CommandError('There is nothing to adopt. `sallyport migrate` makes the tables.');
  }
  return adoption;
}
