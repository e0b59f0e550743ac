import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BlacklistStore, RefreshFamilyStore } from '../auth/jwt/store';
import type { KnoxStore } from '../auth/knox/store';
import type { SessionStore } from '../auth/session/store';
import type { TokenStore } from '../auth/token/store';
import type { Awaitable } from '../core/policy';
import type { Settings } from '../core/settings';
import type { Route } from '../core/urls';
import type { BaseUser, NewUser, User, UserClass } from '../core/users';
import type { EntityList, ModelDeclaration, Orm } from '../mikro-orm';
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
  setPassword(user: BaseUser, raw: string): Promise<void>;
}

/** What the commands ask of the table of tokens; `tokenStore(orm)` gives one. */
export interface CommandTokenStore extends TokenStore {
  /** Needed for `createtokens` alone. */
  createMissing?(): Promise<number>;
  /** Hashes the keys that rest in clear, and says how many. */
  hashKeys?(): Promise<number>;
  /** How many keys rest in clear. */
  countClearKeys?(): Promise<number>;
}

/** A value, also as a promise, or a function that gives it: with that, nothing is opened for commands that don't need it. */
export type Given<T> = Awaitable<T> | (() => Awaitable<T>);

/**
 * What `sallyport.config.js` exports. Each command asks for what it needs, and says so where it is missing.
 *
 * @example
 * export { createOrm as orm } from './dist/database.js';
 * export const users = (orm) => userStore(orm, { entity: Member });
 * export const urls = async () => (await import('./dist/urls.js')).urls;
 */
export interface CommandConfig {
  /** The app's MikroORM. The command closes it at its end. */
  readonly orm?: Given<CommandOrm>;
  /**
   * Classes and schemas to be mapped in place of `orm`, on the database that DATABASE_URL names.
   * @default the users, tokens, sessions, groups and permissions of Django, and what `flushexpired` and
   * `flushexpiredtokens` clean, as far as its tables are there
   */
  readonly entities?: Given<EntityList>;
  /** The class of the users. Without `orm` and `entities` it is mapped to Django's table. @default User */
  readonly user?: UserClass<User>;
  /** Models of the app, for which `migrate` makes permissions. @default [] */
  readonly models?: readonly ModelDeclaration[];
  /** @default userStore(orm), of the class `user` */
  readonly users?: (orm: CommandOrm) => CommandUserStore;
  /** @default tokenStore(orm) */
  readonly tokens?: (orm: CommandOrm) => CommandTokenStore;
  /** @default sessionStore(orm) */
  readonly sessions?: (orm: CommandOrm) => SessionStore;
  /** The tokens of knox. @default knoxStore(orm) */
  readonly knoxTokens?: (orm: CommandOrm) => Pick<KnoxStore, 'flushExpired'>;
  /** @default blacklistStore(orm), but for an app that maps families alone */
  readonly blacklist?: (orm: CommandOrm) => BlacklistStore;
  /** The families of refresh tokens. @default refreshFamilyStore(orm), where `RefreshFamilySchema` is mapped */
  readonly families?: (orm: CommandOrm) => RefreshFamilyStore;
  /** The routes of the app: what `handle` is given. An app whose host routes by itself writes the same list. */
  readonly urls?: Given<readonly Route[]>;
  /**
   * Settings that `check` looks at beside those of the views. New passwords must please their `passwordValidators`, and
   * new tokens rest as they say.
   */
  readonly settings?: Given<Settings>;
  /** The ids of checks whose findings are known and meant so, such as `sallyport.W014`. @default [] */
  readonly silencedChecks?: readonly string[];
}

const EXPORTS: readonly (keyof CommandConfig)[] = [
  'orm',
  'entities',
  'user',
  'models',
  'users',
  'tokens',
  'sessions',
  'knoxTokens',
  'blacklist',
  'families',
  'urls',
  'settings',
  'silencedChecks',
];
const NAMES = ['js', 'cjs', 'mjs', 'ts'].map((extension) => `sallyport.config.${extension}`);

/** A configuration, and where it was found. */
export interface ConfigFile {
  readonly file: string;
  readonly config: CommandConfig;
}

/**
 * The configuration in the named file, else in that of the current folder; null where there is none.
 * @throws CommandError when the file can't be loaded
 */
export async function findConfig(path: string | undefined): Promise<ConfigFile | null> {
  const found = path ?? NAMES.find((name) => existsSync(name));
  if (found === undefined) return null;
  const file = resolve(found);
  if (!existsSync(file)) throw new CommandError(`There is no file ${file}.`);
  return { file, config: exportsOf(await load(file)) };
}

/** The value of an export. */
export async function valueOf<T>(given: Given<T>): Promise<T> {
  return typeof given === 'function' ? (given as () => Awaitable<T>)() : given;
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
function exportsOf(module: unknown): CommandConfig {
  if (typeof module !== 'object' || module === null) return {};
  if (EXPORTS.some((name) => name in module)) return module;
  return 'default' in module ? exportsOf(module.default) : {};
}
