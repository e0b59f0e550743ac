import type { EntitySchema } from '@mikro-orm/core';
import type * as Postgresql from '@mikro-orm/postgresql';
import { OutstandingToken, RefreshFamily } from '../auth/jwt/models';
import type { BlacklistStore, RefreshFamilyStore } from '../auth/jwt/store';
import type { KnoxStore } from '../auth/knox/store';
import type { SessionStore } from '../auth/session/store';
import { defaultPasswordValidators, type PasswordValidator } from '../core/passwords/validation';
import type { Settings } from '../core/settings';
import type * as Library from '../mikro-orm';
import { findConfig, valueOf } from './config';
import type { CommandConfig, CommandOrm, CommandTokenStore, CommandUserStore, ConfigFile } from './config';
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
    const { users, user } = this.#config;
    return users?.(this.orm) ?? this.#library.userStore(this.orm, user === undefined ? {} : { entity: user });
  }

  get tokens(): CommandTokenStore {
    return this.#config.tokens?.(this.orm) ?? this.#library.tokenStore(this.orm);
  }

  get sessions(): SessionStore {
    return this.#config.sessions?.(this.orm) ?? this.#library.sessionStore(this.orm);
  }

  get knoxTokens(): Pick<KnoxStore, 'flushExpired'> {
    return this.#config.knoxTokens?.(this.orm) ?? this.#library.knoxStore(this.orm);
  }

  /** The blacklist of JSON web tokens; null for an app that has families, and no blacklist. */
  get blacklist(): BlacklistStore | null {
    const { blacklist } = this.#config;
    if (blacklist !== undefined) return blacklist(this.orm);
    const isLeftOut = this.families !== null && !this.#maps(OutstandingToken);
    return isLeftOut ? null : this.#library.blacklistStore(this.orm);
  }

  /** The families of refresh tokens; null where the app has none. */
  get families(): RefreshFamilyStore | null {
    const { families } = this.#config;
    if (families !== undefined) return families(this.orm);
    return this.#maps(RefreshFamily) ? this.#library.refreshFamilyStore(this.orm) : null;
  }

  #maps(entity: unknown): boolean {
    return [...this.orm.em.getMetadata()].some((meta) => meta.class === entity);
  }

  /** The settings of the app; null where the configuration has none. */
  async settings(): Promise<Settings | null> {
    const { settings } = this.#config;
    return settings === undefined ? null : valueOf(settings);
  }

  /** The rules for new passwords: those of the settings, if the configuration has any. */
  async passwordValidators(): Promise<readonly PasswordValidator[]> {
    return (await this.settings())?.passwordValidators ?? defaultPasswordValidators;
  }

  migrate(): Promise<string[]> {
    return this.#library.migrate(this.orm, { models: this.#config.models ?? [] });
  }

  migrateTo(target: string): Promise<Library.Movement> {
    return this.#library.migrateTo(this.orm, target);
  }

  listMigrations(): Promise<readonly Library.MigrationStatus[]> {
    return this.#library.listMigrations(this.orm);
  }

  adopt(): Promise<Library.Adoption> {
    return this.#library.adopt(this.orm);
  }
}

/**
 * What a command works on beside the tables of all commands, where no app has mapped its own: groups of entities.
 * @param user the users of the app
 */
export type MoreEntities = (library: typeof Library, user: EntitySchema) => readonly (readonly EntitySchema[])[];

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
  const orm = await open(found, library, moreEntities);
  try {
    return await work(new Database(orm, library, found?.config ?? {}));
  } finally {
    await orm.close(true);
  }
}

async function open(
  found: ConfigFile | null,
  library: typeof Library,
  moreEntities: MoreEntities,
): Promise<CommandOrm> {
  const config = found?.config ?? {};
  if (config.orm !== undefined) return valueOf(config.orm);
  const clientUrl = process.env['DATABASE_URL'];
  if (clientUrl === undefined || clientUrl === '') throw new CommandError(sayNoDatabase(found));
  const djangoSchemas = library.djangoSchemas(config.user);
  const entities = config.entities === undefined ? djangoSchemas : await valueOf(config.entities);
  const { MikroORM } = await importPostgresql();
  // The first query of the command tells what is wrong; MikroORM would print it as well.
  const orm = await MikroORM.init({ clientUrl, entities: [...entities], logger: () => undefined });
  if (config.entities === undefined) await mapMore(orm, moreEntities(library, djangoSchemas[0]!));
  return orm;
}

/** Maps the groups whose tables are there. Where none is, the first is mapped: its query tells what the database lacks. */
async function mapMore(orm: Postgresql.MikroORM, groups: ReturnType<MoreEntities>): Promise<void> {
  const [first] = groups;
  if (first === undefined) return;
  const found: EntitySchema[] = [];
  for (const group of groups) if (await areThere(orm, group)) found.push(...group);
  orm.discoverEntity(found.length > 0 ? found : [...first]);
}

async function areThere(orm: Postgresql.MikroORM, group: readonly EntitySchema[]): Promise<boolean> {
  const marks = group.map(() => 'to_regclass(?) IS NOT NULL').join(' AND ');
  const tables = group.map(({ meta }) => meta.tableName);
  const [row] = await orm.em.getConnection().execute<{ there: boolean }[]>(`SELECT ${marks} AS there`, tables);
  return row!.there;
}

function sayNoDatabase(found: ConfigFile | null): string {
  const cure = 'Set DATABASE_URL=postgres://user:password@host:port/name, or export the MikroORM of your app as `orm`';
  return found === null
    ? `No database is named. ${cure} from sallyport.config.js.`
    : `${found.file} exports no \`orm\`, and DATABASE_URL names no database. ${cure}.`;
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
