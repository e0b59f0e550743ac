import type { EntitySchema } from '@mikro-orm/core';
import { djangoName } from './django-names';
import { DjangoSession } from './models';
import { likeIndex, moment, standaloneSchema, text } from './schema';

const TABLE = 'django_session';

const columns = {
  sessionKey: { ...text(40), primary: true, fieldName: 'session_key' },
  sessionData: { type: 'text', default: null },
  expireDate: { ...moment, index: djangoName(TABLE, 'expire_date', '') },
};

/** Django's table of sessions, for the list of entities of an app. */
export const SessionSchema: EntitySchema<DjangoSession> = standaloneSchema<DjangoSession>({
  class: DjangoSession,
  tableName: TABLE,
  indexes: [likeIndex(TABLE, 'sessionKey', columns)],
  properties: columns,
});
