import type { EntitySchema } from '@mikro-orm/core';
import { RefreshFamily } from '../../auth/jwt/models';
import { moment, standaloneSchema, text } from './schema';

const TABLE = 'sallyport_refresh_family';

/** The table `sallyport_refresh_family`, for the list of entities of an app that keeps families of refresh tokens. */
export const RefreshFamilySchema: EntitySchema<RefreshFamily> = standaloneSchema<RefreshFamily>({
  class: RefreshFamily,
  tableName: TABLE,
  properties: {
    id: { ...text(255), primary: true },
    userPk: { type: 'text', nullable: true, default: null, index: `${TABLE}_user_pk` },
    jti: text(255),
    issuedAt: moment,
    expiresAt: moment,
    keptUntil: { ...moment, index: `${TABLE}_kept_until` },
    endedAt: { ...moment, nullable: true },
    spent: { type: 'json', columnType: 'jsonb' },
  },
});
