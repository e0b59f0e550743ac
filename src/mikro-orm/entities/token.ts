import type { EntityClass, EntityKey, EntitySchema, EventArgs } from '@mikro-orm/core';
import { generateKey, Token } from '../../auth/token/models';
import type { BaseToken } from '../../auth/token/models';
import type { TokenRecord } from '../../auth/token/store';
import { systemClock } from '../../core/clock';
import type { Clock } from '../../core/clock';
import { systemRandom } from '../../crypto/random';
import type { RandomSource } from '../../crypto/random';
import { creationMoment, foreignKey, likeIndex, standaloneSchema, text } from './schema';
import type { SchemaProperties } from './schema';
import { UserSchema } from './user';

interface CommonOptions<T extends TokenRecord> {
  /** The users, by their schema or their class. @default UserSchema */
  readonly user?: EntitySchema<T['user']> | EntityClass<T['user']>;
  /** Columns of your own, or another form of these. */
  readonly properties?: Partial<SchemaProperties<T>>;
  /** Makes the keys of tokens that have none. @default the system's */
  readonly random?: RandomSource;
}

/** How a class of tokens is mapped to the columns of DRF's table. */
export interface TokenSchemaOptions<T extends Token> extends CommonOptions<T> {
  /** A class derived from `Token`. */
  readonly class: EntityClass<T>;
  /** @default 'authtoken_token' */
  readonly tableName?: string;
  /** Dates the rows. @default the system's */
  readonly clock?: Clock;
}

/** How a class of tokens of its own form is mapped. */
export interface BaseTokenSchemaOptions<T extends BaseToken> extends CommonOptions<T> {
  /** A class derived from `BaseToken`. */
  readonly class: EntityClass<T>;
  /** The table, as it is named in the database. */
  readonly tableName: string;
}

/** Maps a class of tokens to the columns of DRF's `authtoken_token`, for the list of entities of an app. */
export function tokenSchema<T extends Token = Token>(options: TokenSchemaOptions<T>): EntitySchema<T> {
  const { tableName = 'authtoken_token', clock = systemClock } = options;
  const columns: Partial<SchemaProperties<Token>> = { created: creationMoment(clock) };
  return keyedByUser<T>({ ...options, tableName }, columns as Partial<SchemaProperties<T>>);
}

/** Maps a class of tokens that can be called back: the key, the user, and `revoked`. */
export function baseTokenSchema<T extends BaseToken>(options: BaseTokenSchemaOptions<T>): EntitySchema<T> {
  const columns: Partial<SchemaProperties<BaseToken>> = { revoked: { type: 'boolean' } };
  return keyedByUser<T>(options, columns as Partial<SchemaProperties<T>>);
}

/** DRF's own tokens, of Django's own users. */
export const TokenSchema: EntitySchema<Token> = tokenSchema<Token>({ class: Token });

function keyedByUser<T extends TokenRecord>(
  options: CommonOptions<T> & { readonly class: EntityClass<T>; readonly tableName: string },
  more: Partial<SchemaProperties<T>>,
): EntitySchema<T> {
  const { class: entityClass, tableName, user = UserSchema, random = systemRandom, properties } = options;
  const all = {
    key: { ...text(40), primary: true },
    ...more,
    user: {
      kind: '1:1',
      owner: true,
      ...foreignKey(tableName, 'user_id', user),
      unique: false, // of its own, MikroORM would defer this too, and ON CONFLICT takes no constraint that is deferred
    },
    ...properties,
  };
  return standaloneSchema<T>({
    class: entityClass,
    tableName,
    indexes: [likeIndex(tableName, 'key', all)],
    uniques: [{ name: `${tableName}_user_id_key`, properties: ['user'] as EntityKey<T>[] }],
    properties: all as unknown as SchemaProperties<T>,
    hooks: {
      beforeCreate: [({ entity }: EventArgs<T>) => void (entity.key ||= generateKey(random))],
      beforeUpdate: [refuseEmptyKey],
    },
  });
}

/** In Django a token without a key is saved as a new one, and fails as its user has one already. */
function refuseEmptyKey({ entity }: EventArgs<TokenRecord>): void {
  if (entity.key !== '') return;
  throw new Error('A saved token keeps its key. For another one ask the store: tokenStore(orm).replace(user).');
}
