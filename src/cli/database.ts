import type { EntitySchema } from '@mikro-orm/core';
import type * as Postgresql from '@mikro-orm/postgresql';
import type { BlacklistStore } from '../auth/jwt/store';
import type { SessionStore } from '../auth/session/store';
import type { TokenStore } from '../auth/token/store';
import { defaultPasswordValidators, type PasswordValidator } from '../core/passwords/validation';
import type * as Library from '../mikro-orm';
import { findConfig, valueOf } from './config';
import type { CommandConfig, CommandOrm, CommandUserStore, ConfigFile } from './config';
import { CommandError } from './errors';

/** What a command works on. */
export class Database {
  readonly #library: typeof Library;
  readonly #config: Omit<CommandConfig, 'orm'>;

  constructor(
    readonly orm: CommandOrm,
    library: typeof Library,
    config: Omit<CommandConfig, 'orm'>,
  ) {
    this.#library = library;
    this.#config = config;
  }

  get users(): CommandUserStore {
    return this.#config.users?.(this.orm) ?? this.#library.userStore(this.orm);
  }

  get tokens(): TokenStore {
    return this.#config.tokens?.(this.orm) ?? this.#library.tokenStore(this.orm);
  }

  get sessions(): SessionStore {
    return this.#config.sessions?.(this.orm) ?? this.#library.sessionStore(this.orm);
  }

  get blacklist(): BlacklistStore {
    return this.#config.blacklist?.(this.orm) ?? this.#library.blacklistStore(this.orm);
  }

  /** The rules for new passwords: those of the settings, if the configuration has any. */
  async passwordValidators(): Promise<readonly PasswordValidator[]> {
    const { settings } = this.#config;
    return settings === undefined ? defaultPasswordValidators : (await valueOf(settings)).passwordValidators;
  }

  migrate(): Promise<string[]> {
    return this.#library.migrate(this.orm);
  }
}

/** Entities that a command needs beside those of all commands, where no app has mapped them. */
export type MoreEntities = (library: typeof Library) => readonly EntitySchema[];

/**
 * Runs something on the database of the app, and closes it.
 *
 * @param path the configuration file, if one was named
 * @throws CommandError when there is no database to find
 */
export async function withDatabase<T>(
  path: string | undefined,
  work: (database: Database) => Promise<T>,
  moreEntities: MoreEntities = () => [],
): Promise<T> {
  const found = await findConfig(path);
  const library = loadLibrary();
  const orm = found === null ? await openFromEnvironment(library, moreEntities) : await open(found);
  try {
    return await work(new Database(orm, library, found?.config ?? {}));
  } finally {
    await orm.close(true);
  }
}

async function open({ file, config: { orm } }: ConfigFile): Promise<CommandOrm> {
  if (orm === undefined) {
    throw new CommandError(`${file} exports no \`orm\`: a MikroORM, or a function that gives one.`);
  }
  return valueOf(orm);
}

async function openFromEnvironment(library: typeof Library, moreEntities: MoreEntities): Promise<CommandOrm> {
  const clientUrl = process.env['DATABASE_URL'];
  if (clientUrl === undefined || clientUrl === '') {
    throw new CommandError(
      'No database is named. Set DATABASE_URL=postgres://user:password@host:port/name, or export the MikroORM of your app as `orm` from sallyport.config.js.',
    );
  }
  const { MikroORM } = await importPostgresql();
  const { UserSchema, TokenSchema, SessionSchema } = library;
  const entities = [UserSchema, TokenSchema, SessionSchema, ...moreEntities(library)];
  // The first query of the command tells what is wrong; MikroORM would print it as well.
  return MikroORM.init({ clientUrl, entities, logger: () => undefined });
}

// Neither is loaded before a command needs it: `--help` answers at once, and without a database driver.

function loadLibrary(): typeof Library {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- see above; a dynamic import would leave CommonJS
    return require('../mikro-orm') as typeof Library;
  } catch (error) {
    throw explainMissing(error);
  }
}

async function importPostgresql(): Promise<typeof Postgresql> {
  try {
    return await import('@mikro-orm/postgresql');
  } catch (error) {
    throw explainMissing(error);
  }
}

function explainMissing(error: unknown): unknown {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (!code.endsWith('MODULE_NOT_FOUND') || !message.includes('@mikro-orm/')) return error;
  return new CommandError('This needs MikroORM: npm install @mikro-orm/core @mikro-orm/postgresql', { cause: error });
}
