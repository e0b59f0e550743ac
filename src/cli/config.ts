import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TokenStore } from '../auth/token/store';
import type { Awaitable } from '../core/policy';
import type { BaseUser, NewUser } from '../core/users';
import type { Orm } from '../mikro-orm';
import { CommandError } from './errors';

/** The MikroORM of an app. */
export interface CommandOrm extends Orm {
  close(force?: boolean): Promise<unknown>;
}

/** What the commands ask of the table of users; `userStore(orm)` gives one. */
export interface CommandUserStore {
  getByNaturalKey(username: string): Promise<BaseUser | null>;
  createUser(fields: NewUser): Promise<BaseUser>;
  createSuperuser(fields: NewUser): Promise<BaseUser>;
}

/**
 * What `sallyport.config.js` exports.
 *
 * @example
 * export { createOrm as orm } from './dist/database.js';
 * export const users = (orm) => userStore(orm, { entity: Member });
 */
export interface CommandConfig {
  /** The app's MikroORM, also as a promise, or a function that gives it. The command closes it at its end. */
  readonly orm: Awaitable<CommandOrm> | (() => Awaitable<CommandOrm>);
  /** @default userStore(orm) */
  readonly users?: (orm: CommandOrm) => CommandUserStore;
  /** @default tokenStore(orm) */
  readonly tokens?: (orm: CommandOrm) => TokenStore;
}

const NAMES = ['js', 'cjs', 'mjs', 'ts'].map((extension) => `sallyport.config.${extension}`);

/**
 * The configuration in the named file, else in that of the current folder; null where there is none.
 * @throws CommandError when the file can't be loaded, or exports no `orm`
 */
export async function findConfig(path: string | undefined): Promise<CommandConfig | null> {
  const found = path ?? NAMES.find((name) => existsSync(name));
  if (found === undefined) return null;
  const file = resolve(found);
  if (!existsSync(file)) throw new CommandError(`There is no file ${file}.`);
  const config = exportsOf(await load(file));
  if (config !== null) return config;
  throw new CommandError(`${file} exports no \`orm\`: a MikroORM, or a function that gives one.`);
}

async function load(file: string): Promise<unknown> {
  try {
    return (await import(pathToFileURL(file).href)) as unknown;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_UNKNOWN_FILE_EXTENSION') {
      throw new CommandError(`This Node can't load ${file}. Let --config name the file that it is compiled to.`, {
        cause,
      });
    }
    throw new CommandError(`${file} can't be loaded: ${String(cause)}`, { cause });
  }
}

/** Depending on how a module was written and compiled, its exports stand beside or below `default`. */
function exportsOf(module: unknown): CommandConfig | null {
  if (typeof module !== 'object' || module === null) return null;
  if ('orm' in module) return module as CommandConfig;
  return 'default' in module ? exportsOf(module.default) : null;
}
