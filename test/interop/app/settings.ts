import type { MikroORM } from '@mikro-orm/postgresql';
import { authtoken, defineSettings, session, type CoreSettings, type Settings } from 'sallyport';
import { apiKey } from 'sallyport/api-key';
import { jwt, type JWTSettings } from 'sallyport/jwt';
import { knox } from 'sallyport/knox';
import {
  apiKeyStore,
  blacklistStore,
  knoxStore,
  sessionStore,
  tokenStore,
  unitOfWork,
  userStore,
} from 'sallyport/mikro-orm';
import { hashers } from '../hashers';

export interface ProjectOptions extends Partial<Pick<CoreSettings, 'logger' | 'clock'>> {
  /** Django's `SECRET_KEY`. */
  readonly secretKey: string;
}

/** The settings of an app beside a project of Django 3.2 with simplejwt 5.2, over the same database. */
export function settingsOf(
  orm: MikroORM,
  { secretKey, ...core }: ProjectOptions,
  jwtOptions: Partial<JWTSettings> = {},
): Settings {
  return defineSettings(
    { ...core, secretKey, users: userStore(orm, { hashers }), aroundDispatch: unitOfWork(orm) },
    session({ store: sessionStore(orm), secretKey }),
    authtoken({ store: tokenStore(orm) }),
    knox({ store: knoxStore(orm) }),
    apiKey({ store: apiKeyStore(orm) }),
    jwt({
      simplejwtVersion: '5.2',
      signingKey: secretKey,
      allowShortSigningKey: true,
      blacklist: blacklistStore(orm),
      ...jwtOptions,
    }),
  );
}
