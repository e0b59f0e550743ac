import type { Orm } from '../orm';
import { withLedger } from './ledger';
import { migrations } from './migrations';
import { insertPermissions } from './permissions';
import type { ModelDeclaration } from './permissions';

/** What `migrate` makes beside tables. */
export interface MigrateOptions {
  /** The models of the app for which permissions are made. @default [] */
  readonly models?: readonly ModelDeclaration[];
}

/**
 * Brings our tables up to date, and makes the permissions that are missing (see `createPermissions`), in one transaction.
 * Processes that start together wait for each other.
 * @returns the names of the migrations that ran
 */
export function migrate(orm: Orm, { models = [] }: MigrateOptions = {}): Promise<string[]> {
  return withLedger(orm, async (ledger) => {
    const applied = await ledger.apply(migrations);
    await insertPermissions(ledger.em, models);
    return applied;
  });
}

/** What `migrateTo` has done. */
export interface Movement {
  readonly applied: readonly string[];
  /** The last one first. */
  readonly reverted: readonly string[];
}

/**
 * Goes to the state behind a migration, forth or back, in one transaction. The way back drops tables with all their
 * rows, but for those of a database that Django migrates.
 *
 * @param target a migration's name, or as much of it as tells it from others (`0009`), or `zero` for the state before all
 * @throws RangeError when no migration goes by that name, or several do
 */
export async function migrateTo(orm: Orm, target: string): Promise<Movement> {
  const count = target === 'zero' ? 0 : placeOf(target) + 1;
  return withLedger(orm, async (ledger) => ({
    reverted: await ledger.revert(migrations.slice(count)),
    applied: await ledger.apply(migrations.slice(0, count)),
  }));
}

const PREFIX = 'sallyport_';

function placeOf(target: string): number {
  const names = migrations.map(({ name }) => name);
  const exact = names.indexOf(target);
  if (exact >= 0) return exact;
  const found = names.filter((name) => name.startsWith(target) || name.startsWith(PREFIX + target));
  if (found.length === 1) return names.indexOf(found[0]!);
  const problem = found.length === 0 ? 'No migration' : 'More than one migration';
  throw new RangeError(`${problem} goes by the name ${target}. There are zero, ${names.join(', ')}.`);
}
