import type { EntityClass, EntitySchema, EventArgs } from '@mikro-orm/core';
import { APIKey, type AbstractAPIKey } from '../../auth/api-key/models';
import { systemClock } from '../../core/clock';
import type { Clock } from '../../core/clock';
import { djangoName } from './django-names';
import { creationMoment, flag, likeIndex, moment, standaloneSchema, text } from './schema';
import type { SchemaProperties } from './schema';

/** How a class of API keys is mapped. */
export interface APIKeySchemaOptions<K extends AbstractAPIKey> {
  /** A class derived from `AbstractAPIKey`. */
  readonly class: EntityClass<K>;
  /** @default 'rest_framework_api_key_apikey' */
  readonly tableName?: string;
  /** Columns of your own, or another form of these. */
  readonly properties?: Partial<SchemaProperties<K>>;
  /** Dates the rows. @default the system's */
  readonly clock?: Clock;
}

/**
 * Maps a class of API keys to the columns of `rest_framework_api_key`, for the list of entities of an app.
 *
 * `id` and `hashed_key` have room for 150 characters, as in version 3 of the package. Versions 1 and 2 had 100, which is
 * enough for what is written here: let `schemaGenerator.skipTables` of MikroORM name such a table.
 */
export function apiKeySchema<K extends AbstractAPIKey = APIKey>(options: APIKeySchemaOptions<K>): EntitySchema<K> {
  const { class: entityClass, tableName = 'rest_framework_api_key_apikey', clock = systemClock } = options;
  const all = {
    id: { ...text(150), primary: true },
    created: { ...creationMoment(clock), index: djangoName(tableName, 'created', '') },
    name: text(50),
    revoked: flag,
    expiryDate: { ...moment, fieldName: 'expiry_date', nullable: true },
    hashedKey: { ...text(150), fieldName: 'hashed_key', hidden: true },
    prefix: { ...text(8), unique: `${tableName}_prefix_key` },
    ...options.properties,
  };
  return standaloneSchema<K>({
    class: entityClass,
    tableName,
    indexes: [likeIndex(tableName, 'id', all), likeIndex(tableName, 'prefix', all)],
    properties: all as unknown as SchemaProperties<K>,
    hooks: { beforeUpdate: [refuseRevival] },
  });
}

/** The package's own keys. */
export const APIKeySchema: EntitySchema<APIKey> = apiKeySchema<APIKey>({ class: APIKey });

/** A key that was called back may be known to a stranger. */
function refuseRevival<K extends AbstractAPIKey>({ entity, changeSet }: EventArgs<K>): void {
  const before = changeSet?.originalEntity as Partial<AbstractAPIKey> | undefined;
  if (before?.revoked !== true || entity.revoked) return;
  throw new Error('The API key has been revoked, which cannot be undone.');
}
