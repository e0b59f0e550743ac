import { MikroORM } from '@mikro-orm/postgresql';
import {
  APIKeySchema,
  AuthTokenSchema,
  blacklistSchemas,
  permissionSchemas,
  SessionSchema,
  TokenSchema,
  UserSchema,
} from 'sallyport/mikro-orm';

/** An ORM over all tables of Django's that the library knows. */
export function openOrm(clientUrl: string): Promise<MikroORM> {
  return MikroORM.init({
    clientUrl,
    entities: [
      UserSchema,
      TokenSchema,
      AuthTokenSchema,
      APIKeySchema,
      SessionSchema,
      ...permissionSchemas(),
      ...blacklistSchemas(),
    ],
  });
}
