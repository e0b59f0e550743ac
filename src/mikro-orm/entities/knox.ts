import type { EntityClass, EntitySchema } from '@mikro-orm/core';
import { AuthToken, AuthTokenDetails, type AbstractAuthToken } from '../../auth/knox/models';
import { systemClock } from '../../core/clock';
import type { Clock } from '../../core/clock';
import { djangoName } from './django-names';
import { creationMoment, likeIndex, manyToOne, moment, standaloneSchema, text } from './schema';
import type { SchemaProperties } from './schema';
import { UserSchema } from './user';

/** How a class of knox's tokens is mapped. */
export interface AuthTokenSchemaOptions<T extends AbstractAuthToken> {
  /** A class derived from `AbstractAuthToken`. */
  readonly class: EntityClass<T>;
  /** @default 'knox_authtoken' */
  readonly tableName?: string;
  /** The users, by their schema or their class. @default UserSchema */
  readonly user?: EntitySchema<T['user']> | EntityClass<T['user']>;
  /** Columns of your own, or another form of these. */
  readonly properties?: Partial<SchemaProperties<T>>;
  /** Dates the rows. @default the system's */
  readonly clock?: Clock;
}

/** Maps a class of knox's tokens to the columns of `knox_authtoken`, for the list of entities of an app. */
export function authTokenSchema<T extends AbstractAuthToken = AuthToken>(
  options: AuthTokenSchemaOptions<T>,
): EntitySchema<T> {
  const { class: entityClass, tableName = 'knox_authtoken', user = UserSchema, clock = systemClock } = options;
  const all = {
    digest: { ...text(128), primary: true },
    created: creationMoment(clock),
    user: manyToOne(tableName, 'user_id', user),
    expiry: { ...moment, nullable: true },
    tokenKey: { ...text(25), fieldName: 'token_key', index: djangoName(tableName, 'token_key', '') },
    ...options.properties,
  };
  return standaloneSchema<T>({
    class: entityClass,
    tableName,
    indexes: [likeIndex(tableName, 'digest', all), likeIndex(tableName, 'tokenKey', all)],
    properties: all as unknown as SchemaProperties<T>,
  });
}

/** Knox's own tokens, of Django's own users. */
export const AuthTokenSchema: EntitySchema<AuthToken> = authTokenSchema<AuthToken>({ class: AuthToken });

/**
 * Our table of the names, scopes and times of use of knox's tokens, for the list of entities of an app that wants them.
 * No key refers to knox's table, which stays Django's business; `flushExpired` of the store forgets what has no token any
 * more.
 */
export const AuthTokenDetailsSchema: EntitySchema<AuthTokenDetails> = standaloneSchema<AuthTokenDetails>({
  class: AuthTokenDetails,
  tableName: 'sallyport_knox_token',
  properties: {
    digest: { ...text(128), primary: true },
    tokenTable: { ...text(63), fieldName: 'token_table' },
    name: { ...text(150), nullable: true },
    scopes: { type: 'array', columnType: 'text[]', nullable: true },
    lastUsedAt: { ...moment, fieldName: 'last_used_at', nullable: true },
    passwordDigest: { ...text(64), fieldName: 'password_digest', nullable: true, hidden: true },
  },
});
