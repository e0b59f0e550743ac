// As app.mts, for an app that is CommonJS.
import { MikroORM } from '@mikro-orm/postgresql';
import { defineSettings, type Settings, type User } from 'sallyport';
import { migrate, TokenSchema, UserSchema, userStore } from 'sallyport/mikro-orm';

export async function open(): Promise<{ settings: Settings; ann: User | null }> {
  const orm = await MikroORM.init({ clientUrl: 'postgres://localhost/app', entities: [UserSchema, TokenSchema] });
  await migrate(orm);
  const users = userStore(orm);
  return { settings: defineSettings({ users }), ann: await users.getByNaturalKey('ann') };
}
