import type { EntitySchema } from '@mikro-orm/core';
import { BlacklistedToken, OutstandingToken } from '../../auth/jwt/models';
import { systemClock } from '../../core/clock';
import type { Clock } from '../../core/clock';
import { deleteDependents } from './dependents';
import { djangoName } from './django-names';
import { creationMoment, foreignKey, identity, manyToOne, moment, standaloneSchema, text } from './schema';
import type { SchemaProperties } from './schema';
import { UserSchema } from './user';

const OUTSTANDING = 'token_blacklist_outstandingtoken';
const BLACKLISTED = 'token_blacklist_blacklistedtoken';

/** The name that the column `jti` had when its constraint was made. */
const OLD_JTI = 'jti_hex';

// Left to itself, MikroORM 6 would write `bigserial` beside `generated`, which PostgreSQL doesn't take.
const id = { type: 'bigint', columnType: 'bigint', primary: true, autoincrement: true, ...identity } as const;

/** How the tables of the blacklist are mapped. */
export interface BlacklistSchemasOptions {
  /** The users whose tokens these are. @default UserSchema */
  readonly user?: EntitySchema;
  /** Dates the rows. @default the system's */
  readonly clock?: Clock;
}

/**
 * Maps the two tables of simplejwt's blacklist, for the list of entities of an app.
 *
 * @example MikroORM.init({ entities: [UserSchema, ...blacklistSchemas()] })
 */
export function blacklistSchemas(options: BlacklistSchemasOptions = {}): readonly EntitySchema[] {
  const { user = UserSchema, clock = systemClock } = options;
  const outstanding = standaloneSchema<OutstandingToken>({
    class: OutstandingToken,
    tableName: OUTSTANDING,
    indexes: [likeIndexOfJti],
    properties: {
      id,
      token: { type: 'text' },
      createdAt: { ...moment, nullable: true },
      expiresAt: moment,
      user: { ...manyToOne(OUTSTANDING, 'user_id', user), nullable: true },
      jti: { ...text(255), unique: djangoName(OUTSTANDING, OLD_JTI, '_uniq') },
    } as unknown as SchemaProperties<OutstandingToken>,
    hooks: { beforeDelete: [deleteDependents] },
  });
  const blacklisted = standaloneSchema<BlacklistedToken>({
    class: BlacklistedToken,
    tableName: BLACKLISTED,
    uniques: [{ name: `${BLACKLISTED}_token_id_key`, properties: ['token'] }],
    properties: {
      id,
      blacklistedAt: creationMoment(clock),
      token: {
        kind: '1:1',
        owner: true,
        ...foreignKey(BLACKLISTED, 'token_id', outstanding),
        foreignKeyName: djangoName(BLACKLISTED, 'token_id', '_fk'),
        unique: false, // of its own, MikroORM would defer this too, and ON CONFLICT takes no constraint that is deferred
      },
    } as unknown as SchemaProperties<BlacklistedToken>,
  });
  return [outstanding, blacklisted];
}

const likeIndexName = djangoName(OUTSTANDING, OLD_JTI, '_like');
const likeIndexOfJti = {
  name: likeIndexName,
  expression: `CREATE INDEX "${likeIndexName}" ON "${OUTSTANDING}" ("jti" varchar_pattern_ops)`,
};
