// Compiled by scripts/mikro-orm-7.mjs against the types of MikroORM 7, and never run.
import { Migrator } from '@mikro-orm/migrations';
import { MikroORM } from '@mikro-orm/postgresql';
import { APIView, authtoken, defineSettings, Response, session, User } from 'sallyport';
import * as library from 'sallyport/mikro-orm';

class Member extends User {
  club = '';
}
const MemberSchema = library.userSchema({ class: Member, tableName: 'club_member' });

const orm = await MikroORM.init({
  clientUrl: 'postgres://localhost/app',
  entities: [
    library.UserSchema,
    library.TokenSchema,
    library.SessionSchema,
    MemberSchema,
    ...library.permissionSchemas(),
    ...library.blacklistSchemas(),
    library.CacheSchema,
  ],
  extensions: [Migrator],
  migrations: library.migratorOptions(),
});
const users = library.userStore(orm);

export class Me extends APIView<User> {
  static override settings = defineSettings(
    { users, aroundDispatch: library.unitOfWork(orm, { atomicRequests: true }), cache: library.cacheStore(orm) },
    authtoken({ store: library.tokenStore(orm) }),
    session({ store: library.sessionStore(orm), secretKey: 'of this app' }),
  );

  override async get(): Promise<Response> {
    const found: User | null = await users.getByNaturalKey('ann');
    const row: User | null = await orm.em.findOne(User, { username: 'ann' });
    return new Response([found?.username, row?.email]);
  }
}

export const members: library.MikroOrmUserStore<Member> = library.userStore(orm, { entity: Member });
export const applied: string[] = await library.migrate(orm);
