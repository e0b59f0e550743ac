import { Migrator } from '@mikro-orm/migrations';
import { MikroORM } from '@mikro-orm/postgresql';
import {
  migrations,
  SessionSchema,
  sessionStore,
  TokenSchema,
  tokenStore,
  UserSchema,
  userStore,
} from 'sallyport/mikro-orm';
import { CreateNotes } from './migrations/create-notes';
import { Note } from './note';

const { DATABASE_URL } = process.env;
if (DATABASE_URL === undefined) throw new Error('DATABASE_URL names no database. `npm start` brings one.');

/** Connects with the first query. In a view `orm.em` is the entity manager of the request. */
export const orm = MikroORM.initSync({
  clientUrl: DATABASE_URL,
  entities: [UserSchema, TokenSchema, SessionSchema, Note],
  extensions: [Migrator],
  migrations: {
    migrationsList: [...migrations, { name: 'notebook_0001_create_notes', class: CreateNotes }],
    snapshot: false,
    silent: true,
  },
});

export const users = userStore(orm);
export const tokens = tokenStore(orm);
export const sessions = sessionStore(orm);
